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

    /// <summary>How requests are written. Default <see cref="RequestFormat.Standard"/>.</summary>
    public RequestFormat Format { get; init; }

    /// <summary>Extra request headers.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>How its connections are secured; null means as any connection of this server.</summary>
    public EndpointTls? Tls { get; init; }

    /// <summary>Where an access token is asked for that goes with every request; null means none.</summary>
    public EndpointOAuth? OAuth { get; init; }

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

/// <summary>How connections to an endpoint are secured, beyond what holds for every connection.</summary>
public sealed record EndpointTls
{
    /// <summary>What the receiver is shown: a certificate in PEM (RFC 7468), and those between it and its authority. Null means nothing.</summary>
    public string? ClientCertificate { get; init; }

    /// <summary>The private key of <see cref="ClientCertificate"/>: PEM without a password, as UTF-8. Null where there is no certificate.</summary>
    public byte[]? ClientKey { get; init; }

    /// <summary>The authorities that the receiver's certificate may come from, in PEM. Null means those that the system trusts.</summary>
    public string? Authorities { get; init; }

    /// <summary>Whether any certificate will do: expired, self-signed, for another name. Default false.</summary>
    public bool Insecure { get; init; }

    /// <summary>Never the key: records print their members, and logs print records.</summary>
    public override string ToString() => nameof(EndpointTls);
}

/// <summary>The client credentials grant of OAuth 2.0 (RFC 6749, 4.4): what a token is asked for with.</summary>
public sealed record EndpointOAuth
{
    /// <summary>The token endpoint of the authorization server: an absolute http or https URL, under the same rules as an endpoint's.</summary>
    public required string TokenUrl { get; init; }

    /// <summary>Who asks.</summary>
    public required string ClientId { get; init; }

    /// <summary>The client's secret, as UTF-8.</summary>
    public required byte[] ClientSecret { get; init; }

    /// <summary>What for, with spaces between; null leaves it to the server.</summary>
    public string? Scope { get; init; }

    /// <summary>Which receiver the token is for, where the server wants to know; null leaves it out.</summary>
    public string? Audience { get; init; }

    /// <summary>Where id and secret stand. Default <see cref="ClientAuthentication.Basic"/>.</summary>
    public ClientAuthentication ClientAuthentication { get; init; }

    /// <summary>Never the secret: records print their members, and logs print records.</summary>
    public override string ToString() => $"EndpointOAuth({ClientId})";
}

/// <summary>How a client tells an authorization server who it is (RFC 6749, 2.3.1). The numbers are stored.</summary>
public enum ClientAuthentication
{
    /// <summary>In the header <c>Authorization</c>.</summary>
    Basic = 0,

    /// <summary>In the body, for servers that do not take the header.</summary>
    Post = 1,
}

/// <summary>
/// How the requests to an endpoint are written. Whatever the format, they carry the headers of Standard Webhooks, and the signature covers the body as it is
/// sent. The numbers are stored.
/// </summary>
public enum RequestFormat
{
    /// <summary>The payload as it was published (Standard Webhooks 1.0.0).</summary>
    Standard = 0,

    /// <summary>The same body, with the headers of GitHub's webhooks beside it: <c>X-GitHub-Event</c>, <c>X-GitHub-Delivery</c>, <c>X-Hub-Signature-256</c>.</summary>
    Github = 1,

    /// <summary>GitHub's headers, and the payload as the field <c>payload</c> of a form.</summary>
    GithubForm = 2,

    /// <summary>CloudEvents 1.0 in binary mode: the body as it was published, its attributes in headers (HTTP binding, 3.1).</summary>
    CloudEvents = 3,

    /// <summary>CloudEvents 1.0 in structured mode: one JSON document with attributes and data (HTTP binding, 3.2).</summary>
    CloudEventsStructured = 4,
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
