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

    // Application by application, from the oldest message on. The walk over applications is one seek for each that has messages.
    private const string OldMessages = """
        WITH RECURSIVE tenant (id) AS (
            SELECT min(application_id) FROM message
            UNION ALL
            SELECT (SELECT min(application_id) FROM message WHERE application_id > tenant.id) FROM tenant WHERE tenant.id IS NOT NULL
        )
        SELECT m.n, m.id, m.owed FROM tenant CROSS JOIN message m ON m.application_id = tenant.id AND m.id < ?
        """;

    private static List<OldMessage> FindOver(SqliteSession session, Id<Message> before, int limit)
    {
        var over = new List<OldMessage>();
        var select = session.Prepare(OldMessages).Bind(before);
        while (over.Count < limit && select.Step())
        {
            var message = new OldMessage(select.Int64(0), select.Id<Message>(1), Owed.Unpack(select.Blob(2)));
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
        session.Prepare("DELETE FROM message WHERE n = ?").Bind(message.N).Run();
    }

    private sealed record OldMessage(long N, Id<Message> Id, List<(Id<Endpoint> EndpointId, long Seq)> Owed);
}
