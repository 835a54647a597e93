namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteDeliveryStore
{
    // Deliveries only ever move on to a later one of these while they are pending, so a walk in this order overtakes none.
    private static readonly long[] Runs = [Stage.Scheduled, Stage.Fresh, Stage.Tried];

    public Task<ReplayResult?> ReplayAsync(ReplayBatch batch, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        if (!SqliteBackgroundTaskStore.MayAdvance(session, batch.Step))
            return null;
        var first = ReserveSeqs(session, batch.Messages.Count);
        var added = 0;
        foreach (var message in batch.Messages)
            added += Replay(session, batch, message, first + added) ? 1 : 0;
        CountPending(session, added);
        SqliteBackgroundTaskStore.Advance(session, batch.Step with { Done = added }, time);
        return new ReplayResult(added, added == 0 ? 0 : first);
    });

    public async Task<CancelPage> CancelOlderAsync(
        Id<Endpoint> endpoint, DateTimeOffset acceptedBefore, LanePosition? after, int limit, CancellationToken cancellationToken)
    {
        var from = after ?? new LanePosition(0, 0);
        var rows = await readers.RunAsync(session => ReadRun(session, endpoint, from, limit), cancellationToken).ConfigureAwait(false);
        var older = rows.FindAll(row => row.AcceptedAt < acceptedBefore.ToUnixTimeMilliseconds());
        var ended = older.Count == 0 ? [] : await gate.RunAsync(session => Cancel(session, endpoint, older)).ConfigureAwait(false);
        LanePosition? next = rows.Count == limit ? new LanePosition(from.Run, rows[^1].Seq)
            : from.Run + 1 < Runs.Length ? new LanePosition(from.Run + 1, 0)
            : null;
        return new CancelPage(ended, next);
    }

    private bool Replay(SqliteSession session, ReplayBatch batch, Id<Message> id, long seq)
    {
        var (application, endpoint) = (batch.Step.Task.ApplicationId!.Value, batch.Step.Task.EndpointId!.Value);
        if (FindToReplay(session, application, id) is not { } message)
            return false;
        var places = message.Owed.FindAll(pair => pair.EndpointId == endpoint);
        var pending = places.FindAll(pair => IsPending(session, endpoint, pair.Seq));
        if (!Belongs(batch.Set, places.Count, pending.Count))
            return false;
        // Places that are over make room, so that a message sent again and again does not grow.
        var owed = message.Owed.FindAll(pair => pair.EndpointId != endpoint || pending.Contains(pair));
        owed.Add((endpoint, seq));
        var scheduled = batch.Set == ReplaySet.NeverOwed;
        var dueAt = scheduled && message.DeliverAt > WallClock() ? message.DeliverAt : batch.DueAt;
        InsertDelivery(session, endpoint, seq, message.N, dueAt, scheduled ? Trigger.Scheduled : Trigger.Manual);
        StoreOwed(session, message.N, owed);
        return true;
    }

    private static bool Belongs(ReplaySet set, int places, int pending) => set switch
    {
        ReplaySet.Failed => pending == 0,
        ReplaySet.NeverOwed => places == 0,
        _ => true,
    };

    private static (long N, long DeliverAt, List<(Id<Endpoint> EndpointId, long Seq)> Owed)? FindToReplay(
        SqliteSession session, Id<Application> application, Id<Message> id)
    {
        var select = session.Prepare("""
            SELECT n, coalesce(deliver_at, 0), owed FROM message WHERE application_id = ? AND id = ? AND payload IS NOT NULL
            """).Bind(application).Bind(id);
        if (!select.Step())
            return null;
        var found = (select.Int64(0), select.Int64(1), Owed.Unpack(select.Blob(2)));
        select.Reset();
        return found;
    }

    private static List<(long Seq, Id<Message> Message, long AcceptedAt)> ReadRun(
        SqliteSession session, Id<Endpoint> endpoint, LanePosition from, int limit)
    {
        var rows = new List<(long, Id<Message>, long)>();
        var select = session.Prepare("""
            SELECT d.seq, m.id, m.accepted_at FROM delivery d CROSS JOIN message m ON m.n = d.message_n
            WHERE d.endpoint_id = ? AND d.stage = ? AND d.seq > ? ORDER BY d.seq LIMIT ?
            """).Bind(endpoint).Bind(Runs[from.Run]).Bind(from.Seq).Bind(limit);
        while (select.Step())
            rows.Add((select.Int64(0), select.Id<Message>(1), select.Int64(2)));
        return rows;
    }

    private List<(Id<Endpoint> EndpointId, long Seq)> Cancel(
        SqliteSession session, Id<Endpoint> endpoint, List<(long Seq, Id<Message> Message, long AcceptedAt)> rows)
    {
        var ended = rows.FindAll(row => End(session, endpoint, row.Seq, row.Message, DeliveryEnd.Cancelled))
            .ConvertAll(row => (EndpointId: endpoint, row.Seq));
        CountPending(session, -ended.Count);
        CountCancelled(session, ended);
        return ended;
    }
}
