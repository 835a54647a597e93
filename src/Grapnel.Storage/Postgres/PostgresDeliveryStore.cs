using System.Collections.Concurrent;

namespace Grapnel.Storage.Postgres;

/// <summary>
/// The hot path on PostgreSQL, hand-written: a batch is one statement, or a few. This part holds nodes; the others hold accepting, settling, lanes,
/// and what people ask for. Rows are locked in one order everywhere: the node, then lanes by id, then deliveries, then the sums.
/// </summary>
internal sealed partial class PostgresDeliveryStore(
    PostgresDatabase database, PostgresSignals signals, PostgresRollups rollups, Guid writer, IdGenerator ids, TimeProvider time)
    : IDeliveryStore, ILaneRows
{
    private const int MaxLanes = 10_000;

    private readonly AcceptedCounts _accepted = new();

    // The heartbeats of the nodes as this process last saw them change, by its own monotonic clock. No two clocks are ever compared.
    private readonly ConcurrentDictionary<Id<Node>, (long Beats, long SeenAt)> _seen = [];

    public bool IsShared => true;

    public async Task<Id<Node>> JoinAsync(string name, NodeRoles roles, CancellationToken cancellationToken)
    {
        var id = ids.Next<Node>();
        await database.WriteAloneAsync(session => session.Prepare("""
            INSERT INTO node (id, name, roles, joined_at, beats, listener_pid, listener_start) VALUES ($1, $2, $3, $4, 0, $5, $6)
            """).Bind(id).Bind(name).Bind((int)roles).Bind(WallClock()).Bind((long?)signals.Listener?.ProcessId).Bind(signals.Listener?.StartedAt).RunAsync(), cancellationToken).ConfigureAwait(false);
        await LookAtNodesAsync(cancellationToken).ConfigureAwait(false);
        return id;
    }

    public async Task<bool> HeartbeatAsync(Id<Node> node, CancellationToken cancellationToken)
    {
        var beats = await database.WriteAsync(async session =>
        {
            var beats = await session.Prepare("UPDATE node SET beats = beats + 1, listener_pid = $2, listener_start = $3 WHERE id = $1 RETURNING beats")
                .Bind(node).Bind((long?)signals.Listener?.ProcessId).Bind(signals.Listener?.StartedAt).RowsAsync(row => row.Int64(0)).ConfigureAwait(false);
            await StoreAcceptedAsync(session).ConfigureAwait(false);
            return beats;
        }, cancellationToken).ConfigureAwait(false);
        if (beats is [var now])
            See(node, now);
        return beats.Count == 1;
    }

    public async Task<IReadOnlyList<string>> ExpelAsync(Id<Node> self, TimeSpan limit, CancellationToken cancellationToken)
    {
        var nodes = await LookAtNodesAsync(cancellationToken).ConfigureAwait(false);
        // Who is cut off from the database knows it, and sends nothing more: it need not be waited for as long as one that may be asleep.
        var silent = nodes.Where(node => node.Id != self && time.GetElapsedTime(node.SeenAt) > (node.IsListening ? limit : limit / NodeOptions.GoneDivisor)).ToList();
        if (silent.Count == 0)
            return [];
        return await database.WriteAsync<IReadOnlyList<string>>(async session =>
        {
            var expelled = await session.Prepare("""
                DELETE FROM node n USING unnest($1::uuid[], $2::bigint[]) AS s (id, beats) WHERE n.id = s.id AND n.beats = s.beats RETURNING n.id, n.name
                """).Bind(silent.Select(node => node.Id)).Bind(silent.ConvertAll(node => node.Beats).ToArray())
                .RowsAsync(row => (Id: row.Id<Node>(0), Name: row.Text(1))).ConfigureAwait(false);
            await FreeAsync(session, expelled.ConvertAll(node => node.Id)).ConfigureAwait(false);
            foreach (var name in expelled.Select(node => node.Name).Order(StringComparer.Ordinal))
                await PostgresAlertStore.NoteLostAsync(session, name, time.GetUtcNow()).ConfigureAwait(false);
            return expelled.ConvertAll(node => node.Name);
        }, cancellationToken).ConfigureAwait(false);
    }

    public Task LeaveAsync(Id<Node> node, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        var left = await session.Prepare("DELETE FROM node WHERE id = $1").Bind(node).RunAsync().ConfigureAwait(false);
        await FreeAsync(session, [node]).ConfigureAwait(false);
        await StoreAcceptedAsync(session).ConfigureAwait(false);
        // In the same transaction, because after it this process may be gone.
        await signals.NotifyAsync(session, new NodeSignal(SignalKind.LanesFree)).ConfigureAwait(false);
        return left;
    }, cancellationToken);

    // When a node was heard of is told by the clock of this one, which saw its count of heartbeats change.
    public async Task<IReadOnlyList<NodeStatus>> ReadNodesAsync(CancellationToken cancellationToken)
    {
        var rows = await database.ReadAsync(session => session.Prepare("""
            SELECT n.id, n.name, n.roles, n.joined_at, n.beats, (SELECT count(*) FROM (SELECT 1 FROM lane l WHERE l.node_id = n.id LIMIT $1) AS counted)
            FROM node n ORDER BY n.id
            """).Bind(MaxLanes + 1).RowsAsync(row => (
                Node: row.Id<Node>(0), Name: row.Text(1), Roles: (NodeRoles)row.Int16(2), JoinedAt: row.Time(3), Beats: row.Int64(4), Lanes: row.Int64(5))),
            cancellationToken).ConfigureAwait(false);
        return rows.ConvertAll(row => new NodeStatus(
            row.Node, row.Name, row.JoinedAt, time.GetUtcNow() - time.GetElapsedTime(See(row.Node, row.Beats)), Capped(row.Lanes, MaxLanes))
        {
            Roles = row.Roles,
        });
    }

    internal static CappedCount Capped(long found, int limit) => new((int)Math.Min(found, limit), found > limit);

    private async Task<List<(Id<Node> Id, long Beats, long SeenAt, bool IsListening)>> LookAtNodesAsync(CancellationToken cancellationToken)
    {
        var nodes = await database.ReadAsync(session => session.Prepare($"""
            SELECT id, beats, listener_pid IS NULL OR EXISTS (
                SELECT 1 FROM pg_stat_activity WHERE pid = listener_pid AND {PostgresListener.StartedAtSql} = listener_start)
            FROM node
            """).RowsAsync(row => (Id: row.Id<Node>(0), Beats: row.Int64(1), IsListening: row.Bool(2))), cancellationToken).ConfigureAwait(false);
        foreach (var gone in _seen.Keys.Except(nodes.Select(node => node.Id)))
            _seen.TryRemove(gone, out _);
        return nodes.ConvertAll(node => (node.Id, node.Beats, See(node.Id, node.Beats), node.IsListening));
    }

    private long See(Id<Node> node, long beats) => _seen.AddOrUpdate(
        node, _ => (beats, time.GetTimestamp()), (_, known) => known.Beats == beats ? known : (beats, time.GetTimestamp())).SeenAt;

    // Their lanes have no owner then, and are found by whoever looks for some.
    private static async Task FreeAsync(PostgresSession session, List<Id<Node>> nodes)
    {
        if (nodes.Count == 0)
            return;
        await session.Prepare("""
            WITH owned AS MATERIALIZED (SELECT endpoint_id FROM lane WHERE node_id = ANY ($1) ORDER BY endpoint_id FOR UPDATE)
            UPDATE lane SET node_id = NULL FROM owned WHERE lane.endpoint_id = owned.endpoint_id
            """).Bind<Node>(nodes).RunAsync().ConfigureAwait(false);
        await PostgresBackgroundTaskStore.FreeAsync(session, nodes).ConfigureAwait(false);
    }

    /// <summary>
    /// Whether the node has not been expelled; until the transaction ends it cannot be. To be asked before any lane is locked.
    /// </summary>
    internal static Task<bool> IsMemberAsync(PostgresSession session, Id<Node> node) =>
        session.Prepare("SELECT 1 FROM node WHERE id = $1 FOR KEY SHARE").Bind(node).AnyAsync();

    // For what was accepted and owed to nobody: no settle follows that would take its count along.
    private Task StoreAcceptedAsync(PostgresSession session)
    {
        var batch = new RollupBatch();
        _accepted.MoveTo(session, batch);
        return rollups.StoreAsync(session, batch);
    }

    private long WallClock() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
