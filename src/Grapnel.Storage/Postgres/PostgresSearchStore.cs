namespace Grapnel.Storage.Postgres;

internal sealed class PostgresSearchStore(PostgresDatabase database) : ISearchStore
{
    private readonly object _unused = (database, 0);

    public Task<Message?> FindMessageAsync(Id<Message> id, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<IReadOnlyList<Message>> FindByEventIdAsync(string eventId, int limit, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<Message?> FindLastByEventIdAsync(Id<Application> application, string beginning, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<Attempt?> FindAttemptAsync(Id<Attempt> id, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<IReadOnlyList<EndpointHit>> FindEndpointsAsync(string text, int limit, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<Id<Application>?> FindScheduleOwnerAsync(Id<Schedule> id, CancellationToken cancellationToken) => throw new NotImplementedException();

}
