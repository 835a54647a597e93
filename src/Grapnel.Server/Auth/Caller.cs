namespace Grapnel.Server.Auth;

/// <summary>Who makes a request: an API key, or a token.</summary>
internal sealed record Caller
{
    /// <summary>The id of the key, or of the token: what tells this caller from all others.</summary>
    public required string Id { get; init; }

    /// <summary>The name of the key; null for a token.</summary>
    public string? Name { get; init; }

    /// <summary>What it may do.</summary>
    public required Rights Rights { get; init; }

    /// <summary>The one application that it speaks for, by id or uid; null for the whole installation.</summary>
    public string? Application { get; init; }

    /// <summary>The feature flags that decide which event types it may know of; null for all of them.</summary>
    public IReadOnlyList<string>? FeatureFlags { get; init; }

    /// <summary>The token, when it is one.</summary>
    public Token? Token { get; init; }

    /// <summary>What the audit log calls it.</summary>
    public string Actor => Token is null ? Auditing.Actor.Key(Id, Name) : Auditing.Actor.Token(Id);

    /// <summary>Whether it may do something.</summary>
    public bool May(Rights right) => (Rights & right) == right;

    /// <summary>The caller that a key stands for.</summary>
    public static Caller Of(ApiKey key) => new()
    {
        Id = key.Id.ToString(), Name = key.Name, Rights = RightsNames.Of(key.Scope), Application = key.ApplicationId?.ToString(),
    };

    /// <summary>The caller that a token stands for.</summary>
    public static Caller Of(Token token) => new()
    {
        Id = token.Id, Rights = token.Rights, Application = token.Application, FeatureFlags = token.FeatureFlags, Token = token,
    };
}

/// <summary>Where the caller of a request is found.</summary>
internal static class CallerExtensions
{
    /// <summary>Who makes this request. There is one on every route that is not open to all.</summary>
    public static Caller Caller(this HttpContext http) => http.Features.Get<Caller>()!;
}
