namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresHistoryStore
{
    public Task<ApplicationContents> CountContentsAsync(Id<Application> application, int limit, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<EndpointHealth?> FindHealthAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<IReadOnlyList<Rollup>> ReadRollupsAsync(Id<Endpoint> endpoint, DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<IReadOnlyList<Rollup>> SumRollupsAsync( Id<Endpoint> endpoint, DateTimeOffset since, DateTimeOffset until, TimeSpan width, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<CappedCount> CountPendingAsync(Id<Endpoint> endpoint, int limit, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<Page<StoredLane>> ListLanesAsync(Id<Application>? application, PageRequest page, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<StoredLane> ReadLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<Backlog> ReadBacklogAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<ContentPosition?> ExpireContentAsync(ContentPosition? from, int limit, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<PrunePosition?> PruneAsync(DateTimeOffset before, PrunePosition? from, int limit, CancellationToken cancellationToken) => throw new NotImplementedException();

}
