using Grapnel.Sending.Signing;

namespace Grapnel.Sending;

/// <summary>
/// What is the same for every request to an endpoint, worked out once: made by <see cref="WebhookSender.Prepare"/> when a lane is opened
/// and again when its endpoint changes. Safe to share between threads.
/// </summary>
internal sealed class PreparedEndpoint
{
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(60);

    private PreparedEndpoint(Endpoint endpoint, TimeSpan defaultTimeout, HttpMessageInvoker http)
    {
        Endpoint = endpoint;
        Http = http;
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
    public HttpMessageInvoker Http { get; private init; }

    /// <summary>The access token that goes with every request, or null for none.</summary>
    public AccessToken? Token { get; private init; }

    /// <summary>The highest HTTP version to try: 2 where TLS can negotiate it, else 1.1.</summary>
    public Version HttpVersion { get; private init; } = System.Net.HttpVersion.Version11;

    /// <summary>Why no request can be built from the endpoint's settings, or null.</summary>
    public string? Fault { get; private init; }

    /// <summary>Never throws: an endpoint that does not fit carries its fault into the result of every attempt.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="defaultTimeout">Limit of one exchange where it sets none.</param>
    /// <param name="http">Makes the exchanges of endpoints without certificates of their own, and those with authorization servers.</param>
    /// <param name="makeHandler">For those that have some.</param>
    /// <param name="time">For access tokens.</param>
    public static PreparedEndpoint From(
        Endpoint endpoint, TimeSpan defaultTimeout, HttpMessageInvoker http, MakeHandler makeHandler, TimeProvider time)
    {
        if (FindFault(endpoint, out var url, out var certificates) is { } fault)
            return new PreparedEndpoint(endpoint, defaultTimeout, http) { Fault = fault };
        var own = endpoint.Tls is { } tls ? new HttpMessageInvoker(makeHandler(certificates, tls.Insecure)) : http;
        return new PreparedEndpoint(endpoint, defaultTimeout, own)
        {
            Url = url,
            Token = endpoint.OAuth is { } grant ? new AccessToken(grant, http, endpoint.Timeout ?? defaultTimeout, time) : null,
            HttpVersion = url!.Scheme == Uri.UriSchemeHttps ? System.Net.HttpVersion.Version20 : System.Net.HttpVersion.Version11,
        };
    }

    private static string? FindFault(Endpoint endpoint, out Uri? url, out EndpointCertificates? certificates)
    {
        certificates = null;
        if (!EndpointUrl.TryParse(endpoint.Url, out url, out var error))
            return error;
        if (HeaderRules.Check(endpoint.Headers) is [var first, ..])
            return $"{first.Field}: {first.Message}";
        if (endpoint.Tls is { } tls && !EndpointCertificates.TryRead(tls, out certificates, out var unfit))
            return $"{unfit.Field}: {unfit.Message}";
        return TimeoutFits(endpoint) ? null : $"The time-out of an endpoint is more than 0 and at most {MaxTimeout.TotalSeconds} seconds.";
    }

    private static bool TimeoutFits(Endpoint endpoint) =>
        endpoint.Timeout is not { } timeout || (timeout > TimeSpan.Zero && timeout <= MaxTimeout);
}
