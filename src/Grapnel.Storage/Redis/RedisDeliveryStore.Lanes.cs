namespace Grapnel.Storage.Redis;

internal sealed partial class RedisDeliveryStore
{
    private const int LanesAtOnce = 1_000;

    // The store knows which lanes have something pending, and Redis who owns them.
    public async Task<IReadOnlyList<Id<Endpoint>>> TakeLanesAsync(Id<Node> node, int limit, CancellationToken cancellationToken)
    {
        try
        {
            var taken = new List<Id<Endpoint>>();
            if (await roster.FindEpochToTakeInAsync(node, cancellationToken).ConfigureAwait(false) is not { } epoch)
                return taken;
            await foreach (var (lane, owner) in ReadPendingAsync(cancellationToken).ConfigureAwait(false))
            {
                if (taken.Count == limit)
                    break;
                if (owner != node.ToString() && (owner is null || await roster.IsGoneAsync(owner).ConfigureAwait(false))
                    && (await TakeAsync(lane, epoch, node, gone: owner ?? "").ConfigureAwait(false)).IsNew)
                    taken.Add(lane);
            }
            return taken;
        }
        catch (Exception error) when (RedisErrors.IsAway(error))
        {
            throw RedisErrors.Unavailable(error);
        }
    }

    public async Task<IReadOnlyList<Id<Endpoint>>> ReadOwnedAsync(Id<Node> node, CancellationToken cancellationToken)
    {
        try
        {
            var owned = new List<Id<Endpoint>>();
            await foreach (var (lane, owner) in ReadPendingAsync(cancellationToken).ConfigureAwait(false))
                if (owner == node.ToString())
                    owned.Add(lane);
            return owned;
        }
        catch (Exception error) when (RedisErrors.IsAway(error))
        {
            throw RedisErrors.Unavailable(error);
        }
    }

    public Task<IReadOnlyList<LimitShare>> ShareLimitsAsync(Id<Node> node, IReadOnlyList<LimitDemand> demands, CancellationToken cancellationToken) =>
        store.ShareLimitsAsync(node, demands, cancellationToken);

    public async Task<LanePage> ReadLaneAsync(LaneRead read, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var runs = await ReadCompleteAsync(read, cancellationToken).ConfigureAwait(false);
                var found = await rows.ReadAsync(
                    read.EndpointId, [.. runs.Deliveries.Select(row => row.Seq)], read.ByteLimit, cancellationToken).ConfigureAwait(false);
                if (found.Gone.Count == 0)
                    return PageOf(runs, found);
                // They ended, and Redis was not told.
                await lanes.RemoveAsync(read.EndpointId, found.Gone).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (RedisErrors.IsAway(error))
        {
            throw RedisErrors.Unavailable(error);
        }
    }

    /// <summary>Reads the lane when all that is pending in it is known to be there, and otherwise sees to that first.</summary>
    private async Task<LaneRuns> ReadCompleteAsync(LaneRead read, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await doubts.TellAsync(read.EndpointId).ConfigureAwait(false);
            var runs = await lanes.ReadAsync(read).ConfigureAwait(false);
            var mark = (await roster.CurrentAsync().ConfigureAwait(false)).Mark;
            if (runs.Mark != mark)
            {
                mark = (await roster.LookAsync().ConfigureAwait(false)).Mark;
                if (runs.Mark != mark)
                    await lanes.LookOverAsync(read.EndpointId, mark, runs.Doubts, cancellationToken).ConfigureAwait(false);
            }
            else if (!runs.AskAgain)
            {
                return runs;
            }
        }
    }

    private static LanePage PageOf(LaneRuns runs, LaneRows found)
    {
        var standing = runs.Deliveries.ToDictionary(row => row.Seq);
        return new LanePage(
            [.. found.Deliveries.Select(delivery => delivery with { DueAt = standing[delivery.Seq].DueAt, Attempts = standing[delivery.Seq].Attempts })],
            runs.More || found.More, runs.NextDueAt, found.Health)
        {
            IsPaused = found.IsPaused,
        };
    }

    private async IAsyncEnumerable<(Id<Endpoint> Lane, string? Owner)> ReadPendingAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IReadOnlyList<Id<Endpoint>> page;
        Id<Endpoint>? after = null;
        do
        {
            page = await rows.ReadPendingLanesAsync(after, LanesAtOnce, cancellationToken).ConfigureAwait(false);
            var owners = await lanes.ReadOwnersAsync(page).ConfigureAwait(false);
            for (var i = 0; i < page.Count; i++)
                yield return (page[i], owners[i]);
            after = page.Count > 0 ? page[^1] : null;
        }
        while (page.Count == LanesAtOnce);
    }
}
