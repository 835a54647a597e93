using Grapnel.Sending;
using Grapnel.Storage.Catalog;
using Npgsql;

namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresDeliveryStore
{
    // A delivery of whichever stage.
    private static readonly string IsOfOutcome = $"{IndexReads.Seek("d.endpoint_id", "o.endpoint_id")} AND d.stage = o.stage AND d.seq = o.seq";

    // Attempts that are logged for the first time, as almost always.
    private static readonly string SettleNewSql = SettleSql("", "", "true");

    // An attempt that is logged already stays as it is, for when a commit went unanswered and the batch comes again. That costs more for each of them.
    private static readonly string SettleAgainSql = SettleSql("ON CONFLICT DO NOTHING", "RETURNING id", "o.id IN (SELECT id FROM logged)");

    /// <summary>
    /// Ends or moves deliveries and logs attempts, one statement for all. A delivery that is no longer pending keeps the end it has; the attempt is
    /// logged all the same. Deliveries that are tried again stay as they are where the batch wants that. Answers with the settlements, counted from 1,
    /// that did not change a delivery, or were logged before. Only the deliveries are joined, along their key.
    /// </summary>
    private static string SettleSql(string onConflict, string returning, string isNew) => $"""
        WITH outcome AS MATERIALIZED (
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::smallint[], $6::int[], $7::bigint[], $8::int[], $9::smallint[],
                $10::int[], $11::bigint[], $12::smallint[], $13::int[], $14::text[], $15::text[], $16::bytea[], $17::bytea[], $18::bigint[], $19::bigint[])
                WITH ORDINALITY AS u (message_id, id, application_id, endpoint_id, trigger, number, started_at, duration_ms, outcome,
                    status_code, next_attempt_at, "end", attempts, url, error, response_body, headers, seq, due_at, item)
        ), standing AS MATERIALIZED (
            SELECT o.item, o."end", o.endpoint_id, run.stage, o.seq, o.due_at, o.attempts
            FROM outcome o CROSS JOIN (VALUES (0::smallint), (1::smallint), (2::smallint)) AS run (stage)
        ), ended AS (
            DELETE FROM delivery d USING standing o
            WHERE o."end" IS NOT NULL AND {IsOfOutcome}
            RETURNING o.item
        ), moved AS (
            UPDATE delivery d SET stage = CASE WHEN o.due_at > 0 THEN 1 ELSE 0 END, due_at = o.due_at, attempts = o.attempts
            FROM standing o
            WHERE NOT $21 AND o."end" IS NULL AND {IsOfOutcome}
            RETURNING o.item
        ), kept AS (
            SELECT o.item FROM standing o
            JOIN delivery d ON {IsOfOutcome}
            WHERE $21 AND o."end" IS NULL
        ), logged AS (
            INSERT INTO attempt (message_id, id, application_id, endpoint_id, trigger, number, started_at, duration_ms, outcome, status_code,
                next_attempt_at, "end", end_attempts, url, error, response_body, headers)
            SELECT o.message_id, o.id, o.application_id, o.endpoint_id, o.trigger, o.number, o.started_at, o.duration_ms, o.outcome, o.status_code,
                o.next_attempt_at, tells."end", CASE WHEN tells."end" IS NOT NULL THEN o.attempts END, o.url, o.error, o.response_body, o.headers
            FROM outcome o
                CROSS JOIN LATERAL (SELECT CASE WHEN (o.trigger = 0 OR o."end" = 1) AND o.item IN (SELECT item FROM ended) THEN o."end" END) AS tells ("end")
            {onConflict} {returning}
        ), counted AS (
            INSERT INTO pending_part AS p (writer, part, value) SELECT $20, 1, -(SELECT count(*) FROM ended)
            ON CONFLICT (writer, part) DO UPDATE SET value = p.value + excluded.value
        ), judged AS (
            SELECT o.item, o.item IN (SELECT item FROM ended UNION ALL SELECT item FROM moved UNION ALL SELECT item FROM kept) AS counts, {isNew} AS is_new
            FROM outcome o
        )
        SELECT item::int, counts, is_new FROM judged WHERE NOT (counts AND is_new)
        """;

    public async Task<bool> SettleAsync(SettleBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            return await SettleAsync(batch, SettleNewSql, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return await SettleAsync(batch, SettleAgainSql, cancellationToken).ConfigureAwait(false);
        }
    }

    private Task<bool> SettleAsync(SettleBatch batch, string sql, CancellationToken cancellationToken) => database.Hot.WriteAsync(async session =>
    {
        // 1. Fencing: the results of a node that was given up for dead come too late.
        if (!await IsMemberAsync(session, batch.Node).ConfigureAwait(false))
            return false;
        // 2. Lanes given back, before deliveries, as everywhere.
        await ReleaseAsync(session, batch).ConfigureAwait(false);
        // 3. Outcomes.
        var sums = new RollupBatch();
        if (batch.Settlements.Count > 0)
            await SettleAsync(session, batch, sql, sums).ConfigureAwait(false);
        // 4. What is kept per endpoint, application and in all, once per batch.
        await StoreHealthAsync(session, batch.Health).ConfigureAwait(false);
        _accepted.MoveTo(session, sums);
        await rollups.StoreAsync(session, sums).ConfigureAwait(false);
        return true;
    }, cancellationToken);

    private async Task SettleAsync(PostgresSession session, SettleBatch batch, string sql, RollupBatch sums)
    {
        var settlements = batch.Settlements;
        T[] Column<T>(Func<Settlement, T> value)
        {
            var column = new T[settlements.Count];
            for (var i = 0; i < column.Length; i++)
                column[i] = value(settlements[i]);
            return column;
        }
        var others = (await session.Prepare(sql)
            .Bind(Column(s => Uuid.Of(s.Attempt.MessageId))).Bind(Column(s => Uuid.Of(s.Attempt.Id))).Bind(Column(s => Uuid.Of(s.Attempt.ApplicationId)))
            .Bind(Column(s => Uuid.Of(s.Attempt.EndpointId))).Bind(Column(s => (short)s.Attempt.Trigger)).Bind(Column(s => s.Attempt.Number))
            .Bind(Column(s => s.Attempt.StartedAt.ToUnixTimeMilliseconds())).Bind(Column(s => s.Attempt.DurationMs))
            .Bind(Column(s => (short)s.Attempt.Outcome)).Bind(Column(s => s.Attempt.StatusCode))
            .BindSparse(Column(s => s.Attempt.NextAttemptAt?.ToUnixTimeMilliseconds())).Bind(Column(s => (short?)s.End)).Bind(Column(s => s.Attempts))
            .Bind(Column(s => s.Attempt.Url)).BindSparse(Column(s => s.Attempt.Error is { } error ? PostgresCommand.Storable(error) : null)).Bind(Column(s => s.Attempt.ResponseBody))
            .Bind(Column(s => s.Attempt.Headers.IsEmpty ? default(ReadOnlyMemory<byte>?) : s.Attempt.Headers))
            .Bind(Column(s => s.Seq)).Bind(Column(s => s.DueAt)).Bind(writer).Bind(batch.KeepsRows)
            .RowsAsync(row => (Item: row.Int32(0), Counts: row.Bool(1), IsNew: row.Bool(2))).ConfigureAwait(false)).ToDictionary(row => row.Item);
        for (var i = 0; i < settlements.Count; i++)
        {
            var (_, counts, isNew) = others.GetValueOrDefault(i + 1, (i + 1, true, true));
            if (isNew && settlements[i].Attempt.Outcome != SendOutcome.Abandoned)
                sums.Add(settlements[i], counts);
        }
    }

    private static async Task StoreHealthAsync(PostgresSession session, IReadOnlyList<EndpointHealth> health)
    {
        if (health.Count == 0)
            return;
        var rows = health.OrderBy(row => row.EndpointId).ToList();
        await session.Prepare("""
            INSERT INTO endpoint_health (endpoint_id, failing_since, failures, paused_until) SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::int[], $4::bigint[])
            ON CONFLICT (endpoint_id) DO UPDATE
                SET failing_since = excluded.failing_since, failures = excluded.failures, paused_until = excluded.paused_until
            """)
            .Bind(rows.ConvertAll(row => Uuid.Of(row.EndpointId)).ToArray()).Bind(rows.ConvertAll(row => row.FailingSince?.ToUnixTimeMilliseconds()).ToArray())
            .Bind(rows.ConvertAll(row => row.Failures).ToArray()).Bind(rows.ConvertAll(row => row.PausedUntil).ToArray())
            .RunAsync().ConfigureAwait(false);
    }

    // One with pending deliveries keeps its row, without an owner. Unlike EXISTS, the limit leaves the planner no other way than to look at each lane.
    private static async Task ReleaseAsync(PostgresSession session, SettleBatch batch)
    {
        if (batch.Released.Count == 0)
            return;
        var lanes = await session.Prepare("""
            SELECT endpoint_id, (SELECT 1 FROM delivery d WHERE d.endpoint_id = lane.endpoint_id LIMIT 1) IS NOT NULL FROM lane
            WHERE endpoint_id = ANY ($1) AND node_id = $2 ORDER BY endpoint_id FOR UPDATE
            """).Bind<Endpoint>(batch.Released).Bind(batch.Node)
            .RowsAsync(row => (Id: row.Id<Endpoint>(0), IsPending: row.Bool(1))).ConfigureAwait(false);
        await session.Prepare("UPDATE lane SET node_id = NULL WHERE endpoint_id = ANY ($1)").Bind(lanes.Where(lane => lane.IsPending).Select(lane => lane.Id))
            .RunAsync().ConfigureAwait(false);
        await session.Prepare("DELETE FROM lane WHERE endpoint_id = ANY ($1)").Bind(lanes.Where(lane => !lane.IsPending).Select(lane => lane.Id))
            .RunAsync().ConfigureAwait(false);
    }
}
