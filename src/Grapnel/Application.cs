namespace Grapnel;

/// <summary>A consumer of webhooks: a tenant, a customer. Owns endpoints and messages.</summary>
public sealed record Application : IIdentified
{
    /// <inheritdoc/>
    public static string IdPrefix => "app_";

    /// <summary>The uid of the application that exists from the start; <c>POST /trigger/{event}</c> publishes to it.</summary>
    public const string DefaultUid = "default";

    /// <summary>The uid of the application whose endpoints receive the operator's operational events.</summary>
    public const string OperationalUid = "operational";

    /// <summary>The identity, unique over the whole installation.</summary>
    public required Id<Application> Id { get; init; }

    /// <summary>The operator's own identifier, unique among applications; accepted wherever the id is.</summary>
    public string? Uid { get; init; }

    /// <summary>A name for people.</summary>
    public required string Name { get; init; }

    /// <summary>Messages per second that all endpoints together should see; null means no limit. Stored for Svix compatibility.</summary>
    public int? RateLimit { get; init; }

    /// <summary>Free string pairs, at most 4,096 bytes as JSON.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>When it was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}
