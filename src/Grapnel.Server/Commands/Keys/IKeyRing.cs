using Grapnel.Registry;

namespace Grapnel.Server.Commands.Keys;

/// <summary>The API keys that <c>grapnel admin</c> works on. What keeps it from doing so is a <see cref="CommandException"/>.</summary>
internal interface IKeyRing : IAsyncDisposable
{
    Task<MadeKey> CreateAsync(ApiKeyInput input, CancellationToken cancel);

    /// <summary>All keys, revoked ones included, the oldest first.</summary>
    Task<IReadOnlyList<ListedKey>> ListAsync(CancellationToken cancel);

    Task RevokeAsync(Id<ApiKey> id, CancellationToken cancel);
}

/// <summary>A key that has just been made.</summary>
internal sealed record MadeKey
{
    public required string Id { get; init; }

    /// <summary>The key itself.</summary>
    public required string Key { get; init; }

    /// <summary>Never the key: records print their members.</summary>
    public override string ToString() => $"{nameof(MadeKey)}({Id})";
}

/// <summary>What can be told of a key after it was made.</summary>
internal sealed record ListedKey
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>The first characters of the key.</summary>
    public required string Hint { get; init; }

    /// <summary>What it may do, as the API spells it.</summary>
    public required string Scope { get; init; }

    /// <summary>The id of the one application it is for; null for all of them.</summary>
    public required string? Application { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it stops working by itself; null for never.</summary>
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When it was last used, or null.</summary>
    public required DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>When it was revoked, or null while it works.</summary>
    public required DateTimeOffset? RevokedAt { get; init; }
}
