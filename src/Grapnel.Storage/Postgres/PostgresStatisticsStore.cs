namespace Grapnel.Storage.Postgres;

internal sealed class PostgresStatisticsStore(PostgresDatabase database, TimeProvider time) : IStatisticsStore
{
    private readonly object _unused = (database, time, 0);

    public Task<IReadOnlyList<IReadOnlyList<RollupSpan>>> SumAsync( IReadOnlyList<RollupScope> scopes, DateTimeOffset since, DateTimeOffset until, TimeSpan width, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<long> CountPendingAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<EndpointCounts> CountEndpointsAsync(TroubleRule rule, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<IReadOnlyList<TroubledEndpoint>> ReadTroubledAsync( TroubleRule rule, Id<Application>? application, int limit, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<IReadOnlyList<StoredLane>> ReadLanesAsync(IReadOnlyList<Id<Endpoint>> endpoints, CancellationToken cancellationToken) => throw new NotImplementedException();

}
