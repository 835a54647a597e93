using System.Runtime.InteropServices;
using Grapnel.Sending;

namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteDeliveryStore
{
    private const long MinuteMs = 60_000;

    public Task<bool> SettleAsync(SettleBatch batch, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        // 1. Fencing: the results of a node that was given up for dead come too late.
        if (!IsMember(session, batch.Node))
            return false;
        // 2. Outcomes, one by one.
        var ended = 0;
        foreach (var settlement in batch.Settlements)
            ended += Settle(session, settlement);
        CountPending(session, -ended);
        // 3. What is kept per endpoint, once per batch.
        AddRollups(session, batch.Settlements);
        foreach (var health in batch.Health)
            StoreHealth(session, health);
        // 4. Lanes given back. One with pending deliveries is found again by the sweep.
        foreach (var lane in batch.Released)
            session.Prepare("DELETE FROM lane WHERE endpoint_id = ? AND node_id = ?").Bind(lane).Bind(batch.Node).Run();
        return true;
    }, batch.Patient);

    // Tells how many deliveries came to their end. One that is no longer pending keeps the end it has; the attempt is logged all the same.
    private static int Settle(SqliteSession session, Settlement settlement)
    {
        if (settlement.End is not { } end)
        {
            Reschedule(session, settlement);
            InsertAttempt(session, settlement.Attempt);
            return 0;
        }
        var ended = DeletePending(session, settlement.Attempt.EndpointId, settlement.Seq);
        var tells = ended && (settlement.Trigger == Trigger.Scheduled || end == DeliveryEnd.Delivered);
        InsertAttempt(session, settlement.Attempt, tells ? end : null, settlement.Attempts);
        return ended ? 1 : 0;
    }

    private static void InsertAttempt(SqliteSession session, Attempt attempt, DeliveryEnd? end = null, int attempts = 0) =>
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

    private static void Reschedule(SqliteSession session, Settlement settlement) =>
        session.Prepare("""
            UPDATE delivery SET stage = ?, due_at = ?, attempts = ? WHERE endpoint_id = ? AND stage IN (0, 1, 2) AND seq = ?
            """)
            .Bind(settlement.DueAt > 0 ? Stage.Tried : Stage.Fresh).Bind(settlement.DueAt).Bind(settlement.Attempts)
            .Bind(settlement.Attempt.EndpointId).Bind(settlement.Seq)
            .Run();

    private static bool DeletePending(SqliteSession session, Id<Endpoint> endpoint, long seq) =>
        Delete(session, endpoint, Stage.Fresh, seq) || Delete(session, endpoint, Stage.Tried, seq) || Delete(session, endpoint, Stage.Scheduled, seq);

    // One stage at a time: for a list of stages SQLite would build a table of its own at every call, and the first is nearly always right.
    private static bool Delete(SqliteSession session, Id<Endpoint> endpoint, long stage, long seq) =>
        session.Prepare("DELETE FROM delivery WHERE endpoint_id = ? AND stage = ? AND seq = ?").Bind(endpoint).Bind(stage).Bind(seq).Run() == 1;

    private static void AddRollups(SqliteSession session, IReadOnlyList<Settlement> settlements)
    {
        var sums = new Dictionary<(Id<Endpoint> Endpoint, long Minute), RollupSum>();
        foreach (var attempt in settlements.Select(settlement => settlement.Attempt).Where(attempt => attempt.Outcome != SendOutcome.Abandoned))
        {
            var started = attempt.StartedAt.ToUnixTimeMilliseconds();
            CollectionsMarshal.GetValueRefOrAddDefault(sums, (attempt.EndpointId, started - started % MinuteMs), out _).Add(attempt);
        }
        foreach (var ((endpoint, minute), sum) in sums)
            AddRollup(session, endpoint, minute, sum);
    }

    private static void AddRollup(SqliteSession session, Id<Endpoint> endpoint, long minute, RollupSum sum) =>
        session.Prepare("""
            INSERT INTO rollup (endpoint_id, minute, succeeded, failed, duration_ms, max_duration_ms) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET
                succeeded = succeeded + excluded.succeeded, failed = failed + excluded.failed,
                duration_ms = duration_ms + excluded.duration_ms, max_duration_ms = max(max_duration_ms, excluded.max_duration_ms)
            """)
            .Bind(endpoint).Bind(minute).Bind(sum.Succeeded).Bind(sum.Failed).Bind(sum.DurationMs).Bind(sum.MaxDurationMs)
            .Run();

    private static void StoreHealth(SqliteSession session, EndpointHealth health) =>
        session.Prepare("INSERT OR REPLACE INTO endpoint_health (endpoint_id, failing_since, failures, paused_until) VALUES (?, ?, ?, ?)")
            .Bind(health.EndpointId).Bind(health.FailingSince?.ToUnixTimeMilliseconds()).Bind(health.Failures).Bind(health.PausedUntil)
            .Run();

    private struct RollupSum
    {
        public int Succeeded;
        public int Failed;
        public long DurationMs;
        public int MaxDurationMs;

        public void Add(Attempt attempt)
        {
            if (attempt.Outcome == SendOutcome.Success)
                Succeeded++;
            else
                Failed++;
            DurationMs += attempt.DurationMs;
            MaxDurationMs = Math.Max(MaxDurationMs, attempt.DurationMs);
        }
    }
}
