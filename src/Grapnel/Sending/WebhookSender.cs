using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using Grapnel.Sending.Formats;

namespace Grapnel.Sending;

/// <summary>Makes what makes the exchanges with endpoints that share these settings.</summary>
/// <param name="certificates">What to show, and whom to trust; null for nothing and for those that the system trusts.</param>
/// <param name="insecure">Whether any certificate of a receiver will do.</param>
internal delegate HttpMessageHandler MakeHandler(EndpointCertificates? certificates, bool insecure);

/// <summary>
/// Makes one HTTP exchange of a delivery: signs, connects through the guard, posts, reads the beginning of the answer. Whatever happens,
/// it comes back as a <see cref="SendResult"/>; nothing is thrown. Safe to share between threads.
/// </summary>
internal sealed class WebhookSender : IDisposable
{
    /// <summary>What every request says of who sends it.</summary>
    public static readonly string UserAgent = "Grapnel/" + ProductVersion();

    private readonly MakeHandler _makeHandler;
    private readonly HttpMessageInvoker _http;
    private readonly AccessTokens _tokens;
    private readonly DeliveryOptions _options;
    private readonly TimeProvider _time;
    private readonly Deadlines _deadlines;

    /// <summary>A sender.</summary>
    /// <param name="makeHandler">Makes what makes the exchanges. See <see cref="SendingHandler"/>.</param>
    /// <param name="options">Limits of time and size.</param>
    /// <param name="time">Wall time for timestamps, and the clock of deadlines.</param>
    public WebhookSender(MakeHandler makeHandler, DeliveryOptions options, TimeProvider time)
    {
        _makeHandler = makeHandler;
        _http = new HttpMessageInvoker(makeHandler(certificates: null, insecure: false), disposeHandler: true);
        _tokens = new AccessTokens(_http, options.Timeout, time);
        _options = options;
        _time = time;
        _deadlines = new Deadlines(time);
    }

    /// <summary>Works out what all requests to an endpoint have in common. Never throws; faults come back with every attempt.</summary>
    public PreparedEndpoint Prepare(Endpoint endpoint) => PreparedEndpoint.From(endpoint, _options.Timeout, _http, _makeHandler, _tokens);

