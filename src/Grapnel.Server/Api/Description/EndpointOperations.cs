using System.ComponentModel.DataAnnotations;

namespace Grapnel.Server.Api.Description;

internal static class EndpointOperations
{
    private const string Tag = "Endpoint";
    private const string Example = """
        {"url":"https://203.0.113.10/hooks","description":"Orders","channels":["eu"],"throttleRate":50,"metadata":{"team":"billing"}}
        """;

    public static Operation Create { get; } = new(Tag, "create", "Register a webhook")
    {
        Details = "The URL is resolved and checked now, and again on every attempt: private, loopback and other reserved addresses are refused unless the operator allows them.",
        Body = RequestContent.Of<EndpointIn>(Example),
        Answers = [Answer.Created<EndpointOut>()],
    };

    public static Operation List { get; } = new(Tag, "list", "List endpoints, the newest first")
    {
        Query = QueryParameter.OrderedPage("descending"),
        Answers = [Answer.Ok<ListOut<EndpointOut>>("A page.")],
    };

    public static Operation Get { get; } = new(Tag, "get", "Get an endpoint") { Answers = [Answer.Ok<EndpointOut>()] };

    public static Operation Put { get; } = new(Tag, "upsert", "Replace an endpoint, or create it")
    {
        Details = "The secret stays as it is, and so do the headers, unless the body has some.",
        Body = RequestContent.Of<EndpointIn>(Example),
        Answers = [Answer.Ok<EndpointOut>(), Answer.Created<EndpointOut>("There was none; it has been made, with the `uid` of the body.")],
    };

    public static Operation Patch { get; } = new(Tag, "patch", "Change fields of an endpoint")
    {
        Details = "What is absent stays; null unsets. Holds for every attempt that starts from now on, queued deliveries included.",
        Body = RequestContent.Of<EndpointPatch>("""{"description":"Orders and refunds","channels":null}"""),
        Answers = [Answer.Ok<EndpointOut>()],
    };

    public static Operation Delete { get; } = new(Tag, "delete", "Delete an endpoint")
    {
        Details = "What is pending for it ends. Its history stays until its retention is over.",
        Answers = [Answer.NoContent()],
    };

    public static Operation GetSecret { get; } = new(Tag, "get-secret", "Get the signing secret")
    {
        Details = "What receivers verify with: the symmetric secret, `whsec_…`, or the public key of an asymmetric one, `whpk_…`. A private key is never shown.",
        Answers = [Answer.Ok<EndpointSecretOut>("The current one.")],
    };

    public static Operation RotateSecret { get; } = new(Tag, "rotate-secret", "Change the signing secret")
    {
        Details = "For the grace period both the old and the new secret sign every request, so receivers can change over at leisure, also from symmetric signatures (`v1`) to asymmetric ones (`v1a`) and back.",
        Body = RequestContent.Of<EndpointSecretRotateIn>("""{"gracePeriodSeconds":86400}""") with { Required = false },
        Answers = [Answer.NoContent()],
        Errors = new Dictionary<int, string> { [400] = "Ten old secrets are still in their grace period." },
    };

    public static Operation GetHeaders { get; } = new(Tag, "get-headers", "Get the extra request headers")
    {
        Details = "Of headers that carry credentials only the names are told.",
        Answers = [Answer.Ok<EndpointHeadersOut>()],
    };

    public static Operation PutHeaders { get; } = new(Tag, "set-headers", "Replace the extra request headers")
    {
        Body = RequestContent.Of<EndpointHeadersIn>("""{"headers":{"X-Region":"eu"}}"""),
        Answers = [Answer.NoContent()],
    };

    public static Operation PatchHeaders { get; } = new(Tag, "patch-headers", "Set and remove extra request headers")
    {
        Body = RequestContent.Of<EndpointHeadersPatchIn>("""{"headers":{"X-Region":"us","X-Old":null}}"""),
        Answers = [Answer.NoContent()],
    };
}

