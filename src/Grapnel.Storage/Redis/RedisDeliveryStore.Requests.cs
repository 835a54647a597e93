namespace Grapnel.Storage.Redis;

internal sealed partial class RedisDeliveryStore
{
    public async Task<IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)>> CancelAsync(
        Message message, Id<Endpoint>? endpoint, CancellationToken cancellationToken) =>
        await EndedAsync(await store.CancelAsync(message, endpoint, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);

    public async Task<IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)>> ExpungeAsync(Message message, CancellationToken cancellationToken) =>
        await EndedAsync(await store.ExpungeAsync(message, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);

    public async Task<CancelPage> CancelOlderAsync(
        Id<Endpoint> endpoint, DateTimeOffset acceptedBefore, LanePosition? after, int limit, CancellationToken cancellationToken)
    {
        var page = await store.CancelOlderAsync(endpoint, acceptedBefore, after, limit, cancellationToken).ConfigureAwait(false);
        await EndedAsync(page.Ended).ConfigureAwait(false);
        return page;
    }

    public Task PauseLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) => store.PauseLaneAsync(endpoint, cancellationToken);

    public Task ResumeLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) => store.ResumeLaneAsync(endpoint, cancellationToken);

    public async Task<int> DropLaneAsync(Id<Endpoint> endpoint, int limit, CancellationToken cancellationToken)
    {
        var dropped = await rows.DropAsync(endpoint, limit, cancellationToken).ConfigureAwait(false);
        await TryAsync(async () =>
        {
            await lanes.RemoveAsync(endpoint, dropped).ConfigureAwait(false);
            if (dropped.Count < limit)
                await lanes.ReleaseAsync(endpoint, null).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return dropped.Count;
    }

    private async Task<IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)>> EndedAsync(IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)> ended)
    {
        await Task.WhenAll(ended.GroupBy(pair => pair.EndpointId, pair => pair.Seq).Select(lane => TryAsync(() => lanes.RemoveAsync(lane.Key, lane))))
            .ConfigureAwait(false);
        return ended;
    }
}
