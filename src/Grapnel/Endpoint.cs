namespace Grapnel;

/// <summary>A registered webhook: where to deliver, what, and how.</summary>
public sealed record Endpoint : IIdentified
{
    /// <inheritdoc/>
    public static string IdPrefix => "ep_";

    /// <summary>The identity, unique over the whole installation.</summary>
    public required Id<Endpoint> Id { get; init; }

    /// <summary>The application that owns it.</summary>
    public required Id<Application> ApplicationId { get; init; }

    /// <summary>The operator's own identifier, unique within the application; accepted wherever the id is.</summary>
    public string? Uid { get; init; }

    /// <summary>An absolute http or https URL. An edit applies to every attempt that starts after it, queued deliveries included.</summary>
    public required string Url { get; init; }

    /// <summary>What it is for, for people.</summary>
    public string Description { get; init; } = "";

    /// <summary>Event types it subscribed to; null means all.</summary>
    public IReadOnlyList<string>? EventTypes { get; init; }

    /// <summary>Channels it listens on; null means any message, with channels or without. A list needs one in common with the message.</summary>
    public IReadOnlyList<string>? Channels { get; init; }

    /// <summary>A JMESPath expression (jmespath.org) over the payload; messages for which it is false are not owed. Null means no filter.</summary>
    public string? Filter { get; init; }

    /// <summary>Whether new messages are owed to it and queued ones are sent. While false, queued deliveries wait.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Why the engine disabled it; null when it is enabled or a person disabled it.</summary>
    public EndpointDisabledReason? DisabledReason { get; init; }

    /// <summary>Signing secrets, the current one first; older ones sign too until they expire.</summary>
    public required IReadOnlyList<EndpointSecret> Secrets { get; init; }

    /// <summary>Extra request headers.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Free string pairs, at most 4,096 bytes as JSON.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Attempts per second, enforced by a token bucket of the same size; null means no limit.</summary>
    public int? RateLimit { get; init; }

    /// <summary>Attempts in flight at once; null means the server's default.</summary>
    public int? MaxConcurrency { get; init; }

    /// <summary>Limit of one whole exchange, 1 to 60 seconds; null means the server's default.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Delays between attempts; null means the server's default, empty means a single attempt.</summary>
    public IReadOnlyList<TimeSpan>? RetrySchedule { get; init; }

    /// <summary>Deliver strictly in the order messages were accepted, one at a time.</summary>
    public bool Ordered { get; init; }

    /// <summary>What an ordered endpoint does when its head is exhausted.</summary>
    public OnExhausted OnExhausted { get; init; }

    /// <summary>A number that clients of Svix v1 expect to see; no effect.</summary>
    public int Version { get; init; } = 1;

    /// <summary>When it was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>One signing key of an endpoint.</summary>
/// <param name="Key">
/// The raw key bytes: 24 to 75 of them for <see cref="SignatureType.Hmac256"/>; for <see cref="SignatureType.Ed25519"/> the 32 of the private key
/// (the seed of RFC 8032, section 5.1.5) and the 32 of the public one.
/// </param>
/// <param name="ExpiresAt">When it stops signing; null for the current key.</param>
public sealed record EndpointSecret(byte[] Key, DateTimeOffset? ExpiresAt)
{
    /// <summary>How it signs. Default <see cref="SignatureType.Hmac256"/>.</summary>
    public SignatureType Type { get; init; }

    /// <summary>Never the key: records print their members, and logs print records.</summary>
    public override string ToString() => $"EndpointSecret(expires {ExpiresAt?.ToString("O") ?? "never"})";
}

/// <summary>How requests are signed (Standard Webhooks 1.0.0, "Signature scheme"). The numbers are stored.</summary>
public enum SignatureType
{
    /// <summary><c>v1</c>: HMAC-SHA256 with a secret that the receiver has too, shown as <c>whsec_</c>.</summary>
    Hmac256 = 0,

    /// <summary><c>v1a</c>: Ed25519 with a private key; the receiver has the public one, shown as <c>whpk_</c>.</summary>
    Ed25519 = 1,
}

/// <summary>Why the engine disabled an endpoint.</summary>
public enum EndpointDisabledReason
{
    /// <summary>It answered 410 Gone.</summary>
    Gone = 1,

    /// <summary>Nothing but failures for longer than the configured limit.</summary>
    FailingForTooLong = 2,

    /// <summary>It is ordered, the delivery at its head was exhausted, and it is set to pause then.</summary>
    OrderedExhausted = 3,
}

/// <summary>What an ordered endpoint does when the delivery at its head is exhausted.</summary>
public enum OnExhausted
{
    /// <summary>Go on with the next message.</summary>
    Skip = 0,

    /// <summary>Disable the endpoint and keep the queue until a person enables it again.</summary>
    Pause = 1,
}
