namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteDeliveryStore
{
    public Task<LaneRows> ReadAsync(Id<Endpoint> endpoint, IReadOnlyList<long> places, long byteLimit, CancellationToken cancellationToken) =>
        readers.RunAsync(session =>
        {
            var (deliveries, gone, bytes) = (new List<Delivery>(places.Count), new List<long>(), 0L);
            foreach (var seq in places)
            {
                if (deliveries.Count > 0 && bytes >= byteLimit)
                    break;
                if (ReadPending(session, endpoint, seq) is not { } delivery)
                {
                    gone.Add(seq);
                    continue;
                }
                deliveries.Add(delivery);
                bytes += delivery.Footprint;
            }
            return new LaneRows(
                deliveries, gone, deliveries.Count + gone.Count < places.Count, SqliteLaneReader.ReadHealth(session, endpoint),
                SqliteLaneReader.IsPaused(session, endpoint));
        }, cancellationToken);

    public Task<LaneWalk> WalkAsync(Id<Endpoint> endpoint, LanePosition after, int limit, CancellationToken cancellationToken) =>
        readers.RunAsync(session =>
        {
            var rows = new List<(LaneRow Row, Trigger Trigger, Id<Message> Message)>();
            var select = session.Prepare("""
                SELECT d.seq, d.due_at, d.attempts, d.trigger, m.id FROM delivery d CROSS JOIN message m ON m.n = d.message_n
                WHERE d.endpoint_id = ? AND d.stage = ? AND d.seq > ? ORDER BY d.seq LIMIT ?
                """).Bind(endpoint).Bind(Runs[after.Run]).Bind(after.Seq).Bind(limit);
            while (select.Step())
                rows.Add((new LaneRow(select.Int64(0), select.Int64(1), select.Int32(2)), (Trigger)select.Int32(3), select.Id<Message>(4)));
            return LaneWalk.Of(
                rows.ConvertAll(row => row.Trigger == Trigger.Scheduled ? SinceLog(session, endpoint, row.Message, row.Row) : row.Row), after, limit, Runs.Length);
        }, cancellationToken);

    public Task<IReadOnlyList<Id<Endpoint>>> ReadPendingLanesAsync(Id<Endpoint>? after, int limit, CancellationToken cancellationToken) =>
        readers.RunAsync(session =>
        {
            var lanes = new List<Id<Endpoint>>();
            var at = after?.ToBytes() ?? [];
            var next = session.Prepare(LaneSql.Next);
            while (lanes.Count < limit && SqliteHistoryStore.Find(next, at) is { } lane)
            {
                lanes.Add(lane);
                at = lane.ToBytes();
            }
            return (IReadOnlyList<Id<Endpoint>>)lanes;
        }, cancellationToken);

    private static Delivery? ReadPending(SqliteSession session, Id<Endpoint> endpoint, long seq)
    {
        var select = session.Prepare($"""
            SELECT d.due_at, d.attempts, d.trigger, {Rows.MessageColumns}, {Rows.Payload} FROM delivery d CROSS JOIN message m ON m.n = d.message_n
            WHERE d.endpoint_id = ? AND d.stage IN (0, 1, 2) AND d.seq = ?
            """).Bind(endpoint).Bind(seq);
        if (!select.Step())
            return null;
        var delivery = new Delivery
        {
            EndpointId = endpoint,
            Seq = seq,
            DueAt = select.Int64(0),
            Attempts = select.Int32(1),
            Trigger = (Trigger)select.Int32(2),
            Message = Rows.ReadMessage(select, column: 3),
        };
        select.Reset();
        return delivery;
    }

    private static LaneRow SinceLog(SqliteSession session, Id<Endpoint> endpoint, Id<Message> message, LaneRow row)
    {
        var select = session.Prepare("""
            SELECT number, next_attempt_at FROM attempt WHERE message_id = ? AND +endpoint_id = ? AND number > 0 ORDER BY number DESC, id DESC LIMIT 1
            """).Bind(message).Bind(endpoint);
        if (!select.Step())
            return row;
        var since = row.Since(select.Int32(0), select.Int64OrNull(1));
        select.Reset();
        return since;
    }
}
