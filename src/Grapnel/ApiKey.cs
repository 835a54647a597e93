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

    /// <summary>When it was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was revoked, or null while it works.</summary>
    public DateTimeOffset? RevokedAt { get; init; }
}
