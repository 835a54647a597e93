using Grapnel.Sending.Signing;

namespace Grapnel.Sending;

/// <summary>
/// What is the same for every request to an endpoint, worked out once: made by <see cref="WebhookSender.Prepare"/> when a lane is opened
/// and again when its endpoint changes. Safe to share between threads.
/// </summary>
internal sealed class PreparedEndpoint
{
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(60);

    private readonly Lazy<Exchanges> _exchanges;

    private PreparedEndpoint(Endpoint endpoint, TimeSpan defaultTimeout, Lazy<Exchanges> exchanges)
    {
        Endpoint = endpoint;
        _exchanges = exchanges;
        Timeout = TimeoutFits(endpoint) ? endpoint.Timeout ?? defaultTimeout : defaultTimeout;
        Signer = new StandardWebhooksSigner(endpoint.Secrets);
        Headers = [.. endpoint.Headers];
    }

    /// <summary>The endpoint it was made from.</summary>
    public Endpoint Endpoint { get; }

    /// <summary>Limit of one whole exchange.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>Signs with the endpoint's secrets.</summary>
    public StandardWebhooksSigner Signer { get; }

    /// <summary>The endpoint's own headers, checked.</summary>
    public KeyValuePair<string, string>[] Headers { get; }

    /// <summary>Where to; null when <see cref="Fault"/> is set.</summary>
    public Uri? Url { get; private init; }

    /// <summary>
    /// Makes its exchanges. One with certificates of its own has a handler of its own, which is never disposed of: attempts that run on after an edit still
    /// use it, its idle connections end by themselves within seconds, and then there is nothing left but memory.
    /// </summary>
    public HttpMessageInvoker Http => _exchanges.Value.Http;

    /// <summary>The access token that goes with every request, or null for none.</summary>
    public AccessToken? Token { get; private init; }

    /// <summary>The highest HTTP version to try: 2 where TLS can negotiate it, else 1.1.</summary>
    public Version HttpVersion { get; private init; } = System.Net.HttpVersion.Version11;

    /// <summary>Why no request can be built from the endpoint's settings, or null.</summary>
    public string? Fault => _exchanges.Value.Fault;

    /// <summary>Never throws: an endpoint that does not fit carries its fault into the result of every attempt.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="defaultTimeout">Limit of one exchange where it sets none.</param>
    /// <param name="http">Makes the exchanges of endpoints without certificates of their own, and those with authorization servers.</param>
    /// <param name="makeHandler">For those that have some.</param>
    /// <param name="tokens">The access tokens of endpoints.</param>
    public static PreparedEndpoint From(
        Endpoint endpoint, TimeSpan defaultTimeout, HttpMessageInvoker http, MakeHandler makeHandler, AccessTokens tokens)
    {
        if (FindFault(endpoint, out var url) is { } fault)
            return new PreparedEndpoint(endpoint, defaultTimeout, new Lazy<Exchanges>(new Exchanges(http, fault)));
        // Reading keys and certificates takes a while, and whoever prepares holds a lock: it is done by the first who sends.
        var exchanges = endpoint.Tls is { } tls ? new Lazy<Exchanges>(() => OwnExchanges(tls, http, makeHandler)) : new Lazy<Exchanges>(new Exchanges(http));
        return new PreparedEndpoint(endpoint, defaultTimeout, exchanges)
        {
            Url = url,
            Token = tokens.Of(endpoint),
            HttpVersion = url!.Scheme == Uri.UriSchemeHttps ? System.Net.HttpVersion.Version20 : System.Net.HttpVersion.Version11,
        };
    }

    private static Exchanges OwnExchanges(EndpointTls tls, HttpMessageInvoker http, MakeHandler makeHandler) =>
        EndpointCertificates.TryRead(tls, out var certificates, out var unfit)
            ? new Exchanges(new HttpMessageInvoker(makeHandler(certificates, tls.Insecure)))
            : new Exchanges(http, $"{unfit.Field}: {unfit.Message}");

    private static string? FindFault(Endpoint endpoint, out Uri? url)
    {
        if (!EndpointUrl.TryParse(endpoint.Url, out url, out var error))
            return error;
        if (HeaderRules.Check(endpoint.Headers) is [var first, ..])
            return $"{first.Field}: {first.Message}";
        return TimeoutFits(endpoint) ? null : $"The time-out of an endpoint is more than 0 and at most {MaxTimeout.TotalSeconds} seconds.";
    }

    private static bool TimeoutFits(Endpoint endpoint) =>
        endpoint.Timeout is not { } timeout || (timeout > TimeSpan.Zero && timeout <= MaxTimeout);

    private sealed record Exchanges(HttpMessageInvoker Http, string? Fault = null);
}
