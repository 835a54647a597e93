using Grapnel.Alerting;

namespace Grapnel.Storage.Postgres;

/// <summary>Alerts, hand-written: who tells is decided by which statement finds a row.</summary>
internal sealed class PostgresAlertStore(PostgresDatabase database) : IAlertStore
{
    private const string Columns = "key, text, since, seen_at, application_id, told_at, over_at, mail_at";

    private const string OldestWaiting = LaneSql.Pending + """

        SELECT head.message_id FROM pending
        JOIN endpoint e ON e.id = pending.endpoint_id AND e.enabled
        CROSS JOIN LATERAL (
            SELECT d.message_id FROM delivery d
            WHERE d.endpoint_id = pending.endpoint_id AND d.stage = 0 AND d.trigger = 0
                AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.message_id = d.message_id AND a.endpoint_id = d.endpoint_id)
            ORDER BY d.seq LIMIT 1) AS head
        WHERE NOT EXISTS (SELECT 1 FROM paused_lane p WHERE p.endpoint_id = e.id)
            AND NOT EXISTS (SELECT 1 FROM endpoint_health h WHERE h.endpoint_id = e.id AND h.failing_since IS NOT NULL)
        ORDER BY head.message_id LIMIT 1
        """;

    public Task<bool> RaiseAsync(Alert alert, TimeSpan? repeatAfter, bool mail, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        var now = alert.SeenAt.ToUnixTimeMilliseconds();
        var toldBefore = repeatAfter is { } span ? (alert.SeenAt - span).ToUnixTimeMilliseconds() : 0;
        if (await session.Prepare("UPDATE alert SET seen_at = greatest(seen_at, $1), text = $2 WHERE key = $3 AND over_at IS NULL AND told_at > $4")
            .Bind(now).Bind(alert.Text).Bind(alert.Key).Bind(toldBefore).RunAsync().ConfigureAwait(false) == 1)
            return false;
        // Of nodes that come this far together, the second finds the row of the first, and nothing to do.
        return await session.Prepare($"""
            INSERT INTO alert AS a ({Columns}) VALUES ($1, $2, $3, $4, $5, $4, NULL, $6)
            ON CONFLICT (key) DO UPDATE SET text = excluded.text, seen_at = excluded.seen_at, told_at = excluded.told_at, mail_at = excluded.mail_at,
                since = CASE WHEN a.over_at IS NULL THEN a.since ELSE excluded.since END, over_at = NULL
            WHERE a.over_at IS NOT NULL OR a.told_at <= $7
            """)
            .Bind(alert.Key).Bind(alert.Text).Bind(alert.Since.ToUnixTimeMilliseconds()).Bind(now).Bind(alert.ApplicationId).Bind(mail ? now : default(long?)).Bind(toldBefore)
            .RunAsync().ConfigureAwait(false) == 1;
    }, cancellationToken);

    /// <summary>Notes that a node was given up, unless that is known, for somebody to tell.</summary>
    public static Task<int> NoteLostAsync(PostgresSession session, string node, DateTimeOffset now)
    {
        var alert = AlertKinds.Lost(node, now);
        return session.Prepare($"""
            INSERT INTO alert AS a ({Columns}) VALUES ($1, $2, $3, $4, NULL, 0, NULL, NULL)
            ON CONFLICT (key) DO UPDATE SET since = excluded.since, seen_at = excluded.seen_at, told_at = 0, over_at = NULL, mail_at = NULL WHERE a.over_at IS NOT NULL
            """).Bind(alert.Key).Bind(alert.Text).Bind(alert.Since.ToUnixTimeMilliseconds()).Bind(alert.SeenAt.ToUnixTimeMilliseconds()).RunAsync();
    }

    // What is locked is being noted by another node just now.
    public Task SeenAsync(IReadOnlyList<string> keys, DateTimeOffset at, CancellationToken cancellationToken) => database.WriteAloneAsync(session => session.Prepare("""
        UPDATE alert SET seen_at = greatest(seen_at, $1) WHERE key IN (SELECT key FROM alert WHERE key = ANY ($2) AND over_at IS NULL FOR UPDATE SKIP LOCKED)
        """).Bind(at.ToUnixTimeMilliseconds()).Bind(keys.ToArray()).RunAsync(), cancellationToken);

    public async Task<IReadOnlyList<Alert>> ReadAsync(CancellationToken cancellationToken) => await database.ReadAsync(
        session => session.Prepare($"SELECT {Columns} FROM alert ORDER BY since, key").RowsAsync(Read), cancellationToken).ConfigureAwait(false);

    public Task<bool> EndAsync(Alert alert, DateTimeOffset at, bool mail, CancellationToken cancellationToken) => database.WriteAloneAsync(async session =>
    {
        var seen = alert.SeenAt.ToUnixTimeMilliseconds();
        var ended = mail
            ? session.Prepare("UPDATE alert SET over_at = $1, mail_at = $1 WHERE key = $2 AND over_at IS NULL AND seen_at = $3")
                .Bind(at.ToUnixTimeMilliseconds()).Bind(alert.Key).Bind(seen)
            : session.Prepare("DELETE FROM alert WHERE key = $1 AND seen_at = $2").Bind(alert.Key).Bind(seen);
        return await ended.RunAsync().ConfigureAwait(false) == 1;
    }, cancellationToken);

    public async Task<IReadOnlyList<Alert>> TakeMailAsync(DateTimeOffset now, DateTimeOffset until, int limit, CancellationToken cancellationToken) =>
        await database.WriteAloneAsync(session => session.Prepare($"""
            UPDATE alert SET mail_at = $2
            WHERE key IN (SELECT key FROM alert WHERE mail_at <= $1 ORDER BY mail_at, key LIMIT $3 FOR UPDATE SKIP LOCKED)
            RETURNING {Columns}
            """).Bind(now.ToUnixTimeMilliseconds()).Bind(until.ToUnixTimeMilliseconds()).Bind(limit).RowsAsync(Read), cancellationToken).ConfigureAwait(false);

    public Task MailedAsync(Alert alert, CancellationToken cancellationToken) => database.WriteAloneAsync(session => (alert.OverAt is { } over
        ? session.Prepare("DELETE FROM alert WHERE key = $1 AND over_at = $2").Bind(alert.Key).Bind(over.ToUnixTimeMilliseconds())
        : session.Prepare("UPDATE alert SET mail_at = NULL WHERE key = $1 AND over_at IS NULL AND told_at = $2")
            .Bind(alert.Key).Bind(alert.ToldAt.ToUnixTimeMilliseconds())).RunAsync(), cancellationToken);

    public Task<DateTimeOffset?> FindOldestWaitingAsync(CancellationToken cancellationToken) => database.ReadSnapshotAsync(async session =>
    {
        var head = await session.Prepare(OldestWaiting).RowsAsync(row => row.Id<Message>(0)).ConfigureAwait(false);
        var accepted = await StoredLanes.ReadAcceptedAtAsync(session, head).ConfigureAwait(false);
        return accepted.Values.Select(at => (DateTimeOffset?)at).FirstOrDefault();
    }, cancellationToken);

    public async Task<IReadOnlyList<AilingEndpoint>> ReadFailingAsync(DateTimeOffset until, AilingEndpoint? after, int limit, CancellationToken cancellationToken) =>
        await database.ReadAsync(session => session.Prepare("""
            SELECT e.id, e.application_id, e.uid, h.failing_since, NULL::smallint FROM endpoint_health h JOIN endpoint e ON e.id = h.endpoint_id AND e.enabled
            WHERE h.failing_since <= $1 AND (h.failing_since, h.endpoint_id) > ($2, $3) ORDER BY h.failing_since, h.endpoint_id LIMIT $4
            """).Bind(until.ToUnixTimeMilliseconds()).Bind(Since(after)).Bind(after?.Id ?? default).Bind(limit).RowsAsync(ReadTrouble), cancellationToken).ConfigureAwait(false);

    public async Task<IReadOnlyList<AilingEndpoint>> ReadDisabledAsync(AilingEndpoint? after, int limit, CancellationToken cancellationToken) =>
        await database.ReadAsync(session => session.Prepare("""
            SELECT id, application_id, uid, updated_at, disabled_reason FROM endpoint
            WHERE disabled_reason IS NOT NULL AND (updated_at, id) > ($1, $2) ORDER BY updated_at, id LIMIT $3
            """).Bind(Since(after)).Bind(after?.Id ?? default).Bind(limit).RowsAsync(ReadTrouble), cancellationToken).ConfigureAwait(false);

    private static long Since(AilingEndpoint? after) => after?.Since.ToUnixTimeMilliseconds() ?? 0;

    private static AilingEndpoint ReadTrouble(PostgresRow row) => new(
        row.Id<Endpoint>(0), row.Id<Application>(1), row.TextOrNull(2), row.Time(3), (EndpointDisabledReason?)row.Int16OrNull(4));

    private static Alert Read(PostgresRow row) => new(row.Text(0), row.Text(1), row.Time(2), row.Time(3))
    {
        ApplicationId = row.IsNull(4) ? null : row.Id<Application>(4),
        ToldAt = row.Time(5),
        OverAt = row.TimeOrNull(6),
        MailAt = row.TimeOrNull(7),
    };
}
