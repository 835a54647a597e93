namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresDeliveryStore
{
    /// <summary>The advisory lock under which limits are shared.</summary>
    private const long LimitLock = 0x6772_6170_6e65_6c03;

    // Parameters: node, applications, lanes. What was read under the lock is still so when the rows are written: nobody else writes any, and a node that
    // goes takes its rows with it, which only makes room.
    private const string ShareSql = """
        WITH gone AS (DELETE FROM limit_share WHERE node_id = $1 AND application_id <> ALL ($2)),
        due AS MATERIALIZED (
            SELECT d.application_id, d.lanes, s.part_there, CASE WHEN d.lanes + s.lanes_there = 0 THEN s.part_here ELSE 1000000 * d.lanes / (d.lanes + s.lanes_there) END AS part
            FROM unnest($2::uuid[], $3::bigint[]) AS d (application_id, lanes) CROSS JOIN LATERAL (
                SELECT coalesce(sum(lanes) FILTER (WHERE node_id <> $1), 0)::bigint AS lanes_there, coalesce(sum(part) FILTER (WHERE node_id <> $1), 0)::bigint AS part_there,
                    coalesce(sum(part) FILTER (WHERE node_id = $1), 0)::bigint AS part_here
                FROM limit_share l WHERE l.application_id = d.application_id) AS s
        ),
        given AS (SELECT application_id, lanes, least(part, 1000000 - part_there) AS part, part > 1000000 - part_there AS is_short FROM due),
        stored AS (
            INSERT INTO limit_share AS l (application_id, node_id, lanes, part) SELECT application_id, $1, lanes, part FROM given
            ON CONFLICT (application_id, node_id) DO UPDATE SET lanes = excluded.lanes, part = excluded.part
            WHERE (l.lanes, l.part) <> (excluded.lanes, excluded.part)
        )
        SELECT application_id, part, is_short FROM given
        """;

    public Task<IReadOnlyList<LimitShare>> ShareLimitsAsync(Id<Node> node, IReadOnlyList<LimitDemand> demands, CancellationToken cancellationToken) =>
        database.WriteAsync<IReadOnlyList<LimitShare>>(async session =>
        {
            if (!await IsMemberAsync(session, node).ConfigureAwait(false))
                return [];
            await session.Prepare("SELECT pg_advisory_xact_lock($1)").Bind(LimitLock).RunAsync().ConfigureAwait(false);
            return await session.Prepare(ShareSql)
                .Bind(node).Bind(demands.Select(demand => demand.Application)).Bind(demands.Select(demand => (long)demand.Lanes).ToArray())
                .RowsAsync(row => new LimitShare(row.Id<Application>(0), (int)row.Int64(1), row.Bool(2))).ConfigureAwait(false);
        }, cancellationToken);
}
