using Grapnel.Sending.Signing;

namespace Grapnel.Sending;

/// <summary>
/// What is the same for every request to an endpoint, worked out once: made by <see cref="WebhookSender.Prepare"/> when a lane is opened
/// and again when its endpoint changes. Safe to share between threads.
/// </summary>
internal sealed class PreparedEndpoint
{
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(60);

    private PreparedEndpoint(Endpoint endpoint, TimeSpan defaultTimeout)
    {
        Endpoint = endpoint;
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

    /// <summary>The highest HTTP version to try: 2 where TLS can negotiate it, else 1.1.</summary>
    public Version HttpVersion { get; private init; } = System.Net.HttpVersion.Version11;

    /// <summary>Why no request can be built from the endpoint's settings, or null.</summary>
    public string? Fault { get; private init; }

    /// <summary>Never throws: an endpoint that does not fit carries its fault into the result of every attempt.</summary>
    public static PreparedEndpoint From(Endpoint endpoint, TimeSpan defaultTimeout)
    {
        if (FindFault(endpoint, out var url) is { } fault)
            return new PreparedEndpoint(endpoint, defaultTimeout) { Fault = fault };
        return new PreparedEndpoint(endpoint, defaultTimeout)
        {
            Url = url,
            HttpVersion = url!.Scheme == Uri.UriSchemeHttps ? System.Net.HttpVersion.Version20 : System.Net.HttpVersion.Version11,
        };
    }

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
}
