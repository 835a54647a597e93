namespace Grapnel.Storage.Sqlite;

/// <summary>Reading history with hand-written statements: each walks an index from where it begins.</summary>
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
        SumRollupsAsync(endpoint, since, until, TimeSpan.FromMinutes(1), cancellationToken);

    // Added up here: SQLite would sort what it groups by an expression.
    public Task<IReadOnlyList<Rollup>> SumRollupsAsync(
        Id<Endpoint> endpoint, DateTimeOffset since, DateTimeOffset until, TimeSpan width, CancellationToken cancellationToken) =>
        readers.RunAsync(session =>
        {
            var sums = new List<Rollup>();
            var select = session.Prepare("""
                SELECT minute, succeeded, failed, duration_ms, max_duration_ms, cancelled FROM rollup
                WHERE endpoint_id = ? AND minute >= ? AND minute < ? ORDER BY minute
                """).Bind(endpoint).Bind(since.ToUnixTimeMilliseconds()).Bind(until.ToUnixTimeMilliseconds());
            while (select.Step())
            {
                var start = select.Int64(0) - select.Int64(0) % (long)width.TotalMilliseconds;
                var row = new Rollup(
                    endpoint, DateTimeOffset.FromUnixTimeMilliseconds(start), select.Int32(1), select.Int32(2), select.Int64(3), select.Int32(4),
                    select.Int32(5));
                if (sums is [.., var last] && last.Minute == row.Minute)
                    sums[^1] = Add(last, row);
                else
                    sums.Add(row);
            }
            return (IReadOnlyList<Rollup>)sums;
        }, cancellationToken);

    private static Rollup Add(Rollup a, Rollup b) => new(
        a.EndpointId, a.Minute, a.Succeeded + b.Succeeded, a.Failed + b.Failed, a.DurationMs + b.DurationMs,
        Math.Max(a.MaxDurationMs, b.MaxDurationMs), a.Cancelled + b.Cancelled);

    public Task<Backlog> ReadBacklogAsync(CancellationToken cancellationToken) => readers.RunAsync(session =>
    {
        var pending = session.Prepare("SELECT value FROM counter WHERE name = 'pending'").RunInt64();
        var oldest = pending == 0 ? null : ReadAll(session.Prepare(LaneSql.OldestAcceptedAt), row => row.TimeOrNull(0))[0];
        return new Backlog(pending, oldest);
    }, cancellationToken);

    internal static IReadOnlyList<T> ReadAll<T>(Statement select, Func<Statement, T> read)
    {
        var rows = new List<T>();
        while (select.Step())
            rows.Add(read(select));
        return rows;
    }
}
