using System.Globalization;
using System.Text.Json;
using Grapnel.Sending.Signing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Grapnel.Receiving;

/// <summary>Receives the webhooks of one route: verifies, and hands over once.</summary>
internal sealed partial class WebhookReceiver
{
    private readonly string _route;
    private readonly WebhookReceiverOptions _options;
    private readonly Func<Webhook, Task> _handler;
    private readonly ReceiverKey[] _keys;
    private readonly Func<ReadOnlySpan<byte>, ReadOnlySpan<byte>, ReadOnlySpan<byte>, bool>? _ed25519;
    private readonly TimeProvider _time;
    private readonly MemoryWebhookInbox _memory;
    private readonly ILogger _log;

    /// <exception cref="ArgumentException">The options do not fit; says why, and never repeats a secret.</exception>
    public WebhookReceiver(string route, WebhookReceiverOptions options, Func<Webhook, Task> handler, IServiceProvider services)
    {
        (_route, _options, _handler) = (route, options, handler);
        _keys = [.. options.Secrets.Select(ReadSecret)];
        if (_keys.Length == 0)
            throw new ArgumentException("There is no secret to verify webhooks with.", nameof(options));
        if (_keys.Any(key => key.Scheme == SignatureScheme.V1A) && options.VerifyEd25519 is null)
            throw new ArgumentException($"A public key ({SecretText.Public}...) needs {nameof(options.VerifyEd25519)}: .NET has no Ed25519 of its own.", nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Tolerance, TimeSpan.Zero, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxBodyBytes, 0, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxBodyBytes, 1 << 30, nameof(options));
        _ed25519 = options.VerifyEd25519 is { } verify ? verify.Invoke : null;
        _time = options.TimeProvider ?? services.GetService<TimeProvider>() ?? TimeProvider.System;
        _memory = new MemoryWebhookInbox(time: _time);
        _log = services.GetRequiredService<ILoggerFactory>().CreateLogger("Grapnel.Receiver");
    }

    /// <summary>Answers one request.</summary>
    public async Task ReceiveAsync(HttpContext http)
    {
        if (await RequestBody.ReadAsync(http.Request, _options.MaxBodyBytes).ConfigureAwait(false) is not { } body)
        {
            await RefuseAsync(http, StatusCodes.Status413PayloadTooLarge, $"The body is longer than {_options.MaxBodyBytes} bytes.").ConfigureAwait(false);
            return;
        }
        var headers = http.Request.Headers;
        string? id = headers["webhook-id"], timestamp = headers["webhook-timestamp"];
        var finding = SignatureCheck.Find(id, timestamp, headers["webhook-signature"], body.Span, _keys, _time.GetUtcNow(), _options.Tolerance, _ed25519);
        if (finding != SignatureFinding.Valid)
        {
            var (status, reason) = Explain(finding);
            LogRefused(_route, id is { Length: <= SignedContent.MaxIdLength } ? id : "", reason);
            await RefuseAsync(http, status, reason).ConfigureAwait(false);
            return;
        }
        var sentAt = DateTimeOffset.FromUnixTimeSeconds(long.Parse(timestamp!, CultureInfo.InvariantCulture));
        await HandleAsync(new Webhook(http, RouteOf(http.Request), id!, sentAt, body)).ConfigureAwait(false);
    }

    // One pattern may serve many endpoints (/hooks/{tenant}, or a prefix of a group), and each gets the message once.
    private static string RouteOf(HttpRequest request) => request.PathBase.Add(request.Path).Value is { Length: > 0 } route ? route : "/";

    private async Task HandleAsync(Webhook webhook)
    {
        var http = webhook.HttpContext;
        try
        {
            var inbox = _options.Inbox ?? http.RequestServices.GetService<IWebhookInbox>() ?? _memory;
            if (!await inbox.HandleOnceAsync(webhook, _handler).ConfigureAwait(false))
                LogRepeated(_route, webhook.Id);
            if (!http.Response.HasStarted)
                http.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        catch (JsonBodyException unreadable)
        {
            LogRefused(_route, webhook.Id, unreadable.Message);
            await RefuseAsync(http, StatusCodes.Status400BadRequest, unreadable.Message).ConfigureAwait(false);
        }
        // The sender is told to come again, and nothing of what went wrong.
#pragma warning disable CA1031
        catch (Exception failure)
#pragma warning restore CA1031
        {
            LogFailed(failure, _route, webhook.Id);
            await RefuseAsync(http, StatusCodes.Status500InternalServerError, "The webhook could not be handled.").ConfigureAwait(false);
        }
    }

    private (int Status, string Reason) Explain(SignatureFinding finding) => finding switch
    {
        SignatureFinding.HeaderMissing => (StatusCodes.Status400BadRequest, "webhook-id, webhook-timestamp or webhook-signature is missing."),
        SignatureFinding.TimestampUnreadable => (StatusCodes.Status400BadRequest, "webhook-timestamp is not a number of seconds since 1970."),
        SignatureFinding.TimestampTooFar => (StatusCodes.Status401Unauthorized, $"webhook-timestamp is more than {_options.Tolerance.TotalSeconds} seconds off."),
        _ => (StatusCodes.Status401Unauthorized, "No signature fits."),
    };

    private static Task RefuseAsync(HttpContext http, int status, string reason)
    {
        if (http.Response.HasStarted)
            return Task.CompletedTask;
        http.Response.Clear();
        http.Response.StatusCode = status;
        return http.Response.WriteAsync(reason + "\n");
    }

    private static ReceiverKey ReadSecret(string? secret) =>
        ReceiverKey.TryParse(secret, out var key, out var error) ? key : throw new ArgumentException(error, nameof(secret));

    [LoggerMessage(1, LogLevel.Warning, "Refused a webhook at {Route}, id '{Id}': {Reason}")]
    private partial void LogRefused(string route, string id, string reason);

    [LoggerMessage(2, LogLevel.Debug, "The webhook {Id} at {Route} was handled before.")]
    private partial void LogRepeated(string route, string id);

    [LoggerMessage(3, LogLevel.Error, "The handler of {Route} failed with the webhook {Id}. It is not remembered: the sender tries again.")]
    private partial void LogFailed(Exception failure, string route, string id);
}

/// <summary>The body is not what the handler's type needs.</summary>
internal sealed class JsonBodyException(JsonException inner) : Exception("The body is not the JSON that is expected here.", inner);
