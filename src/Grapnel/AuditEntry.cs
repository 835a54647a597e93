namespace Grapnel;

/// <summary>Who changed what, and when.</summary>
public sealed record AuditEntry : IIdentified
{
    /// <inheritdoc/>
    public static string IdPrefix => "aud_";

    /// <summary>The identity; it tells the time.</summary>
    public required Id<AuditEntry> Id { get; init; }

    /// <summary>Who: <c>user:</c> and the name, <c>key:</c> and the key's id and name, <c>token:</c> and its id, <c>grapnel</c> for the engine itself,
    /// <c>command line</c> for whoever works on the data folder of a stopped server, or <c>not signed in</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>What was done, for example <c>endpoint.updated</c>.</summary>
    public required string Action { get; init; }

    /// <summary>The id, or name, of what it was done to.</summary>
    public required string Subject { get; init; }

    /// <summary>The application that it belongs to, or null.</summary>
    public Id<Application>? ApplicationId { get; init; }

    /// <summary>What changed, as JSON: for each field that did, what it was and what it is. Never a secret. Null where there is nothing to tell.</summary>
    public string? Changes { get; init; }
}
