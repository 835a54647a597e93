namespace Grapnel.Storage.Sqlite;

/// <summary>The memory of answered requests on SQLite.</summary>
internal sealed class SqliteIdempotencyStore(SqliteGate gate, SqliteReaders readers, TimeProvider time) : IIdempotencyStore
{
    public Task<IdempotencyEntry?> FindAsync(byte[] key, CancellationToken cancellationToken) =>
        readers.RunAsync(session => Find(session, key, Now()), cancellationToken);

    public Task AddAsync(IdempotencyEntry entry, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        if (Find(session, entry.Key, Now()) is not null)
            return false;
        Insert(session, entry);
        return true;
    });

    public static IdempotencyEntry? Find(SqliteSession session, byte[] key, long now)
    {
        var select = session.Prepare("SELECT fingerprint, response, expires_at FROM idempotency WHERE substr(key, 1, 8) = ? AND key = ? AND expires_at > ?")
            .Bind(key.AsSpan(0, 8)).Bind(key).Bind(now);
        if (!select.Step())
            return null;
        var entry = new IdempotencyEntry(key, select.Blob(0).ToArray(), select.Blob(1).ToArray(), select.Time(2));
        select.Reset();
        return entry;
    }

    /// <summary>The caller has made sure that there is no entry of that key; one that has expired but was not swept yet does no harm.</summary>
    public static void Insert(SqliteSession session, IdempotencyEntry entry) =>
        session.Prepare("INSERT INTO idempotency (key, fingerprint, response, expires_at) VALUES (?, ?, ?, ?)")
            .Bind(entry.Key).Bind(entry.Fingerprint).Bind(entry.Response).Bind(entry.ExpiresAt.ToUnixTimeMilliseconds())
            .Run();

    /// <summary>Forgets up to <paramref name="limit"/> entries whose time is over; tells how many.</summary>
    public static int Prune(SqliteSession session, long now, int limit) =>
        session.Prepare("""
            DELETE FROM idempotency WHERE n IN (
                SELECT n FROM (SELECT n, expires_at FROM idempotency WHERE n > 0 ORDER BY n LIMIT ?) WHERE expires_at <= ?)
            """).Bind(limit).Bind(now).Run();

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
