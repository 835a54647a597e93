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

    public Task<IReadOnlyList<Rollup>> SumRollupsAsync(
        Id<Endpoint> endpoint, DateTimeOffset since, DateTimeOffset until, TimeSpan width, CancellationToken cancellationToken) =>
        readers.RunAsync<IReadOnlyList<Rollup>>(
            session => [.. Rollups.Sum(session, RollupScope.Of(endpoint), since, until, width).Select(span => new Rollup(
                endpoint, span.Start, (int)span.Sum.Succeeded, (int)span.Sum.Failed, span.Sum.DurationMs, span.Sum.MaxDurationMs,
                (int)span.Sum.Cancelled))],
            cancellationToken);

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
