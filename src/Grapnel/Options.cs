using System.Net;
using Grapnel.Storage;

namespace Grapnel;

/// <summary>How messages are accepted. Section <c>Publishing</c>.</summary>
public sealed class PublishingOptions
{
    /// <summary>Largest payload in bytes. Default 1 MiB; 1 KiB to 25 MiB.</summary>
    public int MaxPayloadBytes { get; set; } = 1 << 20;

    /// <summary>Largest body of a batch of messages, in bytes. Default 8 MiB; 64 KiB to 64 MiB. A stream of messages has no such limit.</summary>
    public int MaxBatchBytes { get; set; } = 8 << 20;

    /// <summary>How far ahead <c>deliverAt</c> may lie. Default 30 days.</summary>
    public TimeSpan MaxDeliverAhead { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long an idempotency key is remembered. Default 12 hours.</summary>
    public TimeSpan IdempotencyWindow { get; set; } = TimeSpan.FromHours(12);

    /// <summary>Messages that may wait for the store before publishing is answered with 503. Default 10,000.</summary>
    public int MaxWaiting { get; set; } = 10_000;
}

/// <summary>How deliveries are attempted. Section <c>Delivery</c>.</summary>
public sealed class DeliveryOptions
{
    /// <summary>Delays between attempts; the first attempt is made at once. Default 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.</summary>
    public IList<TimeSpan> RetrySchedule { get; set; } = [];

    /// <summary>The schedule in force: <see cref="RetrySchedule"/>, or the default where that is empty.</summary>
    public IReadOnlyList<TimeSpan> EffectiveRetrySchedule => RetrySchedule.Count > 0 ? [.. RetrySchedule] : DefaultRetrySchedule;

