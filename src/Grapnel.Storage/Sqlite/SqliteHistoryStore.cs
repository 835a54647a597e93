using Grapnel.Sending;

namespace Grapnel.Storage.Sqlite;

/// <summary>Reading history with hand-written statements: each walks an index from where the page begins.</summary>
internal sealed partial class SqliteHistoryStore(SqliteGate gate, SqliteReaders readers, TimeProvider time) : IHistoryStore
{
    /// <summary>The stored health of one endpoint.</summary>
    public const string HealthSql = "SELECT endpoint_id, failing_since, failures, paused_until FROM endpoint_health WHERE endpoint_id = ?";

    public Task<EndpointHealth?> FindHealthAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) =>
        readers.RunAsync(session =>
        {
            var select = session.Prepare(HealthSql).Bind(endpoint);
            return ReadAll(select, Rows.ReadHealth).FirstOrDefault();
        }, cancellationToken);

    public Task<IReadOnlyList<Rollup>> ReadRollupsAsync(
        Id<Endpoint> endpoint, DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken) =>
        readers.RunAsync(session => ReadAll(
            session.Prepare("""
                SELECT minute, succeeded, failed, duration_ms, max_duration_ms FROM rollup
                WHERE endpoint_id = ? AND minute >= ? AND minute < ? ORDER BY minute
                """).Bind(endpoint).Bind(since.ToUnixTimeMilliseconds()).Bind(until.ToUnixTimeMilliseconds()),
            row => new Rollup(endpoint, row.Time(0), row.Int32(1), row.Int32(2), row.Int64(3), row.Int32(4))), cancellationToken);

    public Task<Backlog> ReadBacklogAsync(CancellationToken cancellationToken) => readers.RunAsync(session =>
    {
        var pending = session.Prepare("SELECT value FROM counter WHERE name = 'pending'").RunInt64();
        var oldest = pending == 0 ? null : ReadAll(session.Prepare(LaneSql.OldestAcceptedAt), row => row.TimeOrNull(0))[0];
        return new Backlog(pending, oldest);
    }, cancellationToken);

    /// <summary>
    /// One state per endpoint. What is pending comes before what has ended, and the scheduled delivery before manual ones.
    /// </summary>
    public Task<IReadOnlyList<DeliveryState>> ReadDeliveriesAsync(Message message, CancellationToken cancellationToken) =>
        readers.RunAsync(session =>
        {
            var select = session.Prepare("SELECT owed FROM message WHERE application_id = ? AND id = ?").Bind(message.ApplicationId).Bind(message.Id);
            if (!select.Step())
                return [];
            var owed = Owed.Unpack(select.Blob(0));
            select.Reset();
            var outcomes = ReadLastOutcomes(session, message.Id);
            return (IReadOnlyList<DeliveryState>)[.. owed
                .GroupBy(pair => pair.EndpointId, pair => pair.Seq)
                .OrderBy(group => group.Key)
                .Select(group => ReadPending(session, group) ?? ReadEnd(session, group.Key, message.Id))
                .OfType<DeliveryState>()
                .Select(state => state with { LastOutcome = outcomes.TryGetValue(state.EndpointId, out var last) ? last : null })];
        }, cancellationToken);

    private static DeliveryState? ReadPending(SqliteSession session, IGrouping<Id<Endpoint>, long> places) => places
        .SelectMany(seq => ReadAll(
            session.Prepare("SELECT due_at, attempts, trigger FROM delivery WHERE endpoint_id = ? AND stage IN (0, 1, 2) AND seq = ?")
                .Bind(places.Key).Bind(seq),
            row => (Trigger: row.Int32(2), State: new DeliveryState(places.Key, null, row.Time(0), row.Int32(1), null))))
        .OrderBy(found => found.Trigger)
        .Select(found => found.State)
        .FirstOrDefault();

    // A message that was sent again can have ended more than once. Delivered (1) stays delivered, since the first time; else the last end counts.
    private static DeliveryState? ReadEnd(SqliteSession session, Id<Endpoint> endpoint, Id<Message> message) => ReadAll(
        session.Prepare("""
            SELECT end, at, attempts FROM (
                SELECT end, started_at + duration_ms AS at, end_attempts AS attempts FROM attempt
                WHERE message_id = ? AND +endpoint_id = ? AND end IS NOT NULL
                UNION ALL
                SELECT end, at, attempts FROM finished_delivery WHERE message_id = ? AND endpoint_id = ?)
            ORDER BY end <> 1, CASE end WHEN 1 THEN at ELSE -at END LIMIT 1
            """).Bind(message).Bind(endpoint).Bind(message).Bind(endpoint),
        row => new DeliveryState(endpoint, (DeliveryEnd)row.Int32(0), row.Time(1), row.Int32(2), null)).FirstOrDefault();

    private static Dictionary<Id<Endpoint>, SendOutcome> ReadLastOutcomes(SqliteSession session, Id<Message> message)
    {
        var outcomes = new Dictionary<Id<Endpoint>, SendOutcome>();
        var select = session.Prepare("SELECT endpoint_id, outcome FROM attempt WHERE message_id = ? ORDER BY id").Bind(message);
        while (select.Step())
            outcomes[select.Id<Endpoint>(0)] = (SendOutcome)select.Int32(1);
        return outcomes;
    }

    private static IReadOnlyList<T> ReadAll<T>(Statement select, Func<Statement, T> read)
    {
        var rows = new List<T>();
        while (select.Step())
            rows.Add(read(select));
        return rows;
    }
}
