namespace Grapnel.Storage.Redis;

/// <summary>
/// History with Redis as the queue: what is due when, how often it was tried, and who owns a lane is asked of the queue; all else is the store's.
/// </summary>
internal sealed partial class RedisHistoryStore(IHistoryStore store, RedisLanes lanes, RedisRoster roster) : IHistoryStore
{
    public async Task<PendingDelivery?> FindPendingAsync(Message message, Id<Endpoint> endpoint, CancellationToken cancellationToken)
    {
        if (await store.FindPendingAsync(message, endpoint, cancellationToken).ConfigureAwait(false) is not { } pending)
            return null;
        return await lanes.FindAsync(endpoint, pending.Seq, cancellationToken).ConfigureAwait(false) is { } row
            ? pending with { DueAt = DateTimeOffset.FromUnixTimeMilliseconds(row.DueAt), Attempts = row.Attempts }
            : pending;
    }

    public async Task<IReadOnlyList<DeliveryState>> ReadDeliveriesAsync(Message message, CancellationToken cancellationToken)
    {
        var states = (await store.ReadDeliveriesAsync(message, cancellationToken).ConfigureAwait(false)).ToArray();
        for (var i = 0; i < states.Length; i++)
            if (states[i].End is null && await FindPendingAsync(message, states[i].EndpointId, cancellationToken).ConfigureAwait(false) is { } pending)
                states[i] = states[i] with { At = pending.DueAt, Attempts = pending.Attempts };
        return states;
    }

    public async Task<Page<Destination>> ListDestinationsAsync(
        Message message, Func<Id<Endpoint>, long, bool> isSending, PageRequest page, CancellationToken cancellationToken)
    {
        var found = await store.ListDestinationsAsync(message, isSending, page, cancellationToken).ConfigureAwait(false);
        var items = found.Items.ToArray();
        for (var i = 0; i < items.Length; i++)
            items[i] = await CorrectAsync(message, items[i], cancellationToken).ConfigureAwait(false);
        return found with { Items = items };
    }

    public async Task<Page<AttemptedMessage>> ListAttemptedMessagesAsync(
        Id<Application> application, Id<Endpoint> endpoint, AttemptedFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        var found = await store.ListAttemptedMessagesAsync(application, endpoint, filter, page, cancellationToken).ConfigureAwait(false);
        var items = found.Items.ToArray();
        for (var i = 0; i < items.Length; i++)
            items[i] = items[i] with { Destination = await CorrectAsync(items[i].Message, items[i].Destination, cancellationToken).ConfigureAwait(false) };
        return found with { Items = items };
    }

    public async Task<Page<StoredLane>> ListLanesAsync(Id<Application>? application, PageRequest page, CancellationToken cancellationToken)
    {
        var found = await store.ListLanesAsync(application, page, cancellationToken).ConfigureAwait(false);
        return found with { Items = await CorrectAsync(found.Items).ConfigureAwait(false) };
    }

    public async Task<StoredLane> ReadLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) =>
        (await CorrectAsync([await store.ReadLaneAsync(endpoint, cancellationToken).ConfigureAwait(false)]).ConfigureAwait(false))[0];

    private async Task<Destination> CorrectAsync(Message message, Destination destination, CancellationToken cancellationToken)
    {
        if (destination.Status != DeliveryStatus.Pending
            || await FindPendingAsync(message, destination.EndpointId, cancellationToken).ConfigureAwait(false) is not { } pending)
            return destination;
        return destination with { NextAttemptAt = pending.DueAt > DateTimeOffset.UnixEpoch ? pending.DueAt : null };
    }

    // Without Redis nobody can tell.
    private async Task<IReadOnlyList<StoredLane>> CorrectAsync(IReadOnlyList<StoredLane> found)
    {
        try
        {
            var nodes = (await roster.LookAsync().ConfigureAwait(false)).Nodes;
            var owners = await lanes.ReadOwnersAsync([.. found.Select(lane => lane.EndpointId)]).ConfigureAwait(false);
            return [.. found.Select((lane, i) => lane with { Owner = owners[i] is { } owner && nodes.Contains(owner) && Id<Node>.TryParse(owner, out var id) ? id : null })];
        }
        catch (Exception error) when (RedisErrors.IsAway(error))
        {
            return [.. found.Select(lane => lane with { Owner = null })];
        }
    }
}
