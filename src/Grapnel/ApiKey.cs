namespace Grapnel;

/// <summary>A bearer key of the HTTP API. Only its hash is kept.</summary>
public sealed record ApiKey : IIdentified
{
    /// <inheritdoc/>
    public static string IdPrefix => "key_";

    /// <summary>The identity.</summary>
    public required Id<ApiKey> Id { get; init; }

    /// <summary>What it is for, for people.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the key text. The key is 32 random bytes, so a slow hash would add nothing.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>The first characters of the key, to recognise it by.</summary>
    public required string Hint { get; init; }

    /// <summary>What it may do.</summary>
    public ApiKeyScope Scope { get; init; }

    /// <summary>The one application it is for; null for all of them, and for what belongs to none.</summary>
    public Id<Application>? ApplicationId { get; init; }

    /// <summary>When it stops working by itself; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When it was last shown, give or take the half minute in which uses are gathered; null for never.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>When it was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was revoked, or null while it works.</summary>
    public DateTimeOffset? RevokedAt { get; init; }
}

/// <summary>What a key may do.</summary>
public enum ApiKeyScope
{
    /// <summary>Everything.</summary>
    Full = 0,

    /// <summary>Publish messages, and nothing else: what a product needs that only sends events.</summary>
    Publish = 1,

    /// <summary>Read everything but secrets, and change nothing.</summary>
    Read = 2,
}
