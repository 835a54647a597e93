namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteHistoryStore
{
    public Task<int> PruneAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        var messages = FindOver(session, Id<Message>.FirstAt(before), limit);
        foreach (var message in messages)
            Remove(session, message);
        session.Prepare("DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE expires_at <= ? LIMIT ?)")
            .Bind(time.GetUtcNow().ToUnixTimeMilliseconds()).Bind(limit).Run();
        session.Prepare("""
            DELETE FROM rollup WHERE (endpoint_id, minute) IN (SELECT endpoint_id, minute FROM rollup WHERE minute < ? LIMIT ?)
            """).Bind(before.ToUnixTimeMilliseconds()).Bind(limit).Run();
        return messages.Count;
    });

    // In the order of acceptance, which is nearly that of ids: one that stands behind a younger one goes in a later round.
    private static List<OldMessage> FindOver(SqliteSession session, Id<Message> before, int limit)
    {
        var over = new List<OldMessage>();
        var select = session.Prepare("SELECT n, id, owed FROM message ORDER BY n");
        while (over.Count < limit && select.Step() && select.Id<Message>(1).CompareTo(before) < 0)
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
