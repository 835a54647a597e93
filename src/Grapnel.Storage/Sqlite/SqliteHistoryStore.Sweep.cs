using Grapnel.Sending;

namespace Grapnel.Storage.Sqlite;

/// <summary>
/// Sweeps over messages that stay. They walk by place, and note the last one in a counter. What cannot be decided yet is marked with the time at which it is
/// looked at again; so the walk need not wait for it.
/// </summary>
internal sealed partial class SqliteHistoryStore
{
    private const string PayloadSweep = "payload_sweep";
    private const string AttemptSweep = "attempt_sweep";

    public Task<bool> ExpirePayloadsAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) => gate.RunAsync(session =>
        Walk(session, PayloadSweep, before, new SweepLoad(limit), message => ExpirePayload(session, message, before)));

    public Task<bool> ThinAttemptsAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        var load = new SweepLoad(limit);
        foreach (var message in ReadMarked(session, load))
            session.Prepare("UPDATE message SET attempts_check_at = ? WHERE n = ?").Bind(Thin(session, message, before)).Bind(message.N).Run();
        return load.IsFull || Walk(session, AttemptSweep, before, load, message =>
        {
            if (Thin(session, message, before) is { } lookAt)
                session.Prepare("UPDATE message SET attempts_check_at = ? WHERE n = ?").Bind(lookAt).Bind(message.N).Run();
        });
    });

    private void ExpirePayload(SqliteSession session, SweptMessage message, DateTimeOffset before)
    {
        if (message.PayloadBytes is null)
            return;
        // A clock that ran ahead made it.
        if (message.Id.CompareTo(Id<Message>.FirstAt(before)) >= 0)
            ExpireContentAt(session, message.N, message.Id.Timestamp + (time.GetUtcNow() - before));
        else if (message.PendingAt(session).Count > 0)
            ExpireContentAt(session, message.N, time.GetUtcNow());
        else
            SqliteDeliveryStore.RemovePayload(session, message.N);
    }

    private static void ExpireContentAt(SqliteSession session, long n, DateTimeOffset at) =>
        session.Prepare("UPDATE message SET content_expires_at = min(coalesce(content_expires_at, ?1), ?1) WHERE n = ?2")
            .Bind(at.ToUnixTimeMilliseconds()).Bind(n).Run();

    /// <summary>Removes what is old; tells when to look again.</summary>
    private long? Thin(SqliteSession session, SweptMessage message, DateTimeOffset before)
    {
        var attempts = ReadAll(
            session.Prepare("""
                SELECT id, endpoint_id, end IS NOT NULL, outcome,
                    headers IS NOT NULL OR (length(response_body) > 0 AND response_body <> CAST('EXPUNGED' AS BLOB))
                FROM attempt WHERE message_id = ? ORDER BY id
                """).Bind(message.Id),
            row => new OldAttempt(row.Id<Attempt>(0), row.Id<Endpoint>(1), row.Int64(2) != 0, (SendOutcome)row.Int32(3), row.Int64(4) != 0));
        var old = OldAttempts.Of(attempts, message.PendingAt(session), before, time.GetUtcNow());
        foreach (var attempt in old.Removed)
            session.Prepare("DELETE FROM attempt WHERE message_id = ? AND id = ?").Bind(message.Id).Bind(attempt).Run();
        foreach (var attempt in old.Emptied)
            Empty(session, message.Id, attempt);
        return old.LookAt;
    }

    /// <summary>Takes answer and headers from an attempt; as to the way, see <see cref="SqliteDeliveryStore.RemovePayload"/>.</summary>
    internal static void Empty(SqliteSession session, Id<Message> message, Id<Attempt> id)
    {
        var attempt = FindAttempt(session, message, id, withBody: false)!;
        var (end, attempts) = ReadAll(
            session.Prepare("SELECT end, end_attempts FROM attempt WHERE message_id = ? AND id = ?").Bind(message).Bind(id),
            row => ((DeliveryEnd?)row.Int64OrNull(0), (int)(row.Int64OrNull(1) ?? 0)))[0];
        session.Prepare("DELETE FROM attempt WHERE message_id = ? AND id = ?").Bind(message).Bind(id).Run();
        SqliteDeliveryStore.InsertAttempt(session, attempt, end, attempts);
    }

    private static bool Walk(SqliteSession session, string name, DateTimeOffset before, SweepLoad load, Action<SweptMessage> visit)
    {
        session.Prepare("INSERT OR IGNORE INTO counter (name, value) VALUES (?, 0)").Bind(name).Run();
        var reached = session.Prepare("SELECT value FROM counter WHERE name = ?").Bind(name).RunInt64();
        var end = PlaceAt(session, Id<Message>.FirstAt(before));
        var messages = ReadSwept(
            session.Prepare($"SELECT {SweptMessage.Columns} FROM message WHERE n > ? AND n < ? ORDER BY n").Bind(reached).Bind(end), load);
        messages.ForEach(visit);
        var next = load.IsFull ? messages[^1].N : Math.Max(reached, end - 1);
        if (next != reached)
            session.Prepare("UPDATE counter SET value = ? WHERE name = ?").Bind(next).Bind(name).Run();
        return load.IsFull;
    }

    private List<SweptMessage> ReadMarked(SqliteSession session, SweepLoad load) => ReadSwept(
        session.Prepare($"""
            SELECT {SweptMessage.Columns} FROM message WHERE attempts_check_at IS NOT NULL AND attempts_check_at <= ? ORDER BY attempts_check_at
            """).Bind(time.GetUtcNow().ToUnixTimeMilliseconds()), load);

    private static List<SweptMessage> ReadSwept(Statement select, SweepLoad load)
    {
        var messages = new List<SweptMessage>();
        while (!load.IsFull && select.Step())
        {
            messages.Add(new SweptMessage(select.Int64(0), select.Id<Message>(1), Owed.Unpack(select.Blob(2)), select.Int64OrNull(3)));
            load.Add(messages[^1].Owed.Count, messages[^1].PayloadBytes ?? 0);
        }
        select.Reset();
        return messages;
    }

    private sealed record SweptMessage(long N, Id<Message> Id, List<(Id<Endpoint> EndpointId, long Seq)> Owed, long? PayloadBytes)
    {
        // Of a length SQLite only reads how long it says it is.
        public const string Columns = "n, id, owed, length(payload)";

        public HashSet<Id<Endpoint>> PendingAt(SqliteSession session) =>
            [.. Owed.Where(pair => SqliteDeliveryStore.IsPending(session, pair.EndpointId, pair.Seq)).Select(pair => pair.EndpointId)];
    }
}
