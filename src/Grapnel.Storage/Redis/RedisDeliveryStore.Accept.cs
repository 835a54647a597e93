namespace Grapnel.Storage.Redis;

internal sealed partial class RedisDeliveryStore
{
    public async Task<AcceptResult> AcceptAsync(AcceptBatch batch, CancellationToken cancellationToken)
    {
        var result = await store.AcceptAsync(batch with { LanesToTake = [] }, cancellationToken).ConfigureAwait(false);
        if (result.IsStale)
            return result;
        var placed = new Dictionary<Id<Endpoint>, List<LaneRow>>();
        for (var i = 0; i < batch.Items.Count; i++)
        {
            var dueAt = batch.Items[i].Message.DeliverAt?.ToUnixTimeMilliseconds() ?? 0;
            for (var j = 0; j < result.Receipts[i].Seqs.Length; j++)
                Add(placed, batch.Items[i].Endpoints[j], new LaneRow(result.Receipts[i].Seqs.Span[j], dueAt, 0));
        }
        return result with { LanesTaken = await PlaceAsync(batch.Node, placed, batch.LanesToTake).ConfigureAwait(false) };
    }

    public async Task<IReadOnlyList<Delivery>> ResendAsync(
        Message message, IReadOnlyList<Id<Endpoint>> endpoints, CancellationToken cancellationToken)
    {
        var deliveries = await store.ResendAsync(message, endpoints, cancellationToken).ConfigureAwait(false);
        await Task.WhenAll(deliveries.GroupBy(delivery => delivery.EndpointId, delivery => new LaneRow(delivery.Seq, 0, 0))
            .Select(lane => TellAsync(lane.Key, () => lanes.PutAsync(lane.Key, [.. lane])))).ConfigureAwait(false);
        return deliveries;
    }

    // The step itself tells neither places nor due times, so they are read where new rows are: at the end of the two runs in which they begin.
    public async Task<ReplayResult?> ReplayAsync(ReplayBatch batch, CancellationToken cancellationToken)
    {
        var result = await store.ReplayAsync(batch, cancellationToken).ConfigureAwait(false);
        if (result is not { Added: > 0 })
            return result;
        var lane = batch.Step.Task.EndpointId!.Value;
        await TellAsync(lane, async () =>
        {
            foreach (var run in new[] { 0, 1 })
                for (LanePosition? at = new LanePosition(run, result.FirstSeq - 1); at is { } position && position.Run == run;)
                {
                    var walk = await rows.WalkAsync(lane, position, limit: 1_000, CancellationToken.None).ConfigureAwait(false);
                    await lanes.PutAsync(lane, walk.Rows).ConfigureAwait(false);
                    at = walk.Next;
                }
        }).ConfigureAwait(false);
        return result;
    }

    private static void Add(Dictionary<Id<Endpoint>, List<LaneRow>> placed, Id<Endpoint> lane, LaneRow row)
    {
        if (!placed.TryGetValue(lane, out var deliveries))
            placed.Add(lane, deliveries = []);
        deliveries.Add(row);
    }

    /// <summary>
    /// Notes deliveries that the store has, and takes lanes; all lanes at once, over one connection. Returns those that the node owns now. What is durable
    /// is accepted, whether Redis is there or not.
    /// </summary>
    private async Task<IReadOnlyList<Id<Endpoint>>> PlaceAsync(
        Id<Node> node, Dictionary<Id<Endpoint>, List<LaneRow>> placed, IReadOnlyList<Id<Endpoint>> toTake)
    {
        var puts = placed.ToDictionary(lane => lane.Key, lane => TellAsync(lane.Key, () => lanes.PutAsync(lane.Key, lane.Value)));
        var told = await Task.WhenAll(puts.Values).ConfigureAwait(false);
        if (toTake.Count == 0 || (told.Length > 0 && !Array.Exists(told, done => done)))
            return [];
        var taken = await Task.WhenAll(toTake.Select(async lane =>
            (!puts.TryGetValue(lane, out var put) || await put.ConfigureAwait(false)) && await TakeAsync(node, lane).ConfigureAwait(false))).ConfigureAwait(false);
        return [.. toTake.Where((_, i) => taken[i])];
    }

    /// <summary>Whether the node owns the lane now: because it did, or because nobody did.</summary>
    private async Task<bool> TakeAsync(Id<Node> node, Id<Endpoint> lane)
    {
        try
        {
            return await roster.FindEpochToTakeInAsync(node, CancellationToken.None).ConfigureAwait(false) is { } epoch
                && (await TakeAsync(lane, epoch, node).ConfigureAwait(false)).Owner == node.ToString();
        }
        catch (Exception error) when (RedisErrors.IsAway(error) || error is StoreUnavailableException)
        {
            return false;
        }
    }

    private async Task<(string Owner, bool IsNew)> TakeAsync(Id<Endpoint> lane, string epoch, Id<Node> node, string gone = "")
    {
        var taken = await lanes.TakeAsync(lane, epoch, node, gone).ConfigureAwait(false);
        if (taken.Owner.Length == 0)
            roster.Suspect();
        else if (!taken.IsNew && gone.Length == 0 && taken.Owner != node.ToString() && await roster.IsGoneAsync(taken.Owner).ConfigureAwait(false))
            return await TakeAsync(lane, epoch, node, gone: taken.Owner).ConfigureAwait(false);
        return taken;
    }
}
