namespace Grapnel.Storage.Redis;

/// <summary>Erases applications with Redis as the queue: the keys of a lane go before what the store says of its endpoint, so that none is forgotten.</summary>
internal sealed class RedisErasureStore(IErasureStore store, RedisLanes lanes, RedisRoster roster) : IErasureStore
{
    public async Task<BackgroundTask?> EraseAsync(BackgroundTask task, Id<Node> node, int limit, CancellationToken cancellationToken)
    {
        if (ErasureCursor.Of(task) is { Phase: ErasurePhase.Endpoints } at)
            await ForgetAsync(
                await store.ReadErasedEndpointsAsync(task.ApplicationId!.Value, at.Endpoint, ErasureCursor.EndpointsAtOnce, cancellationToken)
                    .ConfigureAwait(false)).ConfigureAwait(false);
        return await store.EraseAsync(task, node, limit, cancellationToken).ConfigureAwait(false);
    }

    public Task<IReadOnlyList<Id<Endpoint>>> ReadErasedEndpointsAsync(
        Id<Application> application, Id<Endpoint> after, int limit, CancellationToken cancellationToken) =>
        store.ReadErasedEndpointsAsync(application, after, limit, cancellationToken);

    private async Task ForgetAsync(IReadOnlyList<Id<Endpoint>> endpoints)
    {
        try
        {
            var nodes = (await roster.LookAsync().ConfigureAwait(false)).Nodes;
            foreach (var endpoint in endpoints)
                await lanes.ForgetAsync(endpoint, nodes).ConfigureAwait(false);
        }
        catch (Exception error) when (RedisErrors.IsAway(error))
        {
            throw RedisErrors.Unavailable(error);
        }
    }
}
