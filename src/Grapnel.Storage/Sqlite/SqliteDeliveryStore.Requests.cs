namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteDeliveryStore
{
    public Task<IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)>> CancelAsync(
        Message message, Id<Endpoint>? endpoint, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        var ended = new List<(Id<Endpoint> EndpointId, long Seq)>();
        if (FindOwed(session, message) is not { } stored)
            return (IReadOnlyList<(Id<Endpoint>, long)>)ended;
        foreach (var (owner, seq) in stored.Owed.Where(pair => endpoint is null || pair.EndpointId == endpoint))
        {
            if (End(session, owner, seq, message.Id, DeliveryEnd.Cancelled))
                ended.Add((owner, seq));
        }
        CountPending(session, -ended.Count);
        CountCancelled(session, ended);
        return ended;
    });

    public Task<IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)>> ExpungeAsync(Message message, CancellationToken cancellationToken) =>
        gate.RunAsync(session =>
        {
            if (FindOwed(session, message) is not { } stored)
                return (IReadOnlyList<(Id<Endpoint>, long)>)[];
            var ended = stored.Owed.FindAll(pair => End(session, pair.EndpointId, pair.Seq, message.Id, DeliveryEnd.Cancelled));
            CountPending(session, -ended.Count);
            CountCancelled(session, ended);
            RemovePayload(session, stored.N);
            return ended;
        });

    /// <summary>
    /// Removes a payload. The row is taken out and put back: one that merely shrinks leaves a page with room in it that no later message can use, for those
    /// go to the end of the tree; one that is taken out has its page joined with its neighbours.
    /// </summary>
    internal static void RemovePayload(SqliteSession session, long n)
    {
        const string kept = """
            id, application_id, event_type, event_id, channels, tags, content_type, accepted_at, deliver_at, route_version, owed, attempts_check_at,
            trace_parent
            """;
        var row = session.Prepare($"SELECT {kept} FROM message WHERE n = ?").Bind(n);
        if (!row.Step())
            return;
        var insert = session.Prepare($"INSERT INTO message (n, {kept}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .Bind(n).Bind(row.Id<Message>(0)).Bind(row.Id<Application>(1)).Bind(row.Text(2)).Bind(row.TextOrNull(3)).Bind(row.TextOrNull(4))
            .Bind(row.TextOrNull(5)).Bind(row.Text(6)).Bind(row.Int64(7)).Bind(row.Int64OrNull(8)).Bind(row.Int64(9)).Bind(row.Blob(10))
            .Bind(row.Int64OrNull(11)).Bind(row.TextOrNull(12));
        row.Reset();
        session.Prepare("DELETE FROM message WHERE n = ?").Bind(n).Run();
        insert.Run();
    }

    public Task<IReadOnlyList<Delivery>> ResendAsync(
        Message message, IReadOnlyList<Id<Endpoint>> endpoints, CancellationToken cancellationToken) => gate.RunAsync<IReadOnlyList<Delivery>>(session =>
    {
        // Asked here, because the content may have been removed since the caller read it.
        if (FindOwed(session, message) is not { HasPayload: true } stored)
            throw new NotFoundException($"Message {message.Id} is no longer stored, or its content has been removed.");
        var first = ReserveSeqs(session, endpoints.Count);
        var deliveries = endpoints.Select((endpoint, i) => new Delivery
        {
            EndpointId = endpoint, Seq = first + i, Message = message, Trigger = Trigger.Manual,
        }).ToList();
        // Places that are over make room, so that a message sent again and again does not grow.
        var owed = stored.Owed.FindAll(pair => !endpoints.Contains(pair.EndpointId) || IsPending(session, pair.EndpointId, pair.Seq));
        foreach (var delivery in deliveries)
        {
            InsertDelivery(session, delivery.EndpointId, delivery.Seq, stored.N, dueAt: 0, Trigger.Manual);
            owed.Add((delivery.EndpointId, delivery.Seq));
        }
        StoreOwed(session, stored.N, owed);
        CountPending(session, deliveries.Count);
        return deliveries;
    });

    // The sweep over attempts may have passed the message by.
    private void StoreOwed(SqliteSession session, long n, List<(Id<Endpoint>, long)> owed) =>
        session.Prepare("UPDATE message SET owed = ?, attempts_check_at = ? WHERE n = ?").Bind(Owed.Pack(owed)).Bind(WallClock()).Bind(n).Run();

    public async Task<int> DropLaneAsync(Id<Endpoint> endpoint, int limit, CancellationToken cancellationToken) =>
        (await DropAsync(endpoint, limit, cancellationToken).ConfigureAwait(false)).Count;

    /// <inheritdoc/>
    public Task<IReadOnlyList<long>> DropAsync(Id<Endpoint> endpoint, int limit, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        var rows = new List<(long Seq, Id<Message> Message)>();
        var select = session.Prepare("""
            SELECT d.seq, m.id FROM delivery d JOIN message m ON m.n = d.message_n WHERE d.endpoint_id = ? LIMIT ?
            """).Bind(endpoint).Bind(limit);
        while (select.Step())
            rows.Add((select.Int64(0), select.Id<Message>(1)));
        foreach (var (seq, message) in rows)
            End(session, endpoint, seq, message, DeliveryEnd.EndpointDeleted);
        CountPending(session, -rows.Count);
        if (rows.Count < limit)
        {
            session.Prepare("DELETE FROM endpoint_health WHERE endpoint_id = ?").Bind(endpoint).Run();
            session.Prepare("DELETE FROM paused_lane WHERE endpoint_id = ?").Bind(endpoint).Run();
        }
        return (IReadOnlyList<long>)rows.ConvertAll(row => row.Seq);
    });

    // For the statistics.
    private void CountCancelled(SqliteSession session, List<(Id<Endpoint> EndpointId, long Seq)> ended)
    {
        var rollups = new RollupBatch();
        foreach (var lane in ended.CountBy(pair => pair.EndpointId))
            rollups.AddCancelled(lane.Key, SqliteHistoryStore.FindOwner(session, lane.Key), WallClock(), lane.Value);
        Rollups.Store(session, rollups);
    }

    // A manual delivery is one attempt more; ending it before that was made leaves nothing to tell.
    private bool End(SqliteSession session, Id<Endpoint> endpoint, long seq, Id<Message> message, DeliveryEnd end)
    {
        var delete = session.Prepare("""
            DELETE FROM delivery WHERE endpoint_id = ? AND stage IN (0, 1, 2) AND seq = ? RETURNING trigger, attempts, message_n
            """).Bind(endpoint).Bind(seq);
        if (!delete.Step())
            return false;
        var (trigger, attempts, n) = ((Trigger)delete.Int32(0), delete.Int32(1), delete.Int64(2));
        delete.Run();
        if (trigger == Trigger.Scheduled)
            StoreEnd(session, endpoint, message, n, end, Math.Max(attempts, LoggedAttempts(session, message, endpoint)));
        return true;
    }

    // Where a queue stands in front of the store, attempts are counted there, and here only the log knows.
    private static int LoggedAttempts(SqliteSession session, Id<Message> message, Id<Endpoint> endpoint) =>
        (int)session.Prepare("SELECT coalesce(max(number), 0) FROM attempt WHERE message_id = ? AND +endpoint_id = ?").Bind(message).Bind(endpoint).RunInt64();

    // A message that was cancelled, sent again and cancelled again has ended twice; the last time counts.
    private void StoreEnd(SqliteSession session, Id<Endpoint> endpoint, Id<Message> message, long n, DeliveryEnd end, int attempts) =>
        session.Prepare("INSERT OR REPLACE INTO finished_delivery (endpoint_id, message_id, end, at, attempts, message_n) VALUES (?, ?, ?, ?, ?, ?)")
            .Bind(endpoint).Bind(message).Bind((long)end).Bind(time.GetUtcNow().ToUnixTimeMilliseconds()).Bind(attempts).Bind(n)
            .Run();

    internal static bool IsPending(SqliteSession session, Id<Endpoint> endpoint, long seq) =>
        session.Prepare("SELECT 1 FROM delivery WHERE endpoint_id = ? AND stage IN (0, 1, 2) AND seq = ?").Bind(endpoint).Bind(seq).RunExists();

    private static (long N, List<(Id<Endpoint> EndpointId, long Seq)> Owed, bool HasPayload)? FindOwed(SqliteSession session, Message message)
    {
        var select = session.Prepare("SELECT n, owed, payload IS NOT NULL FROM message WHERE application_id = ? AND id = ?")
            .Bind(message.ApplicationId).Bind(message.Id);
        if (!select.Step())
            return null;
        var found = (select.Int64(0), Owed.Unpack(select.Blob(1)), select.Int64(2) != 0);
        select.Reset();
        return found;
    }
}
