namespace Grapnel.Registry;

/// <summary>What a caller says about an endpoint.</summary>
internal sealed record EndpointInput
{
    /// <summary>An absolute http or https URL; required.</summary>
    public string? Url { get; init; }

    /// <summary>The operator's own identifier, or null.</summary>
    public string? Uid { get; init; }

    /// <summary>What it is for, for people.</summary>
    public string Description { get; init; } = "";

    /// <summary>Event types to receive, at least one, each known and not archived; null for all.</summary>
    public IReadOnlyList<string>? EventTypes { get; init; }

    /// <summary>Channels to listen on, 1 to 10; null for any message.</summary>
    public IReadOnlyList<string>? Channels { get; init; }

    /// <summary>A JMESPath expression over the payload, at most 4,096 characters; null means no filter.</summary>
    public string? Filter { get; init; }

    /// <summary>Whether it receives. Default true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>
    /// The first signing secret: <c>whsec_</c> and base64 of 24 to 75 bytes, or <c>whsk_</c> and base64 of an Ed25519 private key and its public
    /// one; null for a random one. Looked at on creation only.
    /// </summary>
    public string? Secret { get; init; }

    /// <summary>How requests are written. Default <see cref="RequestFormat.Standard"/>.</summary>
    public RequestFormat Format { get; init; }

    /// <summary>Extra request headers; null leaves those that are there.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>How connections are secured, or null. Without its key, the key stays that is there, if it belongs to the certificate.</summary>
    public EndpointTls? Tls { get; init; }

    /// <summary>Where access tokens are asked for, or null. With an empty secret the one stays that is there, as long as it goes to the same URL and client.</summary>
    public EndpointOAuth? OAuth { get; init; }

    /// <summary>Free string pairs, at most 4,096 bytes as JSON.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Attempts per second, at least 1; null means no limit.</summary>
    public int? RateLimit { get; init; }

    /// <summary>Attempts in flight at once, 1 to 1,024; null means the server's default.</summary>
    public int? MaxConcurrency { get; init; }

    /// <summary>Limit of one whole exchange, 1 to 60 seconds; null means the server's default.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Delays between attempts, at most 20 of 0 to 30 days; null means the server's default, empty means a single attempt.</summary>
    public IReadOnlyList<TimeSpan>? RetrySchedule { get; init; }

    /// <summary>Deliver strictly in the order messages were accepted.</summary>
    public bool Ordered { get; init; }

    /// <summary>What an ordered endpoint does when its head is exhausted.</summary>
    public OnExhausted OnExhausted { get; init; }

    /// <summary>A number that clients of Svix v1 expect to see; no effect.</summary>
    public int Version { get; init; } = 1;

    internal static EndpointInput From(Endpoint endpoint) => new()
    {
        Url = endpoint.Url,
        Uid = endpoint.Uid,
        Description = endpoint.Description,
        EventTypes = endpoint.EventTypes,
        Channels = endpoint.Channels,
        Filter = endpoint.Filter,
        Enabled = endpoint.Enabled,
        Format = endpoint.Format,
        Headers = endpoint.Headers,
        Tls = endpoint.Tls,
        OAuth = endpoint.OAuth,
        Metadata = endpoint.Metadata,
        RateLimit = endpoint.RateLimit,
        MaxConcurrency = endpoint.MaxConcurrency,
        Timeout = endpoint.Timeout,
        RetrySchedule = endpoint.RetrySchedule,
        Ordered = endpoint.Ordered,
        OnExhausted = endpoint.OnExhausted,
        Version = endpoint.Version,
    };

    /// <summary>The same, with the secrets that it leaves out, where they may stay: a secret goes nowhere that it was not meant for.</summary>
    internal EndpointInput Keeping(Endpoint? current) => this with
    {
        Tls = Tls is { ClientCertificate: not null, ClientKey: null } tls ? tls with { ClientKey = current?.Tls?.ClientKey } : Tls,
        OAuth = OAuth is { ClientSecret.Length: 0 } grant && current?.OAuth is { } held && held.TokenUrl == grant.TokenUrl && held.ClientId == grant.ClientId
            ? grant with { ClientSecret = held.ClientSecret }
            : OAuth,
    };

    internal Endpoint ApplyTo(Endpoint endpoint) => endpoint with
    {
        Url = Url!,
        Uid = Uid,
        Description = Description,
        EventTypes = EventTypes?.Distinct().ToArray(),
        Channels = Channels?.Distinct().ToArray(),
        Filter = Filter,
        Enabled = Enabled,
        DisabledReason = Enabled ? null : endpoint.DisabledReason,
        Format = Format,
        Headers = Headers ?? endpoint.Headers,
        Tls = Tls,
        OAuth = OAuth,
        Metadata = Metadata,
        RateLimit = RateLimit,
        MaxConcurrency = MaxConcurrency,
        Timeout = Timeout,
        RetrySchedule = RetrySchedule,
        Ordered = Ordered,
        OnExhausted = OnExhausted,
        Version = Version,
    };
}
