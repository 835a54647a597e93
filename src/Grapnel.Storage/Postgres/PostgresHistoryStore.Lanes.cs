using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresHistoryStore
{
    private const int MaxPending = 1_000;
    private const int MaxHeads = 100;

    // Most endpoints of an application that one call looks at.
    private const int MaxLookedAt = 5_000;

    public Task<EndpointHealth?> FindHealthAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.Prepare(Messages.HealthSql).Bind(endpoint).FirstAsync(row => (EndpointHealth?)Messages.ReadHealth(row)), cancellationToken);

    public Task<CappedCount> CountPendingAsync(Id<Endpoint> endpoint, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        async session => PostgresDeliveryStore.Capped(
            await session.Prepare("SELECT count_pending($1, $2)").Bind(endpoint).Bind(limit + 1L).Int64Async().ConfigureAwait(false), limit), cancellationToken);

    public Task<ApplicationContents> CountContentsAsync(Id<Application> application, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.Prepare("""
            SELECT (SELECT count(*) FROM (SELECT 1 FROM endpoint WHERE application_id = $1 ORDER BY id LIMIT $2) AS endpoints),
                (SELECT count(*) FROM (SELECT 1 FROM message WHERE application_id = $1 ORDER BY id LIMIT $2) AS messages),
                (SELECT count(*) FROM (
                    SELECT 1 FROM endpoint e
                    CROSS JOIN LATERAL generate_series(1, count_pending(e.id, $2)) AS lane
                    WHERE e.application_id = $1 ORDER BY e.id LIMIT $2) AS pending)
            """).Bind(application).Bind(limit + 1L).FirstAsync(row => new ApplicationContents(Count(row, 0, limit), Count(row, 1, limit), Count(row, 2, limit))),
            cancellationToken)!;

    public Task<StoredLane> ReadLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) => database.ReadSnapshotAsync(
        async session => (await StoredLanes.ReadAsync(session, [endpoint], MaxPending).ConfigureAwait(false))[0], cancellationToken);

    // Ids are in order of time, so the oldest of all heads is among the smallest ids.
    public Task<Backlog> ReadBacklogAsync(CancellationToken cancellationToken) => database.ReadSnapshotAsync(async session =>
    {
        var heads = await session.Prepare(LaneSql.OldestHeads).Bind(MaxHeads).RowsAsync(row => row.Id<Message>(0)).ConfigureAwait(false);
        var accepted = await StoredLanes.ReadAcceptedAtAsync(session, heads).ConfigureAwait(false);
        return new Backlog(
            await PendingCount.ReadAsync(session).ConfigureAwait(false), accepted.Values.Select(at => (DateTimeOffset?)at).Min());
    }, cancellationToken);

    public Task<Page<StoredLane>> ListLanesAsync(Id<Application>? application, PageRequest page, CancellationToken cancellationToken)
    {
        var position = PagePosition.Of(page);
        Id<Endpoint>? from = position.Iterator is { } text ? PagePosition.ParseId<Endpoint>(text) : null;
        return database.ReadSnapshotAsync(async session =>
        {
            var found = application is { } id
                ? await FindLanesAsync(session, id, position, from, page.Limit + 1).ConfigureAwait(false)
                : await FindLanesAsync(session, position, from, page.Limit + 1).ConfigureAwait(false);
            var lanes = await StoredLanes.ReadAsync(session, found, MaxPending).ConfigureAwait(false);
            return application is { } owner && lanes.Count <= page.Limit && await FindReachedAsync(session, owner, position, from).ConfigureAwait(false) is { } reached
                ? Unfinished(position, lanes, from, reached)
                : position.ToPage(lanes, page.Limit);
        }, cancellationToken);
    }

    private static Task<List<Id<Endpoint>>> FindLanesAsync(PostgresSession session, PagePosition position, Id<Endpoint>? from, int limit) =>
        session.Prepare(position.Ascending ? LaneSql.Next : LaneSql.Previous).Bind(Beginning(position, from)).Bind(limit)
            .RowsAsync(row => row.Id<Endpoint>(0));

    private static Task<List<Id<Endpoint>>> FindLanesAsync(
        PostgresSession session, Id<Application> application, PagePosition position, Id<Endpoint>? from, int limit)
    {
        var (comparison, order) = Direction(position);
        return session.Prepare($"""
            SELECT e.id FROM (SELECT id FROM endpoint WHERE application_id = $1 AND id {comparison} $2 ORDER BY id {order} LIMIT $3) AS e
            CROSS JOIN LATERAL (SELECT 1 FROM delivery d WHERE d.endpoint_id = e.id ORDER BY d.stage, d.seq LIMIT 1) AS pending
            ORDER BY e.id {order} LIMIT $4
            """).Bind(application).Bind(Beginning(position, from)).Bind(MaxLookedAt).Bind(limit).RowsAsync(row => row.Id<Endpoint>(0));
    }

    // The last endpoint that a call looks at; null when it comes to the end before.
    private static Task<Id<Endpoint>?> FindReachedAsync(PostgresSession session, Id<Application> application, PagePosition position, Id<Endpoint>? from)
    {
        var (comparison, order) = Direction(position);
        return session.Prepare($"SELECT id FROM endpoint WHERE application_id = $1 AND id {comparison} $2 ORDER BY id {order} OFFSET $3 LIMIT 1")
            .Bind(application).Bind(Beginning(position, from)).Bind(MaxLookedAt - 1).FirstAsync(row => (Id<Endpoint>?)row.Id<Endpoint>(0));
    }

    // Goes on from what was looked at last. The way back from an empty page begins so that it takes in where this one began.
    private static Page<StoredLane> Unfinished(PagePosition position, List<StoredLane> lanes, Id<Endpoint>? from, Id<Endpoint> reached)
    {
        var back = lanes.Count > 0 || from is not { } at ? null : new Id<Endpoint>(position.Ascending ? at.Value + 1 : at.Value - 1).ToString();
        if (!position.Backward)
            return new Page<StoredLane>(lanes, Done: false, reached.ToString(), back is null ? null : "-" + back);
        lanes.Reverse();
        return new Page<StoredLane>(lanes, Done: false, back, "-" + reached);
    }

    private static (string Comparison, string Order) Direction(PagePosition position) => position.Ascending ? (">", "ASC") : ("<", "DESC");

    private static Guid Beginning(PagePosition position, Id<Endpoint>? from) =>
        from is { } id ? Uuid.Of(id) : position.Ascending ? Guid.Empty : Guid.AllBitsSet;

    private static CappedCount Count(PostgresRow row, int column, int limit) => PostgresDeliveryStore.Capped(row.Int64(column), limit);
}
