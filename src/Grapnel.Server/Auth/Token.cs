namespace Grapnel.Server.Auth;

/// <summary>A token whose signature is right.</summary>
internal sealed record Token : IIdentified
{
    /// <inheritdoc/>
    public static string IdPrefix => "tok_";

    /// <summary>A hash over what is signed of it: tells it from all others, however its text is spelt.</summary>
    public required string Id { get; init; }

    /// <summary>What it gives the right to.</summary>
    public required Rights Rights { get; init; }

    /// <summary>The application it is for, by id or uid; null for the whole installation.</summary>
    public string? Application { get; init; }

    /// <summary>The feature flags it carries; null for a token of the whole installation, which needs none.</summary>
    public IReadOnlyList<string>? FeatureFlags { get; init; }

    /// <summary>The session it belongs to, or null.</summary>
    public string? Session { get; init; }

    /// <summary>When it was issued; the beginning of time when it does not say.</summary>
    public DateTimeOffset IssuedAt { get; init; }

    /// <summary>From when on it holds; null for always.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Until when it holds; null for ever.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Whether it holds at a time.</summary>
    public bool HoldsAt(DateTimeOffset now) => !(NotBefore > now) && !(ExpiresAt <= now);

    /// <summary>What it can be revoked by: itself, its application, its session there.</summary>
    public IEnumerable<string> Subjects(Id<Application> application)
    {
        yield return Id;
        yield return application.ToString();
        if (Session is not null)
            yield return SessionSubject(application, Session);
    }

    /// <summary>What all tokens of a session are revoked by.</summary>
    public static string SessionSubject(Id<Application> application, string session) => $"{application}/{session}";
}
