namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteDeliveryStore
{
    public Task<AcceptResult> AcceptAsync(AcceptBatch batch, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        var receipts = new AcceptReceipt[batch.Items.Count];
        var now = WallClock();
        var pending = 0;
        var n = ReserveSeqs(session, batch.Items.Count);
        for (var i = 0; i < receipts.Length; i++)
        {
            receipts[i] = Accept(session, batch.Items[i], n + i, now);
            pending += receipts[i].Seqs.Length;
        }
        CountPending(session, pending);
        return new AcceptResult(receipts, Take(session, batch.Node, batch.LanesToTake));
    });

    // An item sees what the items before it in the batch stored, so repeats within a batch need no care of their own.
    private static AcceptReceipt Accept(SqliteSession session, AcceptItem item, long n, long now)
    {
        if (item.Idempotency is { } entry && FindEntry(session, entry.Key, now) is { } existing)
            return new AcceptReceipt(AcceptStatus.RepeatedKey, Existing: existing);
        if (FindByEventId(session, item.Message) is { } taken)
            return new AcceptReceipt(AcceptStatus.RepeatedEventId, ExistingMessage: taken);
        InsertMessage(session, item, n);
        if (item.Message.Channels is not null || item.Message.Tags is not null)
            InsertLabels(session, item.Message);
        InsertDeliveries(session, item, n);
        if (item.Idempotency is not null)
            InsertEntry(session, item.Idempotency);
        var seqs = new long[item.Endpoints.Count];
        Array.Fill(seqs, n);
        return new AcceptReceipt(AcceptStatus.Accepted, seqs);
    }

    private static void InsertMessage(SqliteSession session, AcceptItem item, long n)
    {
        var message = item.Message;
        session.Prepare("""
            INSERT INTO message
                (n, id, application_id, event_type, event_id, channels, tags, content_type, accepted_at, deliver_at, route_version, owed, payload,
                 content_expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
            .Bind(n).Bind(message.Id).Bind(message.ApplicationId).Bind(message.EventType).Bind(message.EventId)
            .Bind(Rows.ToJson(message.Channels)).Bind(Rows.ToJson(message.Tags)).Bind(message.ContentType)
            .Bind(message.AcceptedAt.ToUnixTimeMilliseconds()).Bind(message.DeliverAt?.ToUnixTimeMilliseconds())
            .Bind(message.RouteVersion).Bind(Owed.Pack(item.Endpoints, n)).Bind(message.Payload)
            .Bind(message.ContentExpiresAt?.ToUnixTimeMilliseconds())
            .Run();
    }

    // A name may be given twice.
    private static void InsertLabels(SqliteSession session, Message message)
    {
        foreach (var label in Labels.Of(message.Channels, message.Tags))
            session.Prepare("INSERT OR IGNORE INTO message_label (application_id, label, message_id) VALUES (?, ?, ?)")
                .Bind(message.ApplicationId).Bind(label).Bind(message.Id).Run();
    }

    private static void InsertDeliveries(SqliteSession session, AcceptItem item, long n)
    {
        var dueAt = item.Message.DeliverAt?.ToUnixTimeMilliseconds() ?? 0;
        foreach (var endpoint in item.Endpoints)
            InsertDelivery(session, endpoint, n, n, dueAt, Trigger.Scheduled);
    }

    private static void InsertDelivery(SqliteSession session, Id<Endpoint> endpoint, long seq, long n, long dueAt, Trigger trigger) =>
        session.Prepare("""
            INSERT INTO delivery (endpoint_id, stage, seq, message_n, due_at, attempts, trigger) VALUES (?, ?, ?, ?, ?, 0, ?)
            """)
            .Bind(endpoint).Bind(dueAt > 0 ? Stage.Scheduled : Stage.Fresh).Bind(seq).Bind(n).Bind(dueAt).Bind((long)trigger)
            .Run();

    private static IdempotencyEntry? FindEntry(SqliteSession session, byte[] key, long now)
    {
        var select = session.Prepare("SELECT fingerprint, response, expires_at FROM idempotency WHERE key = ? AND expires_at > ?")
            .Bind(key).Bind(now);
        if (!select.Step())
            return null;
        var entry = new IdempotencyEntry(key, select.Blob(0).ToArray(), select.Blob(1).ToArray(), select.Time(2));
        select.Reset();
        return entry;
    }

    private static Id<Message>? FindByEventId(SqliteSession session, Message message)
    {
        if (message.EventId is null)
            return null;
        var select = session.Prepare("SELECT id FROM message WHERE application_id = ? AND event_id = ?")
            .Bind(message.ApplicationId).Bind(message.EventId);
        if (!select.Step())
            return null;
        var id = select.Id<Message>(0);
        select.Reset();
        return id;
    }

    // Replaces an entry that has expired but was not swept yet.
    private static void InsertEntry(SqliteSession session, IdempotencyEntry entry) =>
        session.Prepare("INSERT OR REPLACE INTO idempotency (key, fingerprint, response, expires_at) VALUES (?, ?, ?, ?)")
            .Bind(entry.Key).Bind(entry.Fingerprint).Bind(entry.Response).Bind(entry.ExpiresAt.ToUnixTimeMilliseconds())
            .Run();

    /// <summary>The runs of which a lane consists; see <c>hot.sql</c>.</summary>
    private static class Stage
    {
        public const long Fresh = 0;
        public const long Tried = 1;
        public const long Scheduled = 2;
    }
}
