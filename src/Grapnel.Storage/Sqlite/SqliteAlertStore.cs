using Grapnel.Alerting;

namespace Grapnel.Storage.Sqlite;

/// <summary>Alerts, hand-written: who tells is decided by which statement finds a row.</summary>
internal sealed class SqliteAlertStore(SqliteGate gate, SqliteReaders readers) : IAlertStore
{
    private const string Columns = "key, text, since, seen_at, application_id, told_at, over_at, mail_at";

    private const string OldestWaiting = LaneSql.Pending + """

        SELECT min(m.accepted_at) FROM pending
        CROSS JOIN endpoint e ON e.id = pending.endpoint_id AND e.enabled
        CROSS JOIN message m ON m.n = (
            SELECT d.message_n FROM delivery d CROSS JOIN message w ON w.n = d.message_n
            WHERE d.endpoint_id = pending.endpoint_id AND d.stage = 0 AND d.trigger = 0
                AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.message_id = w.id AND a.endpoint_id = d.endpoint_id)
            ORDER BY d.seq LIMIT 1)
        WHERE NOT EXISTS (SELECT 1 FROM paused_lane p WHERE p.endpoint_id = e.id)
            AND NOT EXISTS (SELECT 1 FROM endpoint_health h WHERE h.endpoint_id = e.id AND h.failing_since IS NOT NULL)
        """;