/// <summary>An endpoint to make.</summary>
internal record EndpointIn : EndpointPatch
{
    /// <summary>An absolute http or https URL.</summary>
    [MinLength(1), MaxLength(2048)]
    public new required string Url { get; init; }
}

/// <summary>What may be changed of an endpoint.</summary>
internal record EndpointPatch
{
    /// <summary>An absolute http or https URL.</summary>
    [MinLength(1), MaxLength(2048)]
    public string? Url { get; init; }

    /// <summary>What it is for, for people.</summary>
    [MaxLength(4096)]
    public string? Description { get; init; }

    /// <summary>An identifier of your own, unique within the application; works wherever the id does.</summary>
    [RegularExpression(Formats.Key)]
    public string? Uid { get; init; }

    /// <summary>The event types to receive, each registered; null for all.</summary>
    [MinLength(1), MaxLength(1000)]
    public IReadOnlyList<string>? EventTypes { get; init; }

    /// <summary>The older name of <c>eventTypes</c>.</summary>
    [MinLength(1), MaxLength(1000)]
    [Obsolete("Use eventTypes.")]
    public IReadOnlyList<string>? FilterTypes { get; init; }

    /// <summary>Channels to listen on: a message needs one in common. Null for any message.</summary>
    [MinLength(1), MaxLength(10)]
    public IReadOnlyList<string>? Channels { get; init; }

    /// <summary>A JMESPath expression over the payload; only messages for which it is true are delivered. Null for no filter.</summary>
    [MaxLength(4096)]
    public string? Filter { get; init; }

    /// <summary>Whether it receives nothing. Default false.</summary>
    public bool? Disabled { get; init; }

    /// <summary>
    /// The signing secret: <c>whsec_</c> and base64 of 24 to 75 bytes, or <c>whsk_</c> and base64 of an Ed25519 private key (the seed) and its public
    /// one, 32 bytes each. Without it a random one is made. Counts on creation only.
    /// </summary>
    public string? Secret { get; init; }

    /// <summary>
    /// How requests are written: <c>standard</c>, the payload as it was published; <c>github</c>, with the headers of GitHub's webhooks; <c>githubForm</c>,
    /// with these, as a form; <c>cloudEvents</c> and <c>cloudEventsStructured</c>, CloudEvents 1.0 in binary and in structured mode. All carry the headers
    /// of Standard Webhooks too. Default <c>standard</c>.
    /// </summary>
    [AllowedValues("standard", "github", "githubForm", "cloudEvents", "cloudEventsStructured")]
    public string? Format { get; init; }

    /// <summary>Extra request headers, at most 64.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>How connections are secured; null for as any.</summary>
    public EndpointTlsIn? Tls { get; init; }

    /// <summary>Where an access token is asked for that goes with every request (OAuth 2.0, client credentials); null for none.</summary>
    public EndpointOAuthIn? Oauth { get; init; }

    /// <summary>Free string pairs, at most 4,096 bytes as JSON.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Attempts per second, enforced; null for no limit.</summary>
    [Range(1, 65535)]
    public int? ThrottleRate { get; init; }

    /// <summary>The older name of <c>throttleRate</c>.</summary>
    [Range(1, 65535)]
    [Obsolete("Use throttleRate.")]
    public int? RateLimit { get; init; }

    /// <summary>Attempts in flight at once; null for the server's default, 32.</summary>
    [Range(1, 1024)]
    public int? MaxConcurrency { get; init; }

    /// <summary>Limit of one whole exchange in seconds; null for the server's default, 15.</summary>
    [Range(1, 60)]
    public double? TimeoutSeconds { get; init; }

    /// <summary>Seconds between attempts, at most 20; empty for a single attempt, null for the server's default.</summary>
    [MaxLength(20)]
    public IReadOnlyList<double>? RetrySchedule { get; init; }