    /// <summary>The retry schedule recommended by Standard Webhooks 1.0.0.</summary>
    public static IReadOnlyList<TimeSpan> DefaultRetrySchedule { get; } =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5),
        TimeSpan.FromHours(10), TimeSpan.FromHours(14), TimeSpan.FromHours(20), TimeSpan.FromHours(24),
    ];

    /// <summary>How far a delay is spread at random, as a fraction to either side. Default 0.2; 0 to 0.5.</summary>
    public double Jitter { get; set; } = 0.2;

    /// <summary>Limit for resolving and connecting. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Limit of one whole exchange, reading the body included, unless the endpoint sets its own. Default 15 s; 1 to 60 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Most bytes of a response body that are read and kept. Default 16 KiB; 0 to 64 KiB.</summary>
    public int MaxResponseBytes { get; set; } = 16 * 1024;

    /// <summary>The longest <c>Retry-After</c> that is honoured. Default 24 h.</summary>
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How endpoints sign that are made, or given a new secret, without saying which. Default <see cref="SignatureType.Hmac256"/>.</summary>
    public SignatureType SignatureType { get; set; }

    /// <summary>The <c>source</c> of CloudEvents, for endpoints that get these: a URI reference that names this installation. Default <c>urn:grapnel</c>.</summary>
    public string EventSource { get; set; } = "urn:grapnel";

    /// <summary>
    /// Attempts in flight at once, in total. Default 1,024. The last quarter of them is for endpoints that have none, or that answer within a second, so that
    /// those that hang cannot take all.
    /// </summary>
    public int MaxConcurrency { get; set; } = 1024;

    /// <summary>Attempts in flight at once to one endpoint, unless it sets its own. Default 32.</summary>
    public int EndpointConcurrency { get; set; } = 32;

    /// <summary>Failures in a row that open an endpoint's breaker. Default 5.</summary>
    public int BreakerThreshold { get; set; } = 5;

    /// <summary>The first pause of an open breaker before a probe; each failed probe doubles it. Default 1 s.</summary>
    public TimeSpan BreakerMinPause { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause of an open breaker. Default 1 min.</summary>
    public TimeSpan BreakerMaxPause { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>An endpoint that did nothing but fail for this long is disabled. Default 5 days.</summary>
    public TimeSpan DisableAfter { get; set; } = TimeSpan.FromDays(5);

    /// <summary>Deliveries of one lane kept in memory. Default 1,000.</summary>
    public int LaneWindow { get; set; } = 1000;

    /// <summary>Bytes that the deliveries of one lane kept in memory may take: payloads, and 512 for each delivery. Default 4 MiB.</summary>
    public long LaneWindowBytes { get; set; } = 4 << 20;

    /// <summary>The same for all lanes together. Default 64 MiB.</summary>
    public long WindowBytes { get; set; } = 64 << 20;

    /// <summary>How long an idle lane stays with its node. Default 30 s.</summary>
    public TimeSpan LaneLinger { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a stopping node lets attempts in flight finish. Default 20 s.</summary>
    public TimeSpan ShutdownGrace { get; set; } = TimeSpan.FromSeconds(20);
}

/// <summary>Where webhooks may go. Section <c>Network</c>.</summary>
public sealed class NetworkOptions
{
    /// <summary>Networks in CIDR notation that are allowed although they are reserved or private, for example <c>10.20.0.0/16</c>. Default none.</summary>
    public IList<IPNetwork> AllowNet { get; set; } = [];

    /// <summary>Whether the URLs of endpoints must be <c>https</c>. Asked when a URL is set; what is there already stays. Default no.</summary>
    public bool HttpsOnly { get; set; }

    /// <summary>
    /// The proxy that deliveries, and requests for access tokens, leave through: <c>http://proxy:3128</c>, or with <c>socks4a</c>
    /// or <c>socks5</c>; a name and a password stand before the host. The proxy then resolves names and decides where they may lead. Default none; the
    /// variables that other programs read, such as <c>HTTPS_PROXY</c>, have no effect.
    /// </summary>
    public string? Proxy { get; set; }

    /// <summary>What goes past <see cref="Proxy"/>: names, each with everything below it, addresses and networks in CIDR notation. Default none.</summary>
    public IList<string> NoProxy { get; set; } = [];
}

/// <summary>How nodes live together. Section <c>Node</c>.</summary>
public sealed class NodeOptions
{
    /// <summary>A node whose session at the database is gone is given up this many times sooner than one that is merely silent.</summary>
    public const int GoneDivisor = 4;

    /// <summary>What this process does, as a list: <c>api</c>, <c>console</c>, <c>dispatch</c>. Default all of them. With the embedded store it does everything.</summary>
    public NodeRoles Roles { get; set; } = NodeRoles.All;

    /// <summary>What this node calls itself. Default the name of the machine.</summary>
    public string Name { get; set; } = "";

    /// <summary>How often a node renews its heartbeat. Default 3 s.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>A node whose heartbeat is older is expelled. Default 10 s; at least twice <see cref="Heartbeat"/>.</summary>
    public TimeSpan ExpelAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a node looks for lanes without an owner, beside being signalled. Default 5 s.</summary>
    public TimeSpan Sweep { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary>How long history is kept. Section <c>Retention</c>.</summary>
public sealed class RetentionOptions
{
    /// <summary>Messages, with attempts and ends, are removed this long after they were accepted. Default 90 days.</summary>
    public TimeSpan Messages { get; set; } = TimeSpan.FromDays(90);

    /// <summary>
    /// Payloads are removed this long after their message was accepted, or when nothing of it is pending any more. Default none: as long as the message. At
    /// most <see cref="Messages"/>.
    /// </summary>
    public TimeSpan? Payloads { get; set; }

    /// <summary>
    /// Attempts of a delivery that ended are removed when they are this old, but for the first, the last and those that ended it, which lose the answer and the
    /// headers. Default none: as long as the message. At most <see cref="Messages"/>.
    /// </summary>
    public TimeSpan? Attempts { get; set; }

    /// <summary>Entries of the audit log are removed this long after they were made. Default 365 days.</summary>
    public TimeSpan AuditLog { get; set; } = TimeSpan.FromDays(365);

    /// <summary>How often the sweep runs. Default 10 min.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(10);
}
