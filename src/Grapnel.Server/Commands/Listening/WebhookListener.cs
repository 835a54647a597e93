using System.Text;
using System.Text.Json;
using Grapnel.Sending.Signing;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.WebUtilities;

namespace Grapnel.Server.Commands.Listening;

/// <summary>
/// A webhook receiver to try things with: answers every request as told and reports it. <c>GET /</c> shows the last twenty in a browser.
/// </summary>
internal sealed class WebhookListener : IAsyncDisposable
{
    private const int MaxBodyBytes = 1 << 20;

    private readonly ListenerOptions _options;
    private readonly TimeProvider _time;
    private readonly AttemptCounter _attempts = new();
    private readonly RecentWebhooks _recent = new();
    private readonly WebApplication _app;

    public WebhookListener(ListenerOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        Secret = options.Secret;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            kestrel.Listen(options.Address, options.Port);
        });
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Raised for each webhook once its answer is decided and its delay is over, on the thread that answers.</summary>
    public event Action<ReceivedWebhook>? Received;

    /// <summary>Where it listens, with the port really taken; known once it has started.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>The key that signatures are checked with from now on; null leaves them unchecked.</summary>
    public ReceiverKey? Secret { get; set; }

    /// <summary>Starts to listen. Throws <see cref="IOException"/> when the port is taken.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await _app.StartAsync(cancellationToken);
        var features = _app.Services.GetRequiredService<IServer>().Features;
        Url = new Uri(features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    public async ValueTask DisposeAsync()
    {
        // A request that waits out its delay would hold the stop up; a test consumer owes it nothing.
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    private Task AnswerAsync(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method) && context.Request.Path == "/"
            ? RecentWebhooksPage.WriteAsync(context.Response, _recent.Newest())
            : AnswerWebhookAsync(context);

    private async Task AnswerWebhookAsync(HttpContext context)
    {
        var request = context.Request;
        var arrived = _time.GetUtcNow();
        var path = request.Path.Value ?? "/";
        var id = request.Headers["webhook-id"].FirstOrDefault();
        var rule = _options.PathRules.GetValueOrDefault(path, _options.Rule);
        var attempt = _attempts.Count(path, id);
        var body = await ReadBodyAsync(request);

        int? status = body is null ? StatusCodes.Status413PayloadTooLarge : rule.StatusFor(attempt);
        if (rule.Delay > TimeSpan.Zero && !await DelayAsync(rule.Delay, context.RequestAborted))
            status = null;
        Report(new ReceivedWebhook(
            arrived, request.Method, path, id, EventTypeOf(body), body is null ? "" : Encoding.UTF8.GetString(body),
            Verify(request.Headers, body), attempt, status));
        if (status is { } code)
            await WriteAnswerAsync(context.Response, code);
    }

    private SignatureState Verify(IHeaderDictionary headers, byte[]? body)
    {
        if (Secret is not { } secret)
            return SignatureState.NotChecked;
        var verified = body is not null && StandardWebhooksVerifier.Verify(
            headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"], body, secret, _time.GetUtcNow());
        return verified ? SignatureState.Verified : SignatureState.NotVerified;
    }

    private void Report(ReceivedWebhook webhook)
    {
        _recent.Add(webhook);
        Received?.Invoke(webhook);
    }

    private async Task<bool> DelayAsync(TimeSpan delay, CancellationToken aborted)
    {
        try
        {
            await Task.Delay(delay, _time, aborted);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // Null when the body is longer than the limit.
    private static async Task<byte[]?> ReadBodyAsync(HttpRequest request)
    {
        try
        {
            using var buffer = new MemoryStream();
            await request.Body.CopyToAsync(buffer, request.HttpContext.RequestAborted);
            return buffer.ToArray();
        }
        catch (BadHttpRequestException tooLong) when (tooLong.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return null;
        }
    }

    private static string? EventTypeOf(byte[]? body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("type", out var type)
                && type.ValueKind == JsonValueKind.String ? type.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Task WriteAnswerAsync(HttpResponse response, int status)
    {
        response.StatusCode = status;
        return status is 204 or 304 ? Task.CompletedTask : response.WriteAsync($"{status} {ReasonPhrases.GetReasonPhrase(status)}\n");
    }
}
