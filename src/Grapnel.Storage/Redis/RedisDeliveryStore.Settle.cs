namespace Grapnel.Storage.Redis;

internal sealed partial class RedisDeliveryStore
{
    public async Task<bool> SettleAsync(SettleBatch batch, CancellationToken cancellationToken)
    {
        // 1. Fencing, the log and what has ended: one transaction of the store. Of what is tried again, the log is all that it writes.
        if (!await store.SettleAsync(batch with { KeepsRows = true, Released = [] }, cancellationToken).ConfigureAwait(false))
            return false;
        // 2. Where deliveries stand now. One that was cancelled meanwhile is not known any more, and stays so.
        await Task.WhenAll(batch.Settlements.GroupBy(settlement => settlement.Attempt.EndpointId).Select(lane => MoveAsync(lane.Key, [.. lane])))
            .ConfigureAwait(false);
        // 3. Lanes given back. One that stays with this node because Redis is away is found when the node asks what it owns.
        await Task.WhenAll(batch.Released.Select(lane => TryAsync(() => lanes.ReleaseAsync(lane, batch.Node)))).ConfigureAwait(false);
        return true;
    }

    private async Task MoveAsync(Id<Endpoint> lane, List<Settlement> settlements)
    {
        var again = settlements.FindAll(settlement => settlement.End is null)
            .ConvertAll(settlement => new LaneRow(settlement.Seq, settlement.DueAt, settlement.Attempts));
        var ended = settlements.FindAll(settlement => settlement.End is not null).ConvertAll(settlement => settlement.Seq);
        await Task.WhenAll(
            again.Count == 0 ? Task.CompletedTask : TellAsync(lane, () => lanes.PutAsync(lane, again, onlyKnown: true)),
            TryAsync(() => lanes.RemoveAsync(lane, ended))).ConfigureAwait(false);
    }
}
