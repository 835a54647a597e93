using Grapnel.Auditing;
using Grapnel.Publishing;
using Grapnel.Storage;

namespace Grapnel.Dispatching;

/// <summary>What people do with single deliveries: ask about them, send them again, cancel them.</summary>
internal sealed class Deliveries(
    IDeliveryStore store, IHistoryStore history, ICatalogStore catalog, Acceptor acceptor, Dispatcher dispatcher, Waits waits, AuditLog audit)
{
    private const int CancelledAtOnce = 500;

    /// <summary>Sends a message to an endpoint once more, whatever became of it before; the schedule goes on undisturbed.</summary>
    /// <exception cref="InvalidRequestException">The content was removed.</exception>
    /// <exception cref="ConflictException">The endpoint is disabled.</exception>
    /// <exception cref="StoreUnavailableException">The store takes no writes now.</exception>
    public async Task ResendAsync(Message message, Endpoint endpoint)
    {
        if (message.Payload is null)
            throw new InvalidRequestException("missing_payload", "The content of this message has been removed; there is nothing to send.");
        if (!endpoint.Enabled)
            throw new ConflictException("endpoint_disabled", "This endpoint is disabled; enable it first.");
        if (!await acceptor.ResendAsync(message, [endpoint]).ConfigureAwait(false))
            throw new StoreUnavailableException("The store takes no writes just now; try again.");
        Record(AuditActions.MessageResent, message, Difference.Told(("endpointId", endpoint.Id)));
    }

    /// <summary>Ends what is pending of a message, at one endpoint or at all. An attempt in flight is not called back.</summary>
    /// <returns>How many deliveries were ended.</returns>
    public async Task<int> CancelAsync(Message message, Id<Endpoint>? endpoint)
    {
        var ended = await store.CancelAsync(message, endpoint, CancellationToken.None).ConfigureAwait(false);
        dispatcher.Forget(ended);
        if (ended.Count > 0)
            Record(AuditActions.MessageCancelled, message, Difference.Told(("endpointId", endpoint), ("ended", ended.Count)));
        return ended.Count;
    }

    /// <summary>
    /// Ends what is pending for an endpoint of messages accepted before a time, a page at a time. Attempts in flight are not called back.
    /// </summary>
    public async Task CancelOlderAsync(Endpoint endpoint, DateTimeOffset acceptedBefore)
    {
        var (count, at) = (0, (LanePosition?)null);
        do
        {
            var page = await store.CancelOlderAsync(endpoint.Id, acceptedBefore, at, CancelledAtOnce, CancellationToken.None).ConfigureAwait(false);
            dispatcher.Forget(page.Ended);
            count += page.Ended.Count;
            at = page.Next;
        }
        while (at is not null);
        if (count > 0)
            audit.Record(AuditActions.EndpointQueueCancelled, endpoint.Id.ToString(), endpoint.ApplicationId,
                Difference.Told(("acceptedBefore", acceptedBefore), ("ended", count)));
    }

    /// <summary>
    /// Removes the payload for good and ends what is pending of the message: none of it is sent any more. An attempt in flight is not called back.
    /// </summary>
    public async Task ExpungeAsync(Message message)
    {
        var ended = await store.ExpungeAsync(message, CancellationToken.None).ConfigureAwait(false);
        dispatcher.Forget(ended);
        if (message.Payload is not null)
            Record(AuditActions.MessageContentRemoved, message, Difference.Told(("ended", ended.Count)));
    }

    /// <summary>Removes what was kept of the answer to an attempt, for good; false when there is no such attempt.</summary>
    public async Task<bool> ExpungeAttemptAsync(Message message, Id<Attempt> attempt)
    {
        if (!await history.ExpungeAttemptAsync(message.Id, attempt, CancellationToken.None).ConfigureAwait(false))
            return false;
        audit.Record(AuditActions.AttemptContentRemoved, attempt.ToString(), message.ApplicationId, Difference.Told(("messageId", message.Id)));
        return true;
    }

    /// <summary>Tells the same about several endpoints of the message's application, in their order.</summary>
    public async Task<IReadOnlyList<Why>> WhyAsync(Message message, IReadOnlyList<Endpoint> endpoints, CancellationToken cancellationToken)
    {
        var states = (await history.ReadDeliveriesAsync(message, cancellationToken).ConfigureAwait(false)).ToDictionary(state => state.EndpointId);
        var answers = new List<Why>(endpoints.Count);
        foreach (var endpoint in endpoints)
        {
            answers.Add(states.GetValueOrDefault(endpoint.Id) switch
            {
                null => await WhyNotOwedAsync(message, endpoint.Id, cancellationToken).ConfigureAwait(false),
                { End: { } end } state => WhyEnded(state, end),
                var state => await waits.DescribeAsync(message, state, endpoint, cancellationToken).ConfigureAwait(false),
            });
        }
        return answers;
    }

    /// <summary>Tells where the delivery of a message to an endpoint stands, and why; also for an endpoint that was owed it and has been deleted.</summary>
    /// <exception cref="NotFoundException">The application of the message has, and had, nothing to do with such an endpoint.</exception>
    public async Task<Why> WhyAsync(Message message, Id<Endpoint> id, CancellationToken cancellationToken)
    {
        var states = await history.ReadDeliveriesAsync(message, cancellationToken).ConfigureAwait(false);
        if (states.FirstOrDefault(s => s.EndpointId == id) is not { } state)
            return await WhyNotOwedAsync(message, id, cancellationToken).ConfigureAwait(false);
        if (state.End is { } end)
            return WhyEnded(state, end);
        return await catalog.ReadEndpointsAsync([id], cancellationToken).ConfigureAwait(false) is [var endpoint]
            ? await waits.DescribeAsync(message, state, endpoint, cancellationToken).ConfigureAwait(false)
            : new Why(WhyState.Cancelled, "endpointDeleted", "The endpoint was deleted; the delivery is about to end.", null, null, state.Attempts);
    }

    private void Record(string action, Message message, string? changes) =>
        audit.Record(action, message.Id.ToString(), message.ApplicationId, changes);

    private async Task<Why> WhyNotOwedAsync(Message message, Id<Endpoint> id, CancellationToken cancellationToken)
    {
        if (await catalog.FindEndpointAsync(message.ApplicationId, id.ToString(), cancellationToken).ConfigureAwait(false) is null)
            throw new NotFoundException($"There is no endpoint '{id}' in this application.");
        if (message.RouteVersion == Message.Addressed)
            return Why.NotOwed(RouteReason.NotAddressed);
        var revision = await catalog.FindRevisionAsync(id, message.RouteVersion, cancellationToken).ConfigureAwait(false);
        return revision is null
            ? new Why(WhyState.NotOwed, "endpointNotCreated", "The endpoint did not exist when the message was accepted.")
            : Why.NotOwed(ReasonOf(revision, message));
    }

    /// <summary>What matched in all else and was not owed was rejected by the filter: that needs no payload, which may be gone.</summary>
    private static RouteReason ReasonOf(EndpointRevision revision, Message message)
    {
        var reason = Router.Decide(revision, message.EventType, message.Channels);
        return reason < RouteReason.EndpointDisabled && revision.Filter is not null ? RouteReason.FilterRejected : reason;
    }

    private static Why WhyEnded(DeliveryState state, DeliveryEnd end) => end switch
    {
        DeliveryEnd.Delivered => new(WhyState.Delivered, "delivered", $"Delivered at {state.At:u}.", state.At, null, state.Attempts),
        DeliveryEnd.Exhausted => new(WhyState.Exhausted, "exhausted",
            $"All {state.Attempts} attempts of the retry schedule failed, the last at {state.At:u}.", state.At, null, state.Attempts),
        DeliveryEnd.Gone => new(WhyState.Exhausted, "gone",
            $"The receiver answered 410 Gone at {state.At:u}; that ended the delivery and disabled the endpoint.", state.At, null, state.Attempts),
        DeliveryEnd.Cancelled => new(WhyState.Cancelled, "cancelled", $"Cancelled at {state.At:u}.", state.At, null, state.Attempts),
        _ => new(WhyState.Cancelled, "endpointDeleted", $"The endpoint was deleted; the delivery ended at {state.At:u}.", state.At, null, state.Attempts),
    };
}

