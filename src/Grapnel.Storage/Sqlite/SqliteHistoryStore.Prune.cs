namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteHistoryStore
{
    // Behind every message.
    private static readonly PrunePosition EndOfMessages = new(new(UInt128.MaxValue), new(UInt128.MaxValue));

    public Task<PrunePosition?> PruneAsync(DateTimeOffset before, PrunePosition? from, int limit, CancellationToken cancellationToken) =>
        gate.RunAsync(session =>
        {
            var next = RemoveMessages(session, Id<Message>.FirstAt(before), from, limit);
            var others = new[]
            {
                SqliteIdempotencyStore.Prune(session, time.GetUtcNow().ToUnixTimeMilliseconds(), limit),
                Rollups.Prune(session, before, limit),
                SqliteBackgroundTaskStore.Prune(session, before, limit),
            };
            return next ?? (others.Max() < limit ? null : EndOfMessages);
        });

    public Task<ContentPosition?> ExpireContentAsync(ContentPosition? from, int limit, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        var expired = FindExpired(session, from, limit);
        foreach (var (_, place, owed) in expired)
        {
            if (!owed.Exists(pair => SqliteDeliveryStore.IsPending(session, pair.EndpointId, pair.Seq)))
                SqliteDeliveryStore.RemovePayload(session, place);
        }
        return expired.Count < limit ? null : new ContentPosition(expired[^1].At, expired[^1].Place);
    });

    private List<(DateTimeOffset At, long Place, List<(Id<Endpoint> EndpointId, long Seq)> Owed)> FindExpired(
        SqliteSession session, ContentPosition? from, int limit)
    {
        var expired = new List<(DateTimeOffset, long, List<(Id<Endpoint>, long)>)>();
        var select = session.Prepare("""
            SELECT content_expires_at, n, owed FROM message
            WHERE content_expires_at IS NOT NULL AND content_expires_at <= ? AND (content_expires_at, n) > (?, ?)
            ORDER BY content_expires_at, n LIMIT ?
            """)
            .Bind(time.GetUtcNow().ToUnixTimeMilliseconds()).Bind(from?.ExpiresAt.ToUnixTimeMilliseconds() ?? -1).Bind(from?.Place ?? 0).Bind(limit);
        while (select.Step())
            expired.Add((select.Time(0), select.Int64(1), Owed.Unpack(select.Blob(2))));
        return expired;
    }

    // Application by application, from the oldest message on. Going on to the next application counts as much as looking at a message.
    private static PrunePosition? RemoveMessages(SqliteSession session, Id<Message> before, PrunePosition? from, int limit)
    {
        var (application, after) = (from?.ApplicationId ?? NextApplication(session, default), from?.MessageId ?? default);
        while (application is { } id)
        {
            var load = new SweepLoad(limit);
            var old = ReadOld(session, id, after, before, load);
            foreach (var message in old.Where(message => !message.Owed.Exists(pair => SqliteDeliveryStore.IsPending(session, pair.EndpointId, pair.Seq))))
                Remove(session, message);
            if (load.IsFull)
                return new PrunePosition(id, old[^1].Id);
            limit -= old.Count;
            (application, after) = (NextApplication(session, id), default);
            if (--limit == 0 && application is { } next)
                return new PrunePosition(next, default);
        }
        return null;
    }

    private static Id<Application>? NextApplication(SqliteSession session, Id<Application> after) => ReadAll(
        session.Prepare("SELECT min(application_id) FROM message WHERE application_id > ?").Bind(after),
        row => row.IsNull(0) ? (Id<Application>?)null : row.Id<Application>(0))[0];

    /// <summary>Messages of an application between two ids, the oldest first.</summary>
    internal static List<OldMessage> ReadOld(
        SqliteSession session, Id<Application> application, Id<Message> after, Id<Message> before, SweepLoad load)
    {
        var old = new List<OldMessage>();
        var select = session.Prepare("""
            SELECT n, id, owed, application_id, channels, tags, length(payload) FROM message INDEXED BY message_id
            WHERE application_id = ? AND id > ? AND id < ? ORDER BY id
            """).Bind(application).Bind(after).Bind(before);
        while (!load.IsFull && select.Step())
        {
            old.Add(new OldMessage(
                select.Int64(0), select.Id<Message>(1), Owed.Unpack(select.Blob(2)), select.Id<Application>(3),
                [.. Labels.Of(Names.FromJson(select.TextOrNull(4)), Names.FromJson(select.TextOrNull(5)))]));
            load.Add(old[^1].Owed.Count, select.Int64OrNull(6) ?? 0);
        }
        select.Reset();
        return old;
    }

    /// <summary>Removes a message with all that is found by it, but for what is pending.</summary>
    internal static void Remove(SqliteSession session, OldMessage message)
    {
        session.Prepare("DELETE FROM finished_delivery WHERE message_id = ?").Bind(message.Id).Run();
        session.Prepare("DELETE FROM attempt WHERE message_id = ?").Bind(message.Id).Run();
        foreach (var label in message.Labels)
            session.Prepare("DELETE FROM message_label WHERE application_id = ? AND label = ? AND message_id = ?")
                .Bind(message.ApplicationId).Bind(label).Bind(message.Id).Run();
        session.Prepare("DELETE FROM message WHERE n = ?").Bind(message.N).Run();
    }

    internal sealed record OldMessage(
        long N, Id<Message> Id, List<(Id<Endpoint> EndpointId, long Seq)> Owed, Id<Application> ApplicationId, IReadOnlyList<string> Labels);
}
