using System.Text.Json;
using System.Threading.Channels;
using Grapnel.Dispatching;
using Grapnel.Publishing;
using Grapnel.Registry;
using Microsoft.Extensions.Logging;

namespace Grapnel.Housekeeping;

/// <summary>
/// Acts on outcomes that concern the operator: disables endpoints that are gone or failed for too long, and publishes operational events
/// to the application <see cref="Application.OperationalUid"/>, whose endpoints are the operator's own. Events about that application
/// itself are not published, so that a failing operator endpoint does not feed itself.
/// </summary>
internal sealed partial class OperationalEvents
{
    public const string EndpointDisabled = "endpoint.disabled";
    public const string AttemptExhausted = "message.attempt.exhausted";
    public const string AttemptRecovered = "message.attempt.recovered";

    private readonly Publisher _publisher;
    private readonly RouteCache _routes;
    private readonly EndpointRegistry _endpoints;
    private readonly ILogger<OperationalEvents> _logger;

    // Drops rather than waits when the store is slower than the news: what happened is in the history in any case.
    private readonly Channel<SettledAttempt> _news = Channel.CreateBounded<SettledAttempt>(
        new BoundedChannelOptions(10_000) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    public OperationalEvents(
        Dispatcher dispatcher, Publisher publisher, RouteCache routes, EndpointRegistry endpoints, ILogger<OperationalEvents> logger)
    {
        _publisher = publisher;
        _routes = routes;
        _endpoints = endpoints;
        _logger = logger;
        dispatcher.Outcomes += OnOutcome;
    }

    private void OnOutcome(SettledAttempt outcome)
    {
        if (outcome.Disables is not null || EventTypeOf(outcome) is not null)
            _news.Writer.TryWrite(outcome);
    }

    private static string? EventTypeOf(in SettledAttempt outcome) => outcome.Settlement switch
    {
        { Trigger: Trigger.Manual } => null,
        { End: DeliveryEnd.Exhausted or DeliveryEnd.Gone } => AttemptExhausted,
        { End: DeliveryEnd.Delivered, Attempts: > 1 } => AttemptRecovered,
        _ => null,
    };

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var outcome in _news.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            try
            {
                await ActAsync(outcome, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(_logger, e, outcome.Endpoint.Id);
            }
        }
    }

    private async Task ActAsync(SettledAttempt outcome, CancellationToken cancellationToken)
    {
        var isAbout = EventTypeOf(outcome);
        if (outcome.Disables is { } reason && await _endpoints.DisableAsync(outcome.Endpoint.Id, reason, cancellationToken).ConfigureAwait(false))
        {
            LogDisabled(_logger, outcome.Endpoint.Id, reason);
            await PublishAsync(EndpointDisabled, outcome, cancellationToken).ConfigureAwait(false);
        }
        if (isAbout is not null)
            await PublishAsync(isAbout, outcome, cancellationToken).ConfigureAwait(false);
    }

    private async Task PublishAsync(string eventType, SettledAttempt outcome, CancellationToken cancellationToken)
    {
        var routes = await _routes.FindAsync(Application.OperationalUid, cancellationToken).ConfigureAwait(false);
        if (routes is null || routes.Application.Id == outcome.Endpoint.ApplicationId || routes.Plan(eventType, null).Owed.Count == 0)
            return;
        await _publisher.PublishAsync(new PublishRequest
        {
            Application = Application.OperationalUid,
            EventType = eventType,
            Payload = Body(eventType, outcome),
        }, cancellationToken).ConfigureAwait(false);
    }

    private static byte[] Body(string eventType, in SettledAttempt outcome)
    {
        var attempt = outcome.Settlement.Attempt;
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("type", eventType);
            json.WriteString("timestamp", attempt.StartedAt);
            json.WriteStartObject("data");
            json.WriteString("appId", attempt.ApplicationId.ToString());
            json.WriteString("endpointId", attempt.EndpointId.ToString());
            json.WriteString("endpointUid", outcome.Endpoint.Uid);
            json.WriteString("msgId", attempt.MessageId.ToString());
            json.WriteString("msgEventId", outcome.Delivery.Message.EventId);
            if (outcome.Disables is { } reason)
                json.WriteString("reason", ReasonText(reason));
            json.WriteStartObject("lastAttempt");
            json.WriteString("id", attempt.Id.ToString());
            json.WriteString("timestamp", attempt.StartedAt);
            json.WriteNumber("number", attempt.Number);
            json.WriteNumber("responseStatusCode", attempt.StatusCode);
            json.WriteString("outcome", JsonNamingPolicy.CamelCase.ConvertName(attempt.Outcome.ToString()));
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    private static string ReasonText(EndpointDisabledReason reason) => JsonNamingPolicy.CamelCase.ConvertName(reason.ToString());

    [LoggerMessage(EventId = 310, Level = LogLevel.Warning, Message = "Endpoint {Endpoint} was disabled: {Reason}")]
    private static partial void LogDisabled(ILogger logger, Id<Endpoint> endpoint, EndpointDisabledReason reason);

    [LoggerMessage(EventId = 311, Level = LogLevel.Error, Message = "An outcome at {Endpoint} could not be acted on")]
    private static partial void LogFailed(ILogger logger, Exception exception, Id<Endpoint> endpoint);
}
