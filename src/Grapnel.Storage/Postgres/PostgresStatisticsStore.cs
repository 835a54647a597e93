using Grapnel.Sending;

namespace Grapnel.Storage.Postgres;

/// <summary>Figures, read in one snapshot per call with a few statements, however much they tell.</summary>
internal sealed class PostgresStatisticsStore(PostgresDatabase database, TimeProvider time) : IStatisticsStore
{
    private const int MaxPending = 10_000;
    private const int MaxLookedAt = 10_000;

    // Parameters: how many to look at. An endpoint that has been deleted has health for a moment longer.
    private const string Failing = """
        SELECT h.endpoint_id, h.failing_since, h.failures, h.paused_until, e.enabled
        FROM (SELECT * FROM endpoint_health WHERE failing_since IS NOT NULL ORDER BY failing_since, endpoint_id LIMIT $1) AS h
        JOIN endpoint e ON e.id = h.endpoint_id
        """;

    public Task<IReadOnlyList<IReadOnlyList<RollupSpan>>> SumAsync(
        IReadOnlyList<RollupScope> scopes, DateTimeOffset since, DateTimeOffset until, TimeSpan width, CancellationToken cancellationToken) =>
        database.ReadAsync(session => RollupSums.ReadAsync(session, scopes, since, until, width), cancellationToken);

    public Task<long> CountPendingAsync(CancellationToken cancellationToken) => database.ReadAsync(PendingCount.ReadAsync, cancellationToken);

    public Task<EndpointCounts> CountEndpointsAsync(TroubleRule rule, CancellationToken cancellationToken) =>
        database.ReadSnapshotAsync(async session =>
        {
            var failing = await session.Prepare(Failing).Bind(MaxLookedAt).RowsAsync(row => Judge(rule, row)).ConfigureAwait(false);
            var counters = (await session.Prepare("SELECT name, value FROM counter").RowsAsync(row => (Name: row.Text(0), Value: row.Int64(1)))
                .ConfigureAwait(false)).ToDictionary(row => row.Name, row => row.Value);
            var paused = failing.Count(condition => condition == EndpointCondition.Paused);
            var inTrouble = failing.Count(condition => condition == EndpointCondition.InTrouble);
            return new EndpointCounts(counters["endpoints"] - counters["disabled"] - paused - inTrouble, paused, inTrouble, counters["disabled"]);
        }, cancellationToken);

    public Task<IReadOnlyList<TroubledEndpoint>> ReadTroubledAsync(
        TroubleRule rule, Id<Application>? application, int limit, CancellationToken cancellationToken) =>
        database.ReadSnapshotAsync<IReadOnlyList<TroubledEndpoint>>(async session =>
        {
            var failing = await FindInTroubleAsync(session, rule, application).ConfigureAwait(false);
            var disabled = await FindDisabledAsync(session, application, limit).ConfigureAwait(false);
            var first = failing.Take(limit - Math.Min(disabled.Count, limit / 4));
            return await ReadTroubledAsync(session, [.. first.Concat(disabled).Take(limit)]).ConfigureAwait(false);
        }, cancellationToken);

    public Task<IReadOnlyList<StoredLane>> ReadLanesAsync(IReadOnlyList<Id<Endpoint>> endpoints, CancellationToken cancellationToken) =>
        database.ReadSnapshotAsync<IReadOnlyList<StoredLane>>(
            async session => await StoredLanes.ReadAsync(session, endpoints, MaxPending).ConfigureAwait(false), cancellationToken);

    private async Task<List<Id<Endpoint>>> FindInTroubleAsync(PostgresSession session, TroubleRule rule, Id<Application>? application) =>
        (await session.Prepare($"{Failing} WHERE $2::uuid IS NULL OR e.application_id = $2 ORDER BY h.failing_since, h.endpoint_id")
            .Bind(MaxLookedAt).Bind(application).RowsAsync(row => (Id: row.Id<Endpoint>(0), Condition: Judge(rule, row))).ConfigureAwait(false))
        .FindAll(row => row.Condition == EndpointCondition.InTrouble).ConvertAll(row => row.Id);

    private static Task<List<Id<Endpoint>>> FindDisabledAsync(PostgresSession session, Id<Application>? application, int limit) => session.Prepare("""
        SELECT id FROM (
            SELECT id, application_id, updated_at FROM endpoint WHERE disabled_reason IS NOT NULL ORDER BY updated_at DESC, id DESC LIMIT $1) AS e
        WHERE $2::uuid IS NULL OR e.application_id = $2 ORDER BY updated_at DESC, id DESC LIMIT $3
        """).Bind(MaxLookedAt).Bind(application).Bind(limit).RowsAsync(row => row.Id<Endpoint>(0));

    private static async Task<IReadOnlyList<TroubledEndpoint>> ReadTroubledAsync(PostgresSession session, List<Id<Endpoint>> endpoints)
    {
        var lanes = await StoredLanes.ReadAsync(session, endpoints, MaxPending).ConfigureAwait(false);
        var known = await session.Prepare("""
            SELECT a.message_id, a.id, a.started_at, a.outcome, a.status_code, a.error, e.disabled_reason
            FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) JOIN endpoint e ON e.id = u.id
            LEFT JOIN LATERAL (SELECT * FROM attempt WHERE attempt.endpoint_id = u.id ORDER BY attempt.id DESC LIMIT 1) AS a ON true
            ORDER BY u.n
            """).Bind<Endpoint>(endpoints)
            .RowsAsync(row => (Last: row.IsNull(0) ? null : ReadAttempt(row), Reason: (EndpointDisabledReason?)row.Int16OrNull(6))).ConfigureAwait(false);
        return [.. lanes.Zip(known, (lane, endpoint) => new TroubledEndpoint(lane, endpoint.Reason, endpoint.Last))];
    }

    private EndpointCondition Judge(TroubleRule rule, PostgresRow row) => rule.Judge(row.Bool(4), Messages.ReadHealth(row), time.GetUtcNow());

    private static LastAttempt ReadAttempt(PostgresRow row) => new(
        row.Id<Message>(0), row.Id<Attempt>(1), row.Time(2), (SendOutcome)row.Int16(3), row.Int32(4), row.TextOrNull(5));
}
