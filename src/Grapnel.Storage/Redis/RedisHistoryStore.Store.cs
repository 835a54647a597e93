namespace Grapnel.Storage.Redis;

// What does not depend on the queue.
internal sealed partial class RedisHistoryStore
{
    public Task<Message?> FindMessageAsync(Id<Application> application, string idOrEventId, CancellationToken cancellationToken) =>
        store.FindMessageAsync(application, idOrEventId, cancellationToken);

    public Task<Page<Message>> ListMessagesAsync(
        Id<Application> application, MessageFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        store.ListMessagesAsync(application, filter, page, cancellationToken);

    public Task<Page<MessageRow>> ListMessageRowsAsync(MessageRowFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        store.ListMessageRowsAsync(filter, page, cancellationToken);

    public Task<DeliveryProgress> ReadProgressAsync(Message message, CancellationToken cancellationToken) =>
        store.ReadProgressAsync(message, cancellationToken);

    public Task<ApplicationContents> CountContentsAsync(Id<Application> application, int limit, CancellationToken cancellationToken) =>
        store.CountContentsAsync(application, limit, cancellationToken);

    public Task<IReadOnlyList<Message>> ReadMessagesAsync(
         Id<Application> application, IReadOnlyCollection<Id<Message>> ids, bool withPayload, CancellationToken cancellationToken) =>
        store.ReadMessagesAsync(application, ids, withPayload, cancellationToken);

    public Task<Page<Attempt>> ListAttemptsAsync(
        Id<Application> application, AttemptFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        store.ListAttemptsAsync(application, filter, page, cancellationToken);

    public Task<Attempt?> FindAttemptAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken) =>
        store.FindAttemptAsync(message, attempt, cancellationToken);

    public Task<AttemptHeaders?> FindAttemptHeadersAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken) =>
        store.FindAttemptHeadersAsync(message, attempt, cancellationToken);

    public Task<bool> ExpungeAttemptAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken) =>
        store.ExpungeAttemptAsync(message, attempt, cancellationToken);

    public Task<EndpointHealth?> FindHealthAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) =>
        store.FindHealthAsync(endpoint, cancellationToken);

    public Task<IReadOnlyList<Rollup>> ReadRollupsAsync(
        Id<Endpoint> endpoint, DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken) =>
        store.ReadRollupsAsync(endpoint, since, until, cancellationToken);

    public Task<ReplayPage> ReadReplayAsync(ReplayQuery query, ReadOnlyMemory<byte>? after, int limit, CancellationToken cancellationToken) =>
        store.ReadReplayAsync(query, after, limit, cancellationToken);

    public Task<IReadOnlyList<Rollup>> SumRollupsAsync(
         Id<Endpoint> endpoint, DateTimeOffset since, DateTimeOffset until, TimeSpan width, CancellationToken cancellationToken) =>
        store.SumRollupsAsync(endpoint, since, until, width, cancellationToken);

    public Task<CappedCount> CountPendingAsync(Id<Endpoint> endpoint, int limit, CancellationToken cancellationToken) =>
        store.CountPendingAsync(endpoint, limit, cancellationToken);

    public Task<Backlog> ReadBacklogAsync(CancellationToken cancellationToken) =>
        store.ReadBacklogAsync(cancellationToken);

    public Task<ContentPosition?> ExpireContentAsync(ContentPosition? from, int limit, CancellationToken cancellationToken) =>
        store.ExpireContentAsync(from, limit, cancellationToken);

    public Task<bool> ExpirePayloadsAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        store.ExpirePayloadsAsync(before, limit, cancellationToken);

    public Task<bool> ThinAttemptsAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        store.ThinAttemptsAsync(before, limit, cancellationToken);

    public Task<PrunePosition?> PruneAsync(DateTimeOffset before, PrunePosition? from, int limit, CancellationToken cancellationToken) =>
        store.PruneAsync(before, from, limit, cancellationToken);
}