    /// <summary>Makes one attempt. Never throws.</summary>
    /// <param name="endpoint">Where to.</param>
    /// <param name="delivery">What.</param>
    /// <param name="cancellationToken">Gives the exchange up, as <see cref="SendOutcome.Abandoned"/>, unless a status has arrived.</param>
    public async Task<SendResult> SendAsync(PreparedEndpoint endpoint, Delivery delivery, CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        var deadline = _deadlines.Start(endpoint.Timeout);
        var abandon = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), deadline);
        HttpRequestMessage? request = null;
        try
        {
            var token = endpoint.Token is { } wanted ? await wanted.GetAsync(deadline.Token) : null;
            request = BuildRequest(endpoint, delivery.Message, token);
            using var response = await endpoint.Http.SendAsync(request, deadline.Token);
            if (response.StatusCode == HttpStatusCode.Unauthorized && token is not null)
                endpoint.Token!.Forget(token);
            var body = await CappedBody.ReadAsync(response, _options.MaxResponseBytes, deadline.Token);
            return Conclude(request, response, body, start);
        }
        catch (Exception failure)
        {
            return Fail(failure, endpoint, request, start, deadline.Token, cancellationToken);
        }
        finally
        {
            request?.Dispose();
            await abandon.DisposeAsync();
            _deadlines.Return(deadline);
        }
    }

    /// <summary>Closes idle connections. An exchange in flight runs on to its own end: cancel it first.</summary>
    public void Dispose() => _http.Dispose();

    private HttpRequestMessage BuildRequest(PreparedEndpoint endpoint, Message message, string? token)
    {
        if (endpoint.Fault is { } fault)
            throw new RequestFault(fault);
        if (message.Payload is not { } payload)
            throw new RequestFault("The content of the message has been removed.");
        if (!HeaderRules.IsValue(message.ContentType))
            throw new RequestFault("The content type of the message cannot stand in a header.");
        var now = _time.GetUtcNow();
        var id = message.Id.ToString();
        var format = endpoint.Endpoint.Format;
        var body = RequestBody.Of(format, message, payload, _options.EventSource);
        var signature = endpoint.Signer.Sign(id, now, body.Bytes.Span);
        if (signature.Length == 0)
            throw new RequestFault("The endpoint has no signing secret in force.");

        var request = new HttpRequestMessage(HttpMethod.Post, endpoint.Url)
        {
            Version = endpoint.HttpVersion,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Content = new ReadOnlyMemoryContent(body.Bytes),
        };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", body.ContentType);
        var headers = request.Headers;
        headers.TryAddWithoutValidation("User-Agent", UserAgent);
        headers.TryAddWithoutValidation("webhook-id", id);
        headers.TryAddWithoutValidation("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        headers.TryAddWithoutValidation("webhook-signature", signature);
        if (format != RequestFormat.Standard)
            AddHeaders(headers, endpoint.Endpoint, message, body.Bytes.Span, now);
        if (token is not null)
            headers.TryAddWithoutValidation("Authorization", token);
        foreach (var (name, value) in endpoint.Headers)
            headers.TryAddWithoutValidation(name, value);
        return request;
    }

    private void AddHeaders(HttpRequestHeaders headers, Endpoint endpoint, Message message, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        if (endpoint.Format == RequestFormat.CloudEvents)
            CloudEvent.AddHeaders(headers, message, _options.EventSource);
        else if (GithubStyle.Is(endpoint.Format))
            GithubStyle.AddHeaders(headers, endpoint, message,
                GithubStyle.SecretOf(endpoint, now) ?? throw new RequestFault("GitHub's style needs a shared secret, and the endpoint has none in force."), body);
    }

    private SendResult Conclude(HttpRequestMessage request, HttpResponseMessage response, ReadOnlyMemory<byte> body, long start)
    {
        var status = (int)response.StatusCode;
        var outcome = Judge(status);
        var retryAfter = outcome == SendOutcome.Success ? null : RetryAfter.Read(response.Headers, _time.GetUtcNow());
        var error = outcome == SendOutcome.ProtocolError ? "The answer has a status that ends no exchange." : null;
        return new SendResult(outcome, status, _time.GetElapsedTime(start), body, retryAfter, error, HeaderPack.Of(request, response));
    }

    private SendResult Fail(
        Exception failure, PreparedEndpoint endpoint, HttpRequestMessage? request, long start, CancellationToken deadline,
        CancellationToken cancellationToken)
    {
        var (outcome, error) = failure switch
        {
            RequestFault fault => (SendOutcome.RequestInvalid, fault.Message),
            TokenFailure refusal => (SendOutcome.AuthorizationFailed, refusal.Message),
            // A cancellation may surface as whatever the network says when it is cut off.
            _ when cancellationToken.IsCancellationRequested => (SendOutcome.Abandoned, "The attempt was given up."),
            _ when deadline.IsCancellationRequested =>
                (SendOutcome.Timeout, FormattableString.Invariant($"No answer within {endpoint.Timeout.TotalSeconds:0.###} s.")),
            _ => SendFailure.Judge(failure),
        };
        var headers = request is not null && MayHaveLeft(outcome) ? HeaderPack.Of(request, response: null) : default;
        return new SendResult(outcome, 0, _time.GetElapsedTime(start), Error: error, Headers: headers);
    }

    // Whatever ended before there was a connection has sent nothing; an exchange that timed out may have.
    private static bool MayHaveLeft(SendOutcome outcome) => outcome is SendOutcome.ConnectionLost or SendOutcome.Timeout or SendOutcome.ProtocolError;

    private static SendOutcome Judge(int status) => status switch
    {
        < 200 => SendOutcome.ProtocolError,
        < 300 => SendOutcome.Success,
        < 400 => SendOutcome.Redirect,
        410 => SendOutcome.Gone,
        429 or 502 or 503 or 504 => SendOutcome.Throttled,
        _ => SendOutcome.Refused,
    };

    private static string ProductVersion()
    {
        var assembly = typeof(WebhookSender).Assembly;
        return assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
    }

    /// <summary>A request that cannot be built, with a sentence for people.</summary>
    private sealed class RequestFault(string message) : Exception(message);
}
