namespace Grapnel.Registry;

/// <summary>What a caller says about a new key.</summary>
internal sealed record ApiKeyInput
{
    /// <summary>What it is for, for people; required.</summary>
    public string? Name { get; init; }

    /// <summary>What it may do.</summary>
    public ApiKeyScope Scope { get; init; }

    /// <summary>The one application it is for, by id or uid; null for all of them.</summary>
    public string? Application { get; init; }

    /// <summary>When it stops working by itself; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A key that has just been made.</summary>
/// <param name="Key">What is stored of it.</param>
/// <param name="Text">The key itself.</param>
internal sealed record NewApiKey(ApiKey Key, string Text)
{
    /// <summary>Never the key: records print their members, and logs print records.</summary>
    public override string ToString() => $"NewApiKey({Key.Id})";
}
