namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteHistoryStore
{
    public Task<int> PruneAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        var messages = FindOver(session, Id<Message>.FirstAt(before), limit);
        foreach (var message in messages)
            Remove(session, message);
        var entries = SqliteIdempotencyStore.Prune(session, time.GetUtcNow().ToUnixTimeMilliseconds(), limit);
        var rollups = session.Prepare("""
            DELETE FROM rollup WHERE (endpoint_id, minute) IN (SELECT endpoint_id, minute FROM rollup WHERE minute < ? LIMIT ?)
            """).Bind(before.ToUnixTimeMilliseconds()).Bind(limit).Run();
        SqliteBackgroundTaskStore.Prune(session, before, limit);
        return Math.Max(messages.Count, Math.Max(entries, rollups));
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

    // Application by application, from the oldest message on. The walk over applications is one seek for each that has messages.
    private const string OldMessages = """
        WITH RECURSIVE tenant (id) AS (
            SELECT min(application_id) FROM message
            UNION ALL
            SELECT (SELECT min(application_id) FROM message WHERE application_id > tenant.id) FROM tenant WHERE tenant.id IS NOT NULL
        )
        SELECT m.n, m.id, m.owed, m.application_id, m.channels, m.tags FROM tenant CROSS JOIN message m ON m.application_id = tenant.id AND m.id < ?
        """;

    private static List<OldMessage> FindOver(SqliteSession session, Id<Message> before, int limit)
    {
        var over = new List<OldMessage>();
        var select = session.Prepare(OldMessages).Bind(before);
        while (over.Count < limit && select.Step())
        {
            var message = new OldMessage(
                select.Int64(0), select.Id<Message>(1), Owed.Unpack(select.Blob(2)), select.Id<Application>(3),
                [.. Labels.Of(Rows.FromJson(select.TextOrNull(4)), Rows.FromJson(select.TextOrNull(5)))]);
            if (!message.Owed.Exists(pair => SqliteDeliveryStore.IsPending(session, pair.EndpointId, pair.Seq)))
                over.Add(message);
        }
        select.Reset();
        return over;
    }

    private static void Remove(SqliteSession session, OldMessage message)
    {
        session.Prepare("DELETE FROM finished_delivery WHERE message_id = ?").Bind(message.Id).Run();
        session.Prepare("DELETE FROM attempt WHERE message_id = ?").Bind(message.Id).Run();
        foreach (var label in message.Labels)
            session.Prepare("DELETE FROM message_label WHERE application_id = ? AND label = ? AND message_id = ?")
                .Bind(message.ApplicationId).Bind(label).Bind(message.Id).Run();
        session.Prepare("DELETE FROM message WHERE n = ?").Bind(message.N).Run();
    }

    private sealed record OldMessage(
        long N, Id<Message> Id, List<(Id<Endpoint> EndpointId, long Seq)> Owed, Id<Application> ApplicationId, IReadOnlyList<string> Labels);
}
