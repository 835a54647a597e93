namespace Grapnel.Storage.Sqlite;

/// <summary>Figures, read in one snapshot per call: a seek per span and scope, and walks along the indexes of what is in trouble.</summary>
internal sealed class SqliteStatisticsStore(SqliteReaders readers, TimeProvider time) : IStatisticsStore
{
    private const int MaxPending = 10_000;
    private const int MaxLookedAt = 10_000;

    public Task<IReadOnlyList<IReadOnlyList<RollupSpan>>> SumAsync(
        IReadOnlyList<RollupScope> scopes, DateTimeOffset since, DateTimeOffset until, TimeSpan width, CancellationToken cancellationToken) =>
        readers.RunAsync<IReadOnlyList<IReadOnlyList<RollupSpan>>>(
            session => [.. scopes.Select(scope => Rollups.Sum(session, scope, since, until, width))], cancellationToken);

    public Task<long> CountPendingAsync(CancellationToken cancellationToken) =>
        readers.RunAsync(session => ReadCounter(session, "pending"), cancellationToken);

    public Task<EndpointCounts> CountEndpointsAsync(TroubleRule rule, CancellationToken cancellationToken) => readers.RunAsync(session =>
    {
        var counts = ReadFailing(session)
            .Select(health => rule.Judge(FindEndpoint(session, health.EndpointId)?.Enabled ?? false, health, time.GetUtcNow()))
            .CountBy(condition => condition).ToDictionary();
        var (paused, inTrouble) = (counts.GetValueOrDefault(EndpointCondition.Paused), counts.GetValueOrDefault(EndpointCondition.InTrouble));
        var disabled = ReadCounter(session, "disabled");
        return new EndpointCounts(ReadCounter(session, "endpoints") - disabled - paused - inTrouble, paused, inTrouble, disabled);
    }, cancellationToken);

    public Task<IReadOnlyList<TroubledEndpoint>> ReadTroubledAsync(
        TroubleRule rule, Id<Application>? application, int limit, CancellationToken cancellationToken) =>
        readers.RunAsync<IReadOnlyList<TroubledEndpoint>>(session =>
        {
            var failing = ReadFailing(session)
                .Where(health => FindEndpoint(session, health.EndpointId) is { } endpoint && (application ?? endpoint.Owner) == endpoint.Owner
                    && rule.Judge(endpoint.Enabled, health, time.GetUtcNow()) == EndpointCondition.InTrouble)
                .Select(health => health.EndpointId).Take(limit).ToList();
            var disabled = ReadDisabled(session)
                .Where(endpoint => application is null || FindEndpoint(session, endpoint)?.Owner == application)
                .Take(limit).ToList();
            var first = failing.Take(limit - Math.Min(disabled.Count, limit / 4));
            return [.. first.Concat(disabled).Take(limit).Select(endpoint => ReadTroubled(session, endpoint))];
        }, cancellationToken);

    public Task<IReadOnlyList<StoredLane>> ReadLanesAsync(IReadOnlyList<Id<Endpoint>> endpoints, CancellationToken cancellationToken) =>
        readers.RunAsync<IReadOnlyList<StoredLane>>(
            session => [.. endpoints.Select(endpoint => SqliteHistoryStore.ReadLane(session, endpoint, MaxPending))], cancellationToken);

    // What is sought is a range rather than "not null", which says the same here, because SQLite then calls it a search.
    private static IEnumerable<EndpointHealth> ReadFailing(SqliteSession session) => Walk(
        session.Prepare("""
            SELECT endpoint_id, failing_since, failures, paused_until FROM endpoint_health INDEXED BY endpoint_health_failing
            WHERE failing_since > 0 ORDER BY failing_since, endpoint_id LIMIT ?
            """).Bind(MaxLookedAt), Rows.ReadHealth);

    private static IEnumerable<Id<Endpoint>> ReadDisabled(SqliteSession session) => Walk(
        session.Prepare("""
            SELECT id FROM endpoint INDEXED BY endpoint_disabled_by_engine
            WHERE disabled_reason IS NOT NULL AND updated_at > 0 ORDER BY updated_at DESC, id DESC LIMIT ?
            """).Bind(MaxLookedAt), row => row.Id<Endpoint>(0));

    private static IEnumerable<T> Walk<T>(Statement select, Func<Statement, T> read)
    {
        try
        {
            while (select.Step())
                yield return read(select);
        }
        finally
        {
            select.Reset();
        }
    }

    private static (Id<Application> Owner, bool Enabled, EndpointDisabledReason? Reason)? FindEndpoint(SqliteSession session, Id<Endpoint> id)
    {
        var select = session.Prepare("SELECT application_id, enabled, disabled_reason FROM endpoint WHERE id = ?").Bind(id);
        if (!select.Step())
            return null;
        var found = (select.Id<Application>(0), select.Int64(1) != 0, (EndpointDisabledReason?)select.Int64OrNull(2));
        select.Reset();
        return found;
    }

    private static TroubledEndpoint ReadTroubled(SqliteSession session, Id<Endpoint> endpoint)
    {
        var last = Walk(session.Prepare("""
            SELECT message_id, id, started_at, outcome, status_code, error FROM attempt WHERE endpoint_id = ? ORDER BY id DESC LIMIT 1
            """).Bind(endpoint), ReadAttempt).FirstOrDefault();
        return new TroubledEndpoint(SqliteHistoryStore.ReadLane(session, endpoint, MaxPending), FindEndpoint(session, endpoint)?.Reason, last);
    }

    private static LastAttempt ReadAttempt(Statement row) => new(
        row.Id<Message>(0), row.Id<Attempt>(1), row.Time(2), (Sending.SendOutcome)row.Int64(3), row.Int32(4), row.TextOrNull(5));

    private static long ReadCounter(SqliteSession session, string name) =>
        session.Prepare("SELECT value FROM counter WHERE name = ?").Bind(name).RunInt64();
}
