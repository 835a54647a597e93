namespace Grapnel.Storage.Sqlite;

/// <summary>The memory of answered requests on SQLite. What takes a session runs on the gate's thread.</summary>
internal sealed class SqliteIdempotencyStore(SqliteGate gate, int runLength, TimeProvider time) : IIdempotencyStore
{
    // What is stored for one transaction may be large, and the writer must not stand still over this.
    private const int MaxPrunedBytes = 4 << 20;

    private readonly IdempotencyIndex _index = new(gate, runLength);
    private readonly IdempotencyChunk _chunk = new();
    private readonly List<(IdempotencyEntry Entry, long Place)> _waiting = [];

    public Task<IdempotencyEntry?> FindAsync(UInt128 key, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        Begin();
        return Find(session, key, Now());
    });

    public Task AddAsync(IdempotencyEntry entry, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        Begin();
        if (Find(session, entry.Key, Now()) is not null)
            return false;
        Add(session, entry, SqliteDeliveryStore.ReserveSeqs(session, 1));
        Store(session);
        return true;
    });

    // There is no other node.
    public Task<IAsyncDisposable> EnterAsync(UInt128 key, CancellationToken cancellationToken) => Task.FromResult<IAsyncDisposable>(Alone.Instance);

    private sealed class Alone : IAsyncDisposable
    {
        public static readonly Alone Instance = new();

        public ValueTask DisposeAsync() => default;
    }

    /// <summary>Begins a piece of work: forgets what one that failed may have left.</summary>
    public void Begin() => _waiting.Clear();

    /// <summary>The entry of a key, those added in this piece of work included; null when there is none or its time is over.</summary>
    public IdempotencyEntry? Find(SqliteSession session, UInt128 key, long now)
    {
        foreach (var place in _index.Find(session, key))
        {
            if ((FindWaiting(place) ?? Read(session, key, place)) is { } entry && entry.ExpiresAt.ToUnixTimeMilliseconds() > now)
                return entry;
        }
        return null;
    }

    /// <summary>
    /// Adds an entry at a place in the order of acceptance, for <see cref="Store"/> to store. The caller has made sure that there is none of that
    /// key; one that has expired but was not swept yet does no harm.
    /// </summary>
    public void Add(SqliteSession session, IdempotencyEntry entry, long place)
    {
        _waiting.Add((entry, place));
        _index.Add(session, entry.Key, place);
    }

    /// <summary>Stores what was added.</summary>
    public void Store(SqliteSession session)
    {
        if (_waiting.Count == 0)
            return;
        _chunk.Clear();
        var expiresAt = DateTimeOffset.MinValue;
        foreach (var (entry, place) in _waiting)
        {
            _chunk.Add(entry, place);
            expiresAt = entry.ExpiresAt > expiresAt ? entry.ExpiresAt : expiresAt;
        }
        session.Prepare("INSERT INTO idempotency (n, expires_at, entries) VALUES (?, ?, ?)")
            .Bind(_waiting[0].Place).Bind(expiresAt.ToUnixTimeMilliseconds()).Bind(_chunk.Packed)
            .Run();
        _index.Merge(session, _waiting.Count);
    }

    /// <summary>
    /// Forgets what was stored in up to <paramref name="limit"/> transactions, once its time is over; tells in how many, or the limit when there
    /// may be more.
    /// </summary>
    public static int Prune(SqliteSession session, long now, int limit)
    {
        var (count, bytes, last) = (0, 0L, 0L);
        var select = session.Prepare("SELECT n, length(entries), expires_at FROM idempotency WHERE n > 0 ORDER BY n LIMIT ?").Bind(limit);
        while (bytes < MaxPrunedBytes && select.Step() && select.Int64(2) <= now)
        {
            (last, bytes) = (select.Int64(0), bytes + select.Int64(1));
            count++;
        }
        select.Reset();
        session.Prepare("DELETE FROM idempotency WHERE n > 0 AND n <= ?").Bind(last).Run();
        return bytes < MaxPrunedBytes ? count : limit;
    }

    private IdempotencyEntry? FindWaiting(long place) =>
        _waiting.Count > 0 && place >= _waiting[0].Place ? _waiting.Find(waiting => waiting.Place == place).Entry : null;

    private static IdempotencyEntry? Read(SqliteSession session, UInt128 key, long place)
    {
        var select = session.Prepare("SELECT entries FROM idempotency WHERE n <= ? ORDER BY n DESC LIMIT 1").Bind(place);
        if (!select.Step())
            return null;
        var entry = IdempotencyChunk.Find(select.Blob(0), key, place);
        select.Reset();
        return entry;
    }

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
