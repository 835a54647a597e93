namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteHistoryStore
{
    private const int MaxPending = 1_000;

    public Task<CappedCount> CountPendingAsync(Id<Endpoint> endpoint, int limit, CancellationToken cancellationToken) =>
        readers.RunAsync(session => CountPending(session, endpoint, limit), cancellationToken);

    public Task<StoredLane> ReadLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) =>
        readers.RunAsync(session => ReadLane(session, endpoint), cancellationToken);

    public Task<Page<StoredLane>> ListLanesAsync(Id<Application>? application, PageRequest page, CancellationToken cancellationToken) =>
        readers.RunAsync(session => application is { } id ? ListLanes(session, id, page) : ListLanes(session, page), cancellationToken);

    private static Page<StoredLane> ListLanes(SqliteSession session, Id<Application> application, PageRequest page) =>
        new ListWalk("endpoint e", "e.id")
            .Where("e.application_id = ?", statement => statement.Bind(application))
            .Test(true, "EXISTS (SELECT 1 FROM delivery d WHERE d.endpoint_id = e.id)")
            .Read<StoredLane, Endpoint>(session, "NULL", page, row => ReadLane(session, row.Id<Endpoint>(0)));

    private static Page<StoredLane> ListLanes(SqliteSession session, PageRequest page)
    {
        var position = PagePosition.Of(page);
        var at = position.Iterator is { } text ? PagePosition.ParseId<Endpoint>(text).ToBytes() : position.Ascending ? [] : BehindAllIds;
        var next = session.Prepare(position.Ascending ? LaneSql.Next : LaneSql.Previous);
        var lanes = new List<StoredLane>();
        while (lanes.Count <= page.Limit && Find(next, at) is { } endpoint)
        {
            lanes.Add(ReadLane(session, endpoint));
            at = endpoint.ToBytes();
        }
        return position.ToPage(lanes, page.Limit);
    }

    private static readonly byte[] BehindAllIds = [.. Enumerable.Repeat((byte)0xff, 17)];

    internal static Id<Endpoint>? Find(Statement next, byte[] at)
    {
        next.Bind(at).Step();
        Id<Endpoint>? found = next.IsNull(0) ? null : next.Id<Endpoint>(0);
        next.Reset();
        return found;
    }

    /// <summary>Reads a lane; its pending deliveries are counted up to <paramref name="limit"/>.</summary>
    internal static StoredLane ReadLane(SqliteSession session, Id<Endpoint> endpoint, int limit = MaxPending) => new(
        endpoint,
        FindOwner(session, endpoint),
        ReadAll(session.Prepare("SELECT node_id FROM lane WHERE endpoint_id = ?").Bind(endpoint), row => row.Id<Node>(0)) is [var owner] ? owner : null,
        CountPending(session, endpoint, limit),
        ReadAll(session.Prepare(LaneSql.OldestInLane).Bind(endpoint), row => row.TimeOrNull(0))[0],
        ReadAll(session.Prepare(HealthSql).Bind(endpoint), Rows.ReadHealth).FirstOrDefault())
    {
        PausedAt = ReadAll(session.Prepare("SELECT paused_at FROM paused_lane WHERE endpoint_id = ?").Bind(endpoint), row => row.TimeOrNull(0)).FirstOrDefault(),
    };

    /// <summary>The application of an endpoint, or null when it has been deleted.</summary>
    internal static Id<Application>? FindOwner(SqliteSession session, Id<Endpoint> endpoint) =>
        ReadAll(session.Prepare("SELECT application_id FROM endpoint WHERE id = ?").Bind(endpoint), row => row.Id<Application>(0)) is [var application]
            ? application : null;

    public Task<ApplicationContents> CountContentsAsync(Id<Application> application, int limit, CancellationToken cancellationToken) =>
        readers.RunAsync(session => new ApplicationContents(
            Count(session.Prepare("SELECT count(*) FROM (SELECT 1 FROM endpoint WHERE application_id = ? LIMIT ?)").Bind(application), limit),
            Count(session.Prepare("SELECT count(*) FROM (SELECT 1 FROM message INDEXED BY message_id WHERE application_id = ? LIMIT ?)").Bind(application), limit),
            Count(session.Prepare("""
                SELECT count(*) FROM (
                    SELECT 1 FROM endpoint e CROSS JOIN delivery d ON d.endpoint_id = e.id WHERE e.application_id = ? LIMIT ?)
                """).Bind(application), limit)), cancellationToken);

    private static CappedCount CountPending(SqliteSession session, Id<Endpoint> endpoint, int limit) =>
        Count(session.Prepare("SELECT count(*) FROM (SELECT 1 FROM delivery WHERE endpoint_id = ? LIMIT ?)").Bind(endpoint), limit);

    // The last parameter of the statement is how far it counts.
    private static CappedCount Count(Statement count, int limit)
    {
        var found = (int)count.Bind(limit + 1L).RunInt64();
        return new CappedCount(Math.Min(found, limit), found > limit);
    }
}
