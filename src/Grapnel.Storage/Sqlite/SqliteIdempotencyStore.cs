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
        var select = session.Prepare("SELECT fingerprint, response, expires_at FROM idempotency WHERE key = ? AND expires_at > ?")
            .Bind(key).Bind(now);
        if (!select.Step())
            return null;
        var entry = new IdempotencyEntry(key, select.Blob(0).ToArray(), select.Blob(1).ToArray(), select.Time(2));
        select.Reset();
        return entry;
    }

    // Replaces an entry that has expired but was not swept yet.
    public static void Insert(SqliteSession session, IdempotencyEntry entry) =>
        session.Prepare("INSERT OR REPLACE INTO idempotency (key, fingerprint, response, expires_at) VALUES (?, ?, ?, ?)")
            .Bind(entry.Key).Bind(entry.Fingerprint).Bind(entry.Response).Bind(entry.ExpiresAt.ToUnixTimeMilliseconds())
            .Run();

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