/// <summary>Where a delivery stands.</summary>
public enum WhyState
{
    /// <summary>Still to be done.</summary>
    Pending,

    /// <summary>Done.</summary>
    Delivered,

    /// <summary>Failed for good.</summary>
    Exhausted,

    /// <summary>Ended before it was done.</summary>
    Cancelled,

    /// <summary>Never owed.</summary>
    NotOwed,
}

/// <summary>Why a message did, or did not, arrive at an endpoint.</summary>
/// <param name="State">Where the delivery stands.</param>
/// <param name="Reason">A stable word for programs.</param>
/// <param name="Detail">A sentence for people.</param>
/// <param name="EndedAt">When it ended, or null.</param>
/// <param name="NextAttemptAt">When it is tried next, as far as that is known, or null.</param>
/// <param name="Attempts">Attempts of the schedule made so far.</param>
public sealed record Why(
    WhyState State, string Reason, string Detail, DateTimeOffset? EndedAt = null, DateTimeOffset? NextAttemptAt = null, int Attempts = 0)
{
    /// <summary>What a pending one waits for; null unless it is pending.</summary>
    public WaitCause? Cause { get; init; }

    /// <summary>The message that has to go first, with <see cref="WaitCause.Order"/>; else null.</summary>
    public Id<Message>? Behind { get; init; }

    /// <summary>The words for what routing decided against; also for owed ones whose trace is gone.</summary>
    public static Why NotOwed(RouteReason reason) => new(WhyState.NotOwed, reason.Word(), reason.Sentence());
}
