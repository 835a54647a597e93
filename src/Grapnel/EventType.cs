namespace Grapnel;

/// <summary>A named kind of event, for example <c>order.created</c>. The name is its key.</summary>
public sealed record EventType
{
    /// <summary>Dot-separated name; letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, 1 to 256 characters.</summary>
    public required string Name { get; init; }

    /// <summary>What it means, for people.</summary>
    public required string Description { get; init; }

    /// <summary>Archived types are hidden from lists and can no longer be subscribed to; messages of the type still flow.</summary>
    public bool Archived { get; init; }

    /// <summary>Marked as on its way out; no effect on delivery.</summary>
    public bool Deprecated { get; init; }

    /// <summary>JSON text: an object from version to JSON Schema, or null.</summary>
    public string? Schemas { get; init; }

    /// <summary>What happens to a payload that does not fit the newest of <see cref="Schemas"/>.</summary>
    public SchemaValidation Validation { get; init; }

    /// <summary>Feature flags that make the type visible to application keys; null shows it to all.</summary>
    public IReadOnlyList<string>? FeatureFlags { get; init; }

    /// <summary>A heading to list it under, or null.</summary>
    public string? GroupName { get; init; }

    /// <summary>Whether a caller with these feature flags may know of it; null stands for one who may know of all types.</summary>
    public bool IsVisibleWith(IReadOnlyList<string>? flags) => FeatureFlags is null or [] || flags is null || FeatureFlags.Any(flags.Contains);

    /// <summary>When it was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What happens to a payload that does not fit its event type's schema.</summary>
public enum SchemaValidation
{
    /// <summary>Nothing: the schema is documentation.</summary>
    Off = 0,

    /// <summary>It is accepted, and the answer says what does not fit.</summary>
    Warn = 1,

    /// <summary>It is refused with every path that does not fit.</summary>
    Enforce = 2,
}
