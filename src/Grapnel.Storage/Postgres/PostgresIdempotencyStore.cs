using Grapnel.Storage.Catalog;
using Npgsql;

namespace Grapnel.Storage.Postgres;

/// <summary>The memory of answered requests on PostgreSQL: shared by all nodes.</summary>
internal sealed class PostgresIdempotencyStore(PostgresDatabase database, int maxConnections, TimeProvider time) : IIdempotencyStore
{
    // Each that waits or works keeps a connection, and the work itself needs another one.
    private readonly SemaphoreSlim _places = new(Math.Max(1, maxConnections / 4));

    public Task<IdempotencyEntry?> FindAsync(UInt128 key, CancellationToken cancellationToken) =>
        database.ReadAsync(session => FindAsync(session, key, Now()), cancellationToken);

    public Task AddAsync(IdempotencyEntry entry, CancellationToken cancellationToken) => database.WriteAloneAsync(session => session.Prepare("""
        INSERT INTO idempotency AS i (key, fingerprint, response, expires_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, response = excluded.response, expires_at = excluded.expires_at
            WHERE i.expires_at <= $5
        """)
        .Bind(Uuid.Of(entry.Key)).Bind(Uuid.Of(entry.Fingerprint)).Bind(entry.Response).Bind(entry.ExpiresAt.ToUnixTimeMilliseconds()).Bind(Now())
        .RunAsync(), cancellationToken);

    public async Task<IAsyncDisposable> EnterAsync(UInt128 key, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        NpgsqlConnection? connection = null;
        try
        {
            connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
            // Half of the key will do: who shares it with another one waits in vain, once in a very long time.
            var half = (long)(ulong)key;
            await new PostgresSession(connection, cancellationToken).Prepare("SELECT pg_advisory_lock($1)").Bind(half).RunAsync().ConfigureAwait(false);
            return new Entered(connection, half, _places);
        }
        catch (Exception error)
        {
            if (connection is not null)
                await connection.DisposeAsync().ConfigureAwait(false);
            _places.Release();
            if (PostgresErrors.IsStorageFailure(error))
                throw PostgresErrors.Unavailable(error);
            throw;
        }
    }

    /// <summary>The entry of a key; null when there is none or its time is over.</summary>
    public static Task<IdempotencyEntry?> FindAsync(PostgresSession session, UInt128 key, long now) =>
        session.Prepare("SELECT fingerprint, response, expires_at FROM idempotency WHERE key = $1 AND expires_at > $2").Bind(Uuid.Of(key)).Bind(now)
            .FirstAsync(row => (IdempotencyEntry?)new IdempotencyEntry(key, row.UInt128(0), row.Blob(1), row.Time(2)));

    /// <summary>Forgets up to <paramref name="limit"/> entries whose time is over, and tells how many.</summary>
    public static Task<int> PruneAsync(PostgresSession session, long now, int limit) => session.Prepare("""
        DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """).Bind(now).Bind(limit).RunAsync();

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>A lock of the database on a session.</summary>
    private sealed class Entered(NpgsqlConnection connection, long half, SemaphoreSlim places) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            try
            {
                await new PostgresSession(connection, CancellationToken.None).Prepare("SELECT pg_advisory_unlock($1)").Bind(half).RunAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (PostgresErrors.IsStorageFailure(error))
            {
                // The session has ended, and the lock with it; or it ends now, with all that are idle, so that it does not keep the lock.
                NpgsqlConnection.ClearPool(connection);
            }
            finally
            {
                await connection.DisposeAsync().ConfigureAwait(false);
                places.Release();
            }
        }
    }
}
