using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

/// <summary>The memory of answered requests on PostgreSQL: shared by all nodes.</summary>
internal sealed class PostgresIdempotencyStore(PostgresDatabase database, TimeProvider time) : IIdempotencyStore
{
    public Task<IdempotencyEntry?> FindAsync(UInt128 key, CancellationToken cancellationToken) =>
        database.ReadAsync(session => FindAsync(session, key, Now()), cancellationToken);

    public Task AddAsync(IdempotencyEntry entry, CancellationToken cancellationToken) => database.WriteAloneAsync(session => session.Prepare("""
        INSERT INTO idempotency AS i (key, fingerprint, response, expires_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, response = excluded.response, expires_at = excluded.expires_at
            WHERE i.expires_at <= $5
        """)
        .Bind(Uuid.Of(entry.Key)).Bind(Uuid.Of(entry.Fingerprint)).Bind(entry.Response).Bind(entry.ExpiresAt.ToUnixTimeMilliseconds()).Bind(Now())
        .RunAsync(), cancellationToken);

    /// <summary>The entry of a key; null when there is none or its time is over.</summary>
    public static Task<IdempotencyEntry?> FindAsync(PostgresSession session, UInt128 key, long now) =>
        session.Prepare("SELECT fingerprint, response, expires_at FROM idempotency WHERE key = $1 AND expires_at > $2").Bind(Uuid.Of(key)).Bind(now)
            .FirstAsync(row => (IdempotencyEntry?)new IdempotencyEntry(key, row.UInt128(0), row.Blob(1), row.Time(2)));

    /// <summary>Forgets up to <paramref name="limit"/> entries whose time is over, and tells how many.</summary>
    public static Task<int> PruneAsync(PostgresSession session, long now, int limit) => session.Prepare("""
        DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """).Bind(now).Bind(limit).RunAsync();

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
