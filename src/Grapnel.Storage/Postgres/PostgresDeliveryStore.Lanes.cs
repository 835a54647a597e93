using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresDeliveryStore
{
    // The search for lanes locks nothing and writes nothing when, as almost always, there are none. Who takes some passes over those that another
    // node is taking.
    public async Task<IReadOnlyList<Id<Endpoint>>> TakeLanesAsync(Id<Node> node, int limit, CancellationToken cancellationToken)
    {
        var free = await database.ReadAsync(session => session.Prepare(LaneSql.Free).Bind(limit).RowsAsync(row => row.Id<Endpoint>(0)), cancellationToken)
            .ConfigureAwait(false);
        return free.Count == 0 ? [] : await database.WriteAsync(session => TakeAsync(session, node, free), cancellationToken).ConfigureAwait(false);
    }

    public Task<IReadOnlyList<Id<Endpoint>>> ReadOwnedAsync(Id<Node> node, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<Id<Endpoint>>>(async session => await session.Prepare("""
            SELECT endpoint_id FROM lane WHERE node_id = $1 AND (SELECT 1 FROM delivery d WHERE d.endpoint_id = lane.endpoint_id LIMIT 1) IS NOT NULL
            """).Bind(node).RowsAsync(row => row.Id<Endpoint>(0)).ConfigureAwait(false), cancellationToken);

    public Task<LanePage> ReadLaneAsync(LaneRead read, CancellationToken cancellationToken) =>
        database.Hot.ReadAsync(session => new PostgresLaneReader(session, read).ReadAsync(), cancellationToken);

    public Task PauseLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) => database.WriteAloneAsync(session =>
        session.Prepare("INSERT INTO paused_lane (endpoint_id, paused_at) VALUES ($1, $2) ON CONFLICT DO NOTHING").Bind(endpoint).Bind(WallClock()).RunAsync(),
        cancellationToken);

    public Task ResumeLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) => database.WriteAloneAsync(session =>
        session.Prepare("""
            WITH resumed AS (DELETE FROM paused_lane WHERE endpoint_id = $1 RETURNING endpoint_id)
            DELETE FROM endpoint_health USING resumed WHERE endpoint_health.endpoint_id = resumed.endpoint_id
            """).Bind(endpoint).RunAsync(), cancellationToken);

    private static async Task<List<Id<Endpoint>>> TakeAsync(PostgresSession session, Id<Node> node, List<Id<Endpoint>> lanes)
    {
        if (!await IsMemberAsync(session, node).ConfigureAwait(false))
            return [];
        var ids = lanes.Order().Select(Uuid.Of).ToArray();
        await session.Prepare("INSERT INTO lane (endpoint_id) SELECT * FROM unnest($1::uuid[]) ON CONFLICT DO NOTHING").Bind(ids).RunAsync().ConfigureAwait(false);
        return await session.Prepare("""
            WITH free AS MATERIALIZED (
                SELECT endpoint_id FROM lane WHERE endpoint_id = ANY ($1) AND node_id IS NULL ORDER BY endpoint_id FOR UPDATE SKIP LOCKED
            )
            UPDATE lane SET node_id = $2 FROM free WHERE lane.endpoint_id = free.endpoint_id RETURNING lane.endpoint_id
            """).Bind(ids).Bind(node).RowsAsync(row => row.Id<Endpoint>(0)).ConfigureAwait(false);
    }
}
