namespace Grapnel.Storage.Redis;

/// <summary>
/// A store with Redis as its queue. The store behind it says which deliveries there are, which nodes there are, and what happened; Redis says where each
/// delivery stands in its lane, when it is due, how often it was tried, and who owns the lane. The store is always written first, so whatever Redis knows
/// can be told from there again. Every verb that writes does it in these steps, and this is what a crash between them leaves behind:
/// <list type="number">
/// <item>The store commits. Before that nothing has happened.</item>
/// <item>Redis is told. If it is away, and what it does not know would be missed (something to send, an attempt that was made), the lane is in doubt, see
/// <see cref="RedisDoubts"/>, and looked over before it is read again. What it knows too much (a delivery that ended) is found when it is read: there is no
/// row any more.</item>
/// <item>If the process ends between the two, its node is gone without having left. Whoever notices gives the lanes a new mark, under which none is complete
/// yet, so each is looked over before it is read, see <see cref="RedisRoster"/>.</item>
/// </list>
/// This part holds nodes; the others hold accepting, settling, lanes, and what people ask for.
/// </summary>
internal sealed partial class RedisDeliveryStore(
    IDeliveryStore store, ILaneRows rows, RedisRoster roster, RedisLanes lanes, RedisDoubts doubts) : IDeliveryStore
{
    private const int MaxLanes = 10_000;

    public bool IsShared => store.IsShared;

    public async Task<Id<Node>> JoinAsync(string name, NodeRoles roles, CancellationToken cancellationToken)
    {
        var node = await store.JoinAsync(name, roles, cancellationToken).ConfigureAwait(false);
        try
        {
            await roster.TendAsync(cancellationToken).ConfigureAwait(false);
            await roster.AddAsync(node).ConfigureAwait(false);
        }
        catch (Exception error) when (RedisErrors.IsAway(error))
        {
            // It takes no lanes then. The first heartbeat that reaches Redis finds that it has not joined, and it does so again.
        }
        return node;
    }

    public async Task<bool> HeartbeatAsync(Id<Node> node, CancellationToken cancellationToken)
    {
        if (!await store.HeartbeatAsync(node, cancellationToken).ConfigureAwait(false))
            return false;
        try
        {
            if ((await roster.TendAsync(cancellationToken).ConfigureAwait(false)).Has(node))
            {
                await doubts.TellAsync().ConfigureAwait(false);
                return true;
            }
        }
        catch (Exception error) when (RedisErrors.IsAway(error))
        {
            return true;
        }
        // The queue has begun anew, and others will take the lanes of this node as soon as it is gone: so its late results must not count. Those that the
        // store has already may still be on their way to Redis, so whoever takes its lanes looks them over.
        await store.LeaveAsync(node, cancellationToken).ConfigureAwait(false);
        await TryAsync(roster.DoubtAllAsync).ConfigureAwait(false);
        return false;
    }

    public async Task<IReadOnlyList<string>> ExpelAsync(Id<Node> self, TimeSpan limit, CancellationToken cancellationToken)
    {
        var expelled = await store.ExpelAsync(self, limit, cancellationToken).ConfigureAwait(false);
        // Otherwise, and where this goes wrong, the next heartbeat of anyone does it.
        if (expelled.Count > 0)
            await TryAsync(() => roster.TendAsync(cancellationToken)).ConfigureAwait(false);
        return expelled;
    }

    public async Task LeaveAsync(Id<Node> node, CancellationToken cancellationToken)
    {
        await store.LeaveAsync(node, cancellationToken).ConfigureAwait(false);
        await TryAsync(async () =>
        {
            // Before it is gone in order: nobody would look over what it leaves in doubt.
            await doubts.TellAsync().ConfigureAwait(false);
            await roster.RemoveAsync(node).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    public async Task<IReadOnlyList<NodeStatus>> ReadNodesAsync(CancellationToken cancellationToken)
    {
        var nodes = (await store.ReadNodesAsync(cancellationToken).ConfigureAwait(false)).ToArray();
        await TryAsync(async () =>
        {
            for (var i = 0; i < nodes.Length; i++)
            {
                var owned = await lanes.CountOwnedAsync(nodes[i].Id).ConfigureAwait(false);
                nodes[i] = nodes[i] with { Lanes = new CappedCount((int)Math.Min(owned, MaxLanes), owned > MaxLanes) };
            }
        }).ConfigureAwait(false);
        return nodes;
    }

    /// <summary>Tells Redis what it may do without: it is found later.</summary>
    private static async Task TryAsync(Func<Task> tell)
    {
        try
        {
            await tell().ConfigureAwait(false);
        }
        catch (Exception error) when (RedisErrors.IsAway(error))
        {
        }
    }

    /// <summary>Tells Redis about one lane what it must know; false, and the lane is in doubt, when it is away.</summary>
    private async Task<bool> TellAsync(Id<Endpoint> lane, Func<Task> tell)
    {
        try
        {
            await tell().ConfigureAwait(false);
            return true;
        }
        catch (Exception error) when (RedisErrors.IsAway(error))
        {
            doubts.Add(lane);
            return false;
        }
    }
}
