namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteDeliveryStore
{
    public Task<AcceptResult> AcceptAsync(AcceptBatch batch, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        idempotency.Begin();
        var receipts = new AcceptReceipt[batch.Items.Count];
        var now = WallClock();
        var n = ReserveSeqs(session, batch.Items.Count);
        for (var i = 0; i < receipts.Length;)
            i += batch.Items[i].Group is { } group
                ? AcceptTogether(session, batch.Items, group, i, n, now, receipts)
                : AcceptOne(session, batch.Items, i, n, now, receipts);
        idempotency.Store(session);
        var pending = 0;
        foreach (var receipt in receipts)
            pending += receipt.Seqs.Length;
        CountPending(session, pending);
        _accepted.Count(batch.Items, receipts, now);
        return new AcceptResult(receipts, Take(session, batch.Node, batch.LanesToTake));
    });

    private int AcceptOne(SqliteSession session, IReadOnlyList<AcceptItem> items, int i, long n, long now, AcceptReceipt[] receipts)
    {
        receipts[i] = Accept(session, items[i], n + i, now);
        return 1;
    }

    private int AcceptTogether(
        SqliteSession session, IReadOnlyList<AcceptItem> items, AcceptGroup group, int first, long n, long now, AcceptReceipt[] receipts)
    {
        var own = receipts.AsMemory(first, group.Count);
        if (idempotency.Find(session, group.Key, now) is { } existing)
        {
            own.Span.Fill(new AcceptReceipt(AcceptStatus.RepeatedKey, Existing: existing));
            return group.Count;
        }
        for (var i = first; i < first + group.Count; i++)
            AcceptOne(session, items, i, n, now, receipts);
        idempotency.Add(session, new IdempotencyEntry(group.Key, group.Fingerprint, group.Render(own), group.ExpiresAt), n + first);
        return group.Count;
    }

    // An item sees what the items before it in the batch stored, so repeats within a batch need no care of their own.
    private AcceptReceipt Accept(SqliteSession session, AcceptItem item, long n, long now)
    {
        if (item.Idempotency is { } entry && idempotency.Find(session, entry.Key, now) is { } existing)
            return new AcceptReceipt(AcceptStatus.RepeatedKey, Existing: existing);
        if (FindByEventId(session, item.Message) is { } taken)
            return new AcceptReceipt(AcceptStatus.RepeatedEventId, ExistingMessage: taken);
        InsertMessage(session, item, n);
        if (item.Message.Channels is not null || item.Message.Tags is not null)
            InsertLabels(session, item.Message);
        InsertDeliveries(session, item, n);
        if (item.Idempotency is not null)
            idempotency.Add(session, item.Idempotency, n);
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
                 content_expires_at, trace_parent)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
            .Bind(n).Bind(message.Id).Bind(message.ApplicationId).Bind(message.EventType).Bind(message.EventId)
            .Bind(Names.ToJson(message.Channels)).Bind(Names.ToJson(message.Tags)).Bind(message.ContentType)
            .Bind(message.AcceptedAt.ToUnixTimeMilliseconds()).Bind(message.DeliverAt?.ToUnixTimeMilliseconds())
            .Bind(message.RouteVersion).Bind(Owed.Pack(item.Endpoints, n)).Bind(message.Payload)
            .Bind(message.ContentExpiresAt?.ToUnixTimeMilliseconds()).Bind(message.TraceParent)
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

    /// <summary>The runs of which a lane consists; see <c>hot.sql</c>.</summary>
    private static class Stage
    {
        public const long Fresh = 0;
        public const long Tried = 1;
        public const long Scheduled = 2;
    }
}
