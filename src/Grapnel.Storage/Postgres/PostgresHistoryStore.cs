namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresHistoryStore(PostgresDatabase database, PostgresPartitions partitions, Guid writer, TimeProvider time) : IHistoryStore
{
    private readonly object _unused = (database, partitions, writer, time, 0);

    public Task<Message?> FindMessageAsync(Id<Application> application, string idOrEventId, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<Page<Message>> ListMessagesAsync(Id<Application> application, MessageFilter filter, PageRequest page, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<Page<MessageRow>> ListMessageRowsAsync(MessageRowFilter filter, PageRequest page, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<DeliveryProgress> ReadProgressAsync(Message message, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<IReadOnlyList<Message>> ReadMessagesAsync( Id<Application> application, IReadOnlyCollection<Id<Message>> ids, bool withPayload, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<Page<Attempt>> ListAttemptsAsync(Id<Application> application, AttemptFilter filter, PageRequest page, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<Attempt?> FindAttemptAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<AttemptHeaders?> FindAttemptHeadersAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<Page<AttemptedMessage>> ListAttemptedMessagesAsync( Id<Application> application, Id<Endpoint> endpoint, AttemptedFilter filter, PageRequest page, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<Page<Destination>> ListDestinationsAsync( Message message, Func<Id<Endpoint>, long, bool> isSending, PageRequest page, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<bool> ExpungeAttemptAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<IReadOnlyList<DeliveryState>> ReadDeliveriesAsync(Message message, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<PendingDelivery?> FindPendingAsync(Message message, Id<Endpoint> endpoint, CancellationToken cancellationToken) => throw new NotImplementedException();

    public Task<ReplayPage> ReadReplayAsync(ReplayQuery query, ReadOnlyMemory<byte>? after, int limit, CancellationToken cancellationToken) => throw new NotImplementedException();

}
