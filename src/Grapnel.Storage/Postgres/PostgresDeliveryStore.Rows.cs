namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresDeliveryStore
{
    public Task<LaneRows> ReadAsync(Id<Endpoint> endpoint, IReadOnlyList<long> places, long byteLimit, CancellationToken cancellationToken) =>
        database.ReadAsync(async session =>
        {
            var rows = (await session.Prepare("""
                SELECT seq, due_at, attempts, trigger, message_id, bytes FROM delivery
                WHERE endpoint_id = $1 AND stage = ANY ('{0,1,2}') AND seq = ANY ($2)
                """).Bind(endpoint).Bind(places.ToArray())
                .RowsAsync(row => new PlacedRow(row)).ConfigureAwait(false)).ToDictionary(row => row.Seq);
            var (page, gone, bytes) = (new List<PlacedRow>(places.Count), new List<long>(), 0L);
            foreach (var seq in places)
            {
                if (page.Count > 0 && bytes >= byteLimit)
                    break;
                if (!rows.TryGetValue(seq, out var row))
                {
                    gone.Add(seq);
                    continue;
                }
                page.Add(row);
                bytes += Delivery.Overhead + row.Bytes;
            }
            var messages = await Messages.ReadAsync(session, page.Select(row => row.Message), withPayload: true).ConfigureAwait(false);
            return new LaneRows(
                // One whose message is gone was ended after it was read here.
                [.. page.Where(row => messages.ContainsKey(row.Message)).Select(row => row.As(endpoint, messages[row.Message]))],
                gone, page.Count + gone.Count < places.Count, await PostgresLaneReader.ReadHealthAsync(session, endpoint).ConfigureAwait(false),
                await PostgresLaneReader.IsPausedAsync(session, endpoint).ConfigureAwait(false));
        }, cancellationToken);

    public Task<LaneWalk> WalkAsync(Id<Endpoint> endpoint, LanePosition after, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(async session =>
        {
            // The range around the messages spares the partitions that hold none of them.
            var rows = await session.Prepare("""
                WITH d AS MATERIALIZED (
                    SELECT seq, due_at, attempts, trigger, message_id FROM delivery
                    WHERE endpoint_id = $1 AND stage = $2 AND seq > $3 ORDER BY seq LIMIT $4
                ), newest AS (
                    SELECT DISTINCT ON (a.message_id) a.message_id, a.number, a.next_attempt_at FROM attempt a
                    WHERE a.message_id IN (SELECT message_id FROM d WHERE trigger = 0)
                        AND a.message_id >= (SELECT message_id FROM d ORDER BY 1 LIMIT 1) AND a.message_id <= (SELECT message_id FROM d ORDER BY 1 DESC LIMIT 1)
                        AND a.endpoint_id = $1 AND a.number > 0
                    ORDER BY a.message_id, a.number DESC, a.id DESC
                )
                SELECT d.seq, d.due_at, d.attempts, n.number, n.next_attempt_at FROM d
                LEFT JOIN newest n ON n.message_id = d.message_id AND d.trigger = 0 ORDER BY d.seq
                """).Bind(endpoint).Bind(Runs[after.Run]).Bind(after.Seq).Bind(limit)
                .RowsAsync(row => new LaneRow(row.Int64(0), row.Int64(1), row.Int32(2)).Since(row.IsNull(3) ? null : row.Int32(3), row.Int64OrNull(4)))
                .ConfigureAwait(false);
            return LaneWalk.Of(rows, after, limit, Runs.Length);
        }, cancellationToken);

    public Task<IReadOnlyList<Id<Endpoint>>> ReadPendingLanesAsync(Id<Endpoint>? after, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<Id<Endpoint>>>(async session => await session.Prepare("""
            WITH RECURSIVE pending (endpoint_id) AS (
                (SELECT endpoint_id FROM delivery WHERE endpoint_id > $1 ORDER BY endpoint_id LIMIT 1)
                UNION ALL
                SELECT (SELECT d.endpoint_id FROM delivery d WHERE d.endpoint_id > pending.endpoint_id ORDER BY d.endpoint_id LIMIT 1)
                FROM pending WHERE pending.endpoint_id IS NOT NULL
            )
            SELECT endpoint_id FROM pending WHERE endpoint_id IS NOT NULL LIMIT $2
            """).Bind(after ?? default).Bind(limit).RowsAsync(row => row.Id<Endpoint>(0)).ConfigureAwait(false), cancellationToken);

    private sealed class PlacedRow(PostgresRow row)
    {
        private readonly long _dueAt = row.Int64(1);
        private readonly int _attempts = row.Int32(2);
        private readonly Trigger _trigger = (Trigger)row.Int16(3);

        public long Seq { get; } = row.Int64(0);

        public Id<Message> Message { get; } = row.Id<Message>(4);

        public int Bytes { get; } = row.Int32(5);

        public Delivery As(Id<Endpoint> endpoint, Message message) => new()
        {
            EndpointId = endpoint, Seq = Seq, DueAt = _dueAt, Attempts = _attempts, Trigger = _trigger, Message = message,
        };
    }
}
