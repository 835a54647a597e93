namespace Grapnel.Storage.Sqlite;

/// <summary>
/// The hot path on SQLite, hand-written. This part holds nodes; the others hold accepting, settling, lanes, and what people ask for.
/// Heartbeats count milliseconds since this process opened the store: only this process can have nodes, and its wall clock may jump.
/// </summary>
internal sealed partial class SqliteDeliveryStore(
    SqliteGate gate, SqliteReaders readers, SqliteIdempotencyStore idempotency, IdGenerator ids, TimeProvider time) : IDeliveryStore, ILaneRows
{
    private const int MaxLanes = 10_000;

    private readonly long _openedAt = time.GetTimestamp();
    private readonly AcceptedCounts _accepted = new(gate);

    public bool IsShared => false;

    // The only node does everything.
    public Task<Id<Node>> JoinAsync(string name, NodeRoles roles, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        var id = ids.Next<Node>();
        session.Prepare("INSERT INTO node (id, name, joined_at, heartbeat_at) VALUES (?, ?, ?, ?)")
            .Bind(id).Bind(name).Bind(WallClock()).Bind(Uptime()).Run();
        return id;
    });

    public Task<bool> HeartbeatAsync(Id<Node> node, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        StoreAccepted(session);
        return session.Prepare("UPDATE node SET heartbeat_at = ? WHERE id = ?").Bind(Uptime()).Bind(node).Run() == 1;
    });

    public Task<IReadOnlyList<string>> ExpelAsync(Id<Node> self, TimeSpan limit, CancellationToken cancellationToken) => gate.RunAsync<IReadOnlyList<string>>(session =>
    {
        var silent = new List<(Id<Node> Id, string Name)>();
        var select = session.Prepare("SELECT id, name FROM node WHERE heartbeat_at < ? AND id <> ?")
            .Bind(Uptime() - (long)limit.TotalMilliseconds).Bind(self);
        while (select.Step())
            silent.Add((select.Id<Node>(0), select.Text(1)));
        foreach (var node in silent)
        {
            Remove(session, node.Id);
            SqliteAlertStore.NoteLost(session, node.Name, time.GetUtcNow());
        }
        return silent.ConvertAll(node => node.Name);
    });

    public Task LeaveAsync(Id<Node> node, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        StoreAccepted(session);
        Remove(session, node);
        return true;
    });

    public Task<IReadOnlyList<NodeStatus>> ReadNodesAsync(CancellationToken cancellationToken) => readers.RunAsync(session =>
    {
        var nodes = new List<NodeStatus>();
        var select = session.Prepare("SELECT id, name, joined_at, heartbeat_at FROM node ORDER BY id");
        while (select.Step())
        {
            var id = select.Id<Node>(0);
            var heartbeat = time.GetUtcNow().AddMilliseconds(select.Int64(3) - Uptime());
            nodes.Add(new NodeStatus(id, select.Text(1), select.Time(2), heartbeat, CountLanes(session, id)));
        }
        return (IReadOnlyList<NodeStatus>)nodes;
    }, cancellationToken);

    private static CappedCount CountLanes(SqliteSession session, Id<Node> node)
    {
        var count = (int)session.Prepare("SELECT count(*) FROM (SELECT 1 FROM lane WHERE node_id = ? LIMIT ?)").Bind(node).Bind(MaxLanes + 1).RunInt64();
        return new CappedCount(Math.Min(count, MaxLanes), count > MaxLanes);
    }

    private static void Remove(SqliteSession session, Id<Node> node)
    {
        session.Prepare("DELETE FROM lane WHERE node_id = ?").Bind(node).Run();
        SqliteBackgroundTaskStore.Free(session, node);
        session.Prepare("DELETE FROM node WHERE id = ?").Bind(node).Run();
    }

    internal static bool IsMember(SqliteSession session, Id<Node> node) =>
        session.Prepare("SELECT 1 FROM node WHERE id = ?").Bind(node).RunExists();

    // Two statements: for RETURNING, SQLite would open a temporary database of its own at every call.
    internal static long ReserveSeqs(SqliteSession session, int count)
    {
        var last = session.Prepare("SELECT value FROM counter WHERE name = 'seq'").RunInt64();
        session.Prepare("UPDATE counter SET value = ? WHERE name = 'seq'").Bind(last + count).Run();
        return last + 1;
    }

    internal static void CountPending(SqliteSession session, int change)
    {
        if (change != 0)
            session.Prepare("UPDATE counter SET value = value + ? WHERE name = 'pending'").Bind(change).Run();
    }

    // For what was accepted and owed to nobody: no settle follows that would take its count along.
    private void StoreAccepted(SqliteSession session)
    {
        var rollups = new RollupBatch();
        _accepted.MoveTo(rollups);
        Rollups.Store(session, rollups);
    }

    private long Uptime() => (long)time.GetElapsedTime(_openedAt).TotalMilliseconds;

    private long WallClock() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
