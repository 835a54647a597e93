using Grapnel.Sending;

namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteDeliveryStore
{
    public Task<bool> SettleAsync(SettleBatch batch, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        // 1. Fencing: the results of a node that was given up for dead come too late.
        if (!IsMember(session, batch.Node))
            return false;
        // 2. Outcomes, one by one.
        var ended = 0;
        var rollups = new RollupBatch();
        foreach (var settlement in batch.Settlements)
        {
            var counts = Settle(session, settlement, batch.KeepsRows);
            ended += counts && settlement.End is not null ? 1 : 0;
            if (settlement.Attempt.Outcome != SendOutcome.Abandoned)
                rollups.Add(settlement, counts);
        }
        CountPending(session, -ended);
        // 3. What is kept per endpoint, application and in all, once per batch.
        _accepted.MoveTo(rollups);
        Rollups.Store(session, rollups);
        foreach (var health in batch.Health)
            StoreHealth(session, health);
        // 4. Lanes given back. One with pending deliveries is found again by the sweep.
        foreach (var lane in batch.Released)
            session.Prepare("DELETE FROM lane WHERE endpoint_id = ? AND node_id = ?").Bind(lane).Bind(batch.Node).Run();
        return true;
    }, batch.Patient);

    // Tells whether the delivery was pending. One that no longer is keeps the end it has; the attempt is logged all the same.
    private static bool Settle(SqliteSession session, Settlement settlement, bool keepsRow)
    {
        if (settlement.End is not { } end)
        {
            var pending = keepsRow ? IsPending(session, settlement.Attempt.EndpointId, settlement.Seq) : Reschedule(session, settlement);
            InsertAttempt(session, settlement.Attempt);
            return pending;
        }
        var ended = DeletePending(session, settlement.Attempt.EndpointId, settlement.Seq);
        var tells = ended && (settlement.Trigger == Trigger.Scheduled || end == DeliveryEnd.Delivered);
        InsertAttempt(session, settlement.Attempt, tells ? end : null, settlement.Attempts);
        return ended;
    }

    internal static void InsertAttempt(SqliteSession session, Attempt attempt, DeliveryEnd? end = null, int attempts = 0) =>
        session.Prepare("""
            INSERT INTO attempt
                (message_id, id, application_id, endpoint_id, trigger, number, started_at, duration_ms, outcome, status_code,
                 next_attempt_at, end, end_attempts, url, error, response_body, headers)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
            .Bind(attempt.MessageId).Bind(attempt.Id).Bind(attempt.ApplicationId).Bind(attempt.EndpointId)
            .Bind((long)attempt.Trigger).Bind(attempt.Number).Bind(attempt.StartedAt.ToUnixTimeMilliseconds())
            .Bind(attempt.DurationMs).Bind((long)attempt.Outcome).Bind(attempt.StatusCode)
            .Bind(attempt.NextAttemptAt?.ToUnixTimeMilliseconds()).Bind((long?)end).Bind(end is null ? null : attempts)
            .Bind(attempt.Url).Bind(attempt.Error).Bind(attempt.ResponseBody.Span)
            .Bind(attempt.Headers.IsEmpty ? default(ReadOnlyMemory<byte>?) : attempt.Headers)
            .Run();

    private static bool Reschedule(SqliteSession session, Settlement settlement) =>
        session.Prepare("""
            UPDATE delivery SET stage = ?, due_at = ?, attempts = ? WHERE endpoint_id = ? AND stage IN (0, 1, 2) AND seq = ?
            """)
            .Bind(settlement.DueAt > 0 ? Stage.Tried : Stage.Fresh).Bind(settlement.DueAt).Bind(settlement.Attempts)
            .Bind(settlement.Attempt.EndpointId).Bind(settlement.Seq)
            .Run() == 1;

    private static bool DeletePending(SqliteSession session, Id<Endpoint> endpoint, long seq) =>
        Delete(session, endpoint, Stage.Fresh, seq) || Delete(session, endpoint, Stage.Tried, seq) || Delete(session, endpoint, Stage.Scheduled, seq);

    // One stage at a time: for a list of stages SQLite would build a table of its own at every call, and the first is nearly always right.
    private static bool Delete(SqliteSession session, Id<Endpoint> endpoint, long stage, long seq) =>
        session.Prepare("DELETE FROM delivery WHERE endpoint_id = ? AND stage = ? AND seq = ?").Bind(endpoint).Bind(stage).Bind(seq).Run() == 1;

    private static void StoreHealth(SqliteSession session, EndpointHealth health) =>
        session.Prepare("INSERT OR REPLACE INTO endpoint_health (endpoint_id, failing_since, failures, paused_until) VALUES (?, ?, ?, ?)")
            .Bind(health.EndpointId).Bind(health.FailingSince?.ToUnixTimeMilliseconds()).Bind(health.Failures).Bind(health.PausedUntil)
            .Run();
}