    /// <summary>Whether to deliver strictly one after the other, in the order of acceptance. Default false.</summary>
    public bool? Ordered { get; init; }

    /// <summary>What an ordered endpoint does with a message it cannot deliver: <c>skip</c> it, or <c>pause</c>. Default <c>skip</c>.</summary>
    [AllowedValues("skip", "pause")]
    public string? OnExhausted { get; init; }

    /// <summary>No effect; older clients send it.</summary>
    [Range(0, 65535)]
    public int? Version { get; init; }
}

/// <summary>How connections to an endpoint are secured.</summary>
internal sealed record EndpointTlsIn
{
    /// <summary>A certificate to show to the receiver, in PEM, and those between it and its authority.</summary>
    [MaxLength(65536)]
    public string? ClientCertificate { get; init; }

    /// <summary>Its private key, in PEM, without a password; never shown again. Without it the key stays that is there, if it belongs to the certificate.</summary>
    [MaxLength(65536)]
    public string? ClientKey { get; init; }

    /// <summary>The authorities that the receiver's certificate may come from, in PEM, instead of those that the system trusts.</summary>
    [MaxLength(65536)]
    public string? Authorities { get; init; }

    /// <summary>Whether any certificate will do: expired, self-signed, for another name. Whoever stands in between can read and answer. Default false.</summary>
    public bool? Insecure { get; init; }

    /// <summary>Never the key.</summary>
    public override string ToString() => nameof(EndpointTlsIn);
}

/// <summary>Where an access token is asked for.</summary>
internal sealed record EndpointOAuthIn
{
    /// <summary>The token endpoint of the authorization server, an absolute http or https URL.</summary>
    [MinLength(1), MaxLength(2048)]
    public required string TokenUrl { get; init; }

    /// <summary>Who asks.</summary>
    [MinLength(1), MaxLength(4096)]
    public required string ClientId { get; init; }

    /// <summary>The client's secret; never shown again. Without it the one stays that is there, as long as <c>tokenUrl</c> and <c>clientId</c> do.</summary>
    [MaxLength(4096)]
    public string? ClientSecret { get; init; }

    /// <summary>What for, with spaces between.</summary>
    [MaxLength(4096)]
    public string? Scope { get; init; }

    /// <summary>Which receiver the token is for, where the server wants to know.</summary>
    [MaxLength(4096)]
    public string? Audience { get; init; }

    /// <summary>Where id and secret stand: <c>basic</c>, in a header, or <c>post</c>, in the body. Default <c>basic</c>.</summary>
    [AllowedValues("basic", "post")]
    public string? ClientAuthentication { get; init; }

    /// <summary>Never the secret.</summary>
    public override string ToString() => nameof(EndpointOAuthIn);
}

/// <summary>How to change a secret.</summary>
internal sealed record EndpointSecretRotateIn
{
    /// <summary>
    /// The new secret: <c>whsec_</c> and base64 of 24 to 75 bytes, or <c>whsk_</c> and base64 of an Ed25519 private key (the seed) and its public
    /// one, 32 bytes each. Without it a random one is made.
    /// </summary>
    public string? Key { get; init; }

    /// <summary>How long the old secret goes on signing too. Default 86400.</summary>
    [Range(0, 604800)]
    public double? GracePeriodSeconds { get; init; }

    /// <summary>Never the secret.</summary>
    public override string ToString() => nameof(EndpointSecretRotateIn);
}

/// <summary>Extra request headers.</summary>
internal sealed record EndpointHeadersIn
{
    /// <summary>Names and values.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }
}

/// <summary>Changes of extra request headers.</summary>
internal sealed record EndpointHeadersPatchIn
{
    /// <summary>Names and values; null removes.</summary>
    public required IReadOnlyDictionary<string, string?> Headers { get; init; }

    /// <summary>Names to remove.</summary>
    public IReadOnlyList<string>? DeleteHeaders { get; init; }
}
