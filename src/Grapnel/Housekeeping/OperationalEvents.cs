using System.Text.Json;
using System.Threading.Channels;
using Grapnel.Dispatching;
using Grapnel.Registry;
using Microsoft.Extensions.Logging;

namespace Grapnel.Housekeeping;

/// <summary>
/// Acts on what concerns the operator: has endpoints disabled that are gone or failed for too long, and publishes operational events about
/// attempts and about edits of endpoints.
/// </summary>
internal sealed partial class OperationalEvents
{
    /// <summary>The failure after which a delivery is said to be failing; the first few are everyday life.</summary>
    private const int FailingAfter = 4;

    private readonly OperationalPublisher _publisher;
    private readonly ILogger<OperationalEvents> _logger;

    // Drops rather than waits when the store is slower than the news: what happened is in the history in any case.
    private readonly Channel<News> _news = Channel.CreateBounded<News>(
        new BoundedChannelOptions(10_000) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    public OperationalEvents(
        Dispatcher dispatcher, CatalogEvents events, OperationalPublisher publisher, EndpointRegistry endpoints,
        ILogger<OperationalEvents> logger)
    {
        _publisher = publisher;
        _logger = logger;
        dispatcher.Disabling = endpoints.DisableAsync;
        dispatcher.Outcomes += OnOutcome;
        events.EndpointEdited += edit => _news.Writer.TryWrite(new News(edit, null));
    }

    private void OnOutcome(SettledAttempt outcome)
    {
        if (outcome.Disables is not null || EventTypeOf(outcome) is not null)
            _news.Writer.TryWrite(new News(null, outcome));
    }

    private static string? EventTypeOf(in SettledAttempt outcome) => outcome.Settlement switch
    {
        { Trigger: Trigger.Manual } => null,
        { End: null, Attempts: FailingAfter } => OperationalEventTypes.AttemptFailing,
        { End: DeliveryEnd.Exhausted or DeliveryEnd.Gone } => OperationalEventTypes.AttemptExhausted,
        { End: DeliveryEnd.Delivered, Attempts: > 1 } => OperationalEventTypes.AttemptRecovered,
        _ => null,
    };

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var news in _news.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            try
            {
                await (news.Edit is { } edit ? ActAsync(edit, cancellationToken) : ActAsync(news.Outcome!.Value, cancellationToken)).ConfigureAwait(false);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(_logger, e, news.Endpoint);
            }
        }
    }

    private async Task ActAsync(EndpointEdit edit, CancellationToken cancellationToken)
    {
        var endpoint = (edit.After ?? edit.Before)!;
        foreach (var eventType in EventTypesOf(edit))
            await _publisher.PublishAsync(eventType, endpoint.ApplicationId, edit.At, json =>
            {
                WriteEndpoint(json, endpoint);
                if (eventType == OperationalEventTypes.EndpointDisabled)
                    json.WriteString("trigger", "manual");
            }, cancellationToken).ConfigureAwait(false);
    }

    private static IEnumerable<string> EventTypesOf(EndpointEdit edit)
    {
        yield return edit.Before is null ? OperationalEventTypes.EndpointCreated
            : edit.After is null ? OperationalEventTypes.EndpointDeleted : OperationalEventTypes.EndpointUpdated;
        if (edit is { Before: { } before, After: { } after } && before.Enabled != after.Enabled)
            yield return after.Enabled ? OperationalEventTypes.EndpointEnabled : OperationalEventTypes.EndpointDisabled;
    }

    private async Task ActAsync(SettledAttempt outcome, CancellationToken cancellationToken)
    {
        if (outcome.Disables is { } reason)
        {
            LogDisabled(_logger, outcome.Endpoint.Id, reason);
            await PublishAsync(OperationalEventTypes.EndpointDisabled, outcome, cancellationToken).ConfigureAwait(false);
        }
        if (EventTypeOf(outcome) is { } isAbout)
            await PublishAsync(isAbout, outcome, cancellationToken).ConfigureAwait(false);
    }

    private Task PublishAsync(string eventType, SettledAttempt outcome, CancellationToken cancellationToken) => _publisher.PublishAsync(
        eventType, outcome.Endpoint.ApplicationId, outcome.Settlement.Attempt.StartedAt, json => WriteOutcome(json, outcome), cancellationToken);

    private static void WriteEndpoint(Utf8JsonWriter json, Endpoint endpoint)
    {
        json.WriteString("endpointId", endpoint.Id.ToString());
        json.WriteString("endpointUid", endpoint.Uid);
    }

    private static void WriteOutcome(Utf8JsonWriter json, in SettledAttempt outcome)
    {
        var attempt = outcome.Settlement.Attempt;
        WriteEndpoint(json, outcome.Endpoint);
        json.WriteString("msgId", attempt.MessageId.ToString());
        json.WriteString("msgEventId", outcome.Delivery.Message.EventId);
        if (outcome.Disables is { } reason)
        {
            json.WriteString("trigger", "automatic");
            json.WriteString("reason", JsonNamingPolicy.CamelCase.ConvertName(reason.ToString()));
        }
        json.WriteStartObject("lastAttempt");
        json.WriteString("id", attempt.Id.ToString());
        json.WriteString("timestamp", attempt.StartedAt);
        json.WriteNumber("number", attempt.Number);
        json.WriteNumber("responseStatusCode", attempt.StatusCode);
        json.WriteString("outcome", JsonNamingPolicy.CamelCase.ConvertName(attempt.Outcome.ToString()));
        json.WriteEndObject();
    }

    /// <summary>One of the two.</summary>
    private readonly record struct News(EndpointEdit? Edit, SettledAttempt? Outcome)
    {
        public Id<Endpoint> Endpoint => Edit is { } edit ? (edit.After ?? edit.Before)!.Id : Outcome!.Value.Endpoint.Id;
    }

    [LoggerMessage(EventId = 310, Level = LogLevel.Warning, Message = "Endpoint {Endpoint} was disabled: {Reason}")]
    private static partial void LogDisabled(ILogger logger, Id<Endpoint> endpoint, EndpointDisabledReason reason);

    [LoggerMessage(EventId = 311, Level = LogLevel.Error, Message = "An outcome at {Endpoint} could not be acted on")]
    private static partial void LogFailed(ILogger logger, Exception exception, Id<Endpoint> endpoint);
}
