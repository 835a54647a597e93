namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteDeliveryStore
{
    // The search for lanes runs on a reader and writes nothing when, as almost always, there are none.
    public async Task<IReadOnlyList<Id<Endpoint>>> TakeLanesAsync(Id<Node> node, int limit, CancellationToken cancellationToken)
    {
        var free = await readers.RunAsync(session => FindFreeLanes(session, limit), cancellationToken).ConfigureAwait(false);
        return free.Count == 0 ? [] : await gate.RunAsync(session => TakePending(session, node, free)).ConfigureAwait(false);
    }

    public Task<IReadOnlyList<Id<Endpoint>>> ReadOwnedAsync(Id<Node> node, CancellationToken cancellationToken) => readers.RunAsync(session =>
    {
        var select = session.Prepare("""
            SELECT endpoint_id FROM lane WHERE node_id = ? AND EXISTS (SELECT 1 FROM delivery WHERE delivery.endpoint_id = lane.endpoint_id)
            """).Bind(node);
        return SqliteHistoryStore.ReadAll(select, row => row.Id<Endpoint>(0));
    }, cancellationToken);

    public Task<LanePage> ReadLaneAsync(LaneRead read, CancellationToken cancellationToken) =>
        readers.RunAsync(session => new SqliteLaneReader(session, read).Read(), cancellationToken);

    // There is nobody to share with.
    public Task<IReadOnlyList<LimitShare>> ShareLimitsAsync(Id<Node> node, IReadOnlyList<LimitDemand> demands, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<LimitShare>>([.. demands.Select(demand => new LimitShare(demand.Application, LimitShare.Whole, IsShort: false))]);

    private static List<Id<Endpoint>> FindFreeLanes(SqliteSession session, int limit)
    {
        var select = session.Prepare(LaneSql.Free).Bind(limit);
        var lanes = new List<Id<Endpoint>>();
        while (select.Step())
            lanes.Add(select.Id<Endpoint>(0));
        return lanes;
    }

    private static List<Id<Endpoint>> TakePending(SqliteSession session, Id<Node> node, List<Id<Endpoint>> lanes)
    {
        if (!IsMember(session, node))
            return [];
        var exists = session.Prepare("SELECT 1 FROM delivery WHERE endpoint_id = ? LIMIT 1");
        var insert = session.Prepare("INSERT INTO lane (endpoint_id, node_id) VALUES (?, ?) ON CONFLICT DO NOTHING");
        return lanes.FindAll(lane => exists.Bind(lane).RunExists() && insert.Bind(lane).Bind(node).Run() == 1);
    }

    // A node that was expelled meanwhile gets none: nobody would ever free a lane of a node that is not there.
    private static IReadOnlyList<Id<Endpoint>> Take(SqliteSession session, Id<Node> node, IReadOnlyList<Id<Endpoint>> lanes)
    {
        if (lanes.Count == 0 || !IsMember(session, node))
            return [];
        var insert = session.Prepare("""
            INSERT INTO lane (endpoint_id, node_id) VALUES (?, ?)
            ON CONFLICT DO UPDATE SET node_id = node_id WHERE node_id = excluded.node_id
            """);
        return [.. lanes.Where(lane => insert.Bind(lane).Bind(node).Run() == 1)];
    }
}