    public Task<bool> RaiseAsync(Alert alert, TimeSpan? repeatAfter, bool mail, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        var now = alert.SeenAt.ToUnixTimeMilliseconds();
        var toldBefore = repeatAfter is { } span ? (alert.SeenAt - span).ToUnixTimeMilliseconds() : 0;
        var goesOn = session.Prepare("UPDATE alert SET seen_at = ?, text = ? WHERE key = ? AND over_at IS NULL AND told_at > ?")
            .Bind(now).Bind(alert.Text).Bind(alert.Key).Bind(toldBefore).Run() == 1;
        return !goesOn && session.Prepare($"""
            INSERT INTO alert ({Columns}) VALUES (?, ?, ?, ?, ?, ?, NULL, ?)
            ON CONFLICT (key) DO UPDATE SET text = excluded.text, seen_at = excluded.seen_at, told_at = excluded.told_at, mail_at = excluded.mail_at,
                since = CASE WHEN over_at IS NULL THEN since ELSE excluded.since END, over_at = NULL
            """)
            .Bind(alert.Key).Bind(alert.Text).Bind(alert.Since.ToUnixTimeMilliseconds()).Bind(now).Bind(alert.ApplicationId?.ToBytes() ?? default(ReadOnlyMemory<byte>?)).Bind(now)
            .Bind(mail ? now : default(long?)).Run() == 1;
    });

    /// <summary>Notes that a node was given up, unless that is known, for somebody to tell.</summary>
    public static void NoteLost(SqliteSession session, string node, DateTimeOffset now)
    {
        var alert = AlertKinds.Lost(node, now);
        session.Prepare($"""
            INSERT INTO alert ({Columns}) VALUES (?, ?, ?, ?, NULL, 0, NULL, NULL)
            ON CONFLICT (key) DO UPDATE SET since = excluded.since, seen_at = excluded.seen_at, told_at = 0, over_at = NULL, mail_at = NULL WHERE over_at IS NOT NULL
            """).Bind(alert.Key).Bind(alert.Text).Bind(alert.Since.ToUnixTimeMilliseconds()).Bind(alert.SeenAt.ToUnixTimeMilliseconds()).Run();
    }

    public Task SeenAsync(IReadOnlyList<string> keys, DateTimeOffset at, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        foreach (var key in keys)
            session.Prepare("UPDATE alert SET seen_at = ? WHERE key = ? AND over_at IS NULL").Bind(at.ToUnixTimeMilliseconds()).Bind(key).Run();
        return true;
    });

    public Task<IReadOnlyList<Alert>> ReadAsync(CancellationToken cancellationToken) => readers.RunAsync(
        session => SqliteHistoryStore.ReadAll(session.Prepare($"SELECT {Columns} FROM alert ORDER BY since, key"), Read), cancellationToken);

    public Task<bool> EndAsync(Alert alert, DateTimeOffset at, bool mail, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        var seen = alert.SeenAt.ToUnixTimeMilliseconds();
        var now = at.ToUnixTimeMilliseconds();
        return mail
            ? session.Prepare("UPDATE alert SET over_at = ?, mail_at = ? WHERE key = ? AND over_at IS NULL AND seen_at = ?")
                .Bind(now).Bind(now).Bind(alert.Key).Bind(seen).Run() == 1
            : session.Prepare("DELETE FROM alert WHERE key = ? AND seen_at = ?").Bind(alert.Key).Bind(seen).Run() == 1;
    });

    public Task<IReadOnlyList<Alert>> TakeMailAsync(DateTimeOffset now, DateTimeOffset until, int limit, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        var found = SqliteHistoryStore.ReadAll(
            session.Prepare($"SELECT {Columns} FROM alert WHERE mail_at <= ? ORDER BY mail_at, key LIMIT ?").Bind(now.ToUnixTimeMilliseconds()).Bind(limit), Read);
        foreach (var alert in found)
            session.Prepare("UPDATE alert SET mail_at = ? WHERE key = ?").Bind(until.ToUnixTimeMilliseconds()).Bind(alert.Key).Run();
        return found;
    });

    public Task MailedAsync(Alert alert, CancellationToken cancellationToken) => gate.RunAsync(session => alert.OverAt is { } over
        ? session.Prepare("DELETE FROM alert WHERE key = ? AND over_at = ?").Bind(alert.Key).Bind(over.ToUnixTimeMilliseconds()).Run()
        : session.Prepare("UPDATE alert SET mail_at = NULL WHERE key = ? AND over_at IS NULL AND told_at = ?")
            .Bind(alert.Key).Bind(alert.ToldAt.ToUnixTimeMilliseconds()).Run());

    public Task<DateTimeOffset?> FindOldestWaitingAsync(CancellationToken cancellationToken) => readers.RunAsync(
        session => SqliteHistoryStore.ReadAll(session.Prepare(OldestWaiting), row => row.TimeOrNull(0))[0], cancellationToken);

    public Task<IReadOnlyList<AilingEndpoint>> ReadFailingAsync(DateTimeOffset until, AilingEndpoint? after, int limit, CancellationToken cancellationToken) =>
        readers.RunAsync<IReadOnlyList<AilingEndpoint>>(session => SqliteHistoryStore.ReadAll(session.Prepare("""
            SELECT e.id, e.application_id, e.uid, h.failing_since, NULL FROM endpoint_health h INDEXED BY endpoint_health_failing
            CROSS JOIN endpoint e ON e.id = h.endpoint_id AND e.enabled
            WHERE h.failing_since <= ? AND (h.failing_since, h.endpoint_id) > (?, ?) ORDER BY h.failing_since, h.endpoint_id LIMIT ?
            """).Bind(until.ToUnixTimeMilliseconds()).Bind(Since(after)).Bind(after?.Id ?? default).Bind(limit), ReadTrouble), cancellationToken);

    public Task<IReadOnlyList<AilingEndpoint>> ReadDisabledAsync(AilingEndpoint? after, int limit, CancellationToken cancellationToken) =>
        readers.RunAsync<IReadOnlyList<AilingEndpoint>>(session => SqliteHistoryStore.ReadAll(session.Prepare("""
            SELECT id, application_id, uid, updated_at, disabled_reason FROM endpoint INDEXED BY endpoint_disabled_by_engine
            WHERE disabled_reason IS NOT NULL AND (updated_at, id) > (?, ?) ORDER BY updated_at, id LIMIT ?
            """).Bind(Since(after)).Bind(after?.Id ?? default).Bind(limit), ReadTrouble), cancellationToken);

    private static long Since(AilingEndpoint? after) => after?.Since.ToUnixTimeMilliseconds() ?? 0;

    private static AilingEndpoint ReadTrouble(Statement row) => new(
        row.Id<Endpoint>(0), row.Id<Application>(1), row.TextOrNull(2), row.Time(3), (EndpointDisabledReason?)row.Int64OrNull(4));

    private static Alert Read(Statement row) => new(row.Text(0), row.Text(1), row.Time(2), row.Time(3))
    {
        ApplicationId = row.IsNull(4) ? null : row.Id<Application>(4),
        ToldAt = row.Time(5),
        OverAt = row.TimeOrNull(6),
        MailAt = row.TimeOrNull(7),
    };
}
