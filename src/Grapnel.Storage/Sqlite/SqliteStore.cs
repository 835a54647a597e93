using Grapnel.Storage.Catalog;
using Microsoft.Data.Sqlite;

namespace Grapnel.Storage.Sqlite;

/// <summary>The embedded store: one folder, one process, one writer. Owns the lock, the gate and the readers, and offers the roles.</summary>
public sealed class SqliteStore : IStore, IDisposable
{
    /// <summary>Pages in the write-ahead log (4 KiB each) after which a commit also moves them into the database file: 16 MiB.</summary>
    internal const int CheckpointPages = 4096;

    /// <summary>The size to which the log file is cut back after a checkpoint: 32 MiB.</summary>
    internal const long WalLimitBytes = 32 << 20;

    private readonly FolderLock _lock;

    private SqliteStore(FolderLock held, SqliteFiles files, SqliteSession writer, SqliteStoreOptions options, TimeProvider time, ISecretBox? box)
    {
        _lock = held;
        Files = files;
        Gate = new SqliteGate(writer, files.Wal);
        Readers = new SqliteReaders(files.Database, options);
        var idempotency = new SqliteIdempotencyStore(Gate, options.IdempotencyRunLength, time);
        Deliveries = new SqliteDeliveryStore(Gate, Readers, idempotency, new IdGenerator(time), time);
        var catalog = new SqliteCatalogDatabase(Gate, Readers);
        Catalog = new CatalogStore(catalog, box);
        Console = new ConsoleStore(catalog);
        History = new SqliteHistoryStore(Gate, Readers, time);
        Search = new SqliteSearchStore(Readers);
        Idempotency = idempotency;
        Tasks = new SqliteBackgroundTaskStore(Gate, Readers, time);
        Statistics = new SqliteStatisticsStore(Readers, time);
        Alerts = new SqliteAlertStore(Gate, Readers);
        Erasure = new SqliteErasureStore(Gate, Readers, time);
    }

    /// <inheritdoc/>
    public IDeliveryStore Deliveries { get; }

    /// <inheritdoc/>
    public ICatalogStore Catalog { get; }

    /// <inheritdoc/>
    public IHistoryStore History { get; }

    /// <inheritdoc/>
    public ISearchStore Search { get; }

    /// <inheritdoc/>
    public IIdempotencyStore Idempotency { get; }

    /// <inheritdoc/>
    public IBackgroundTaskStore Tasks { get; }

    /// <inheritdoc/>
    public IErasureStore Erasure { get; }

    /// <inheritdoc/>
    public IConsoleStore Console { get; }

    /// <inheritdoc/>
    public IStatisticsStore Statistics { get; }

    /// <inheritdoc/>
    public IAlertStore Alerts { get; }

    /// <inheritdoc/>
    public INodeSignals Signals { get; } = new NoSignals();

    internal SqliteFiles Files { get; }

    internal SqliteGate Gate { get; }

    internal SqliteReaders Readers { get; }

    /// <summary>Opens the store, and makes a new one where the folder is empty. Off the caller's thread: SQLite blocks.</summary>
    /// <exception cref="StoreLockedException">Another process has the folder.</exception>
    /// <exception cref="StoreOpenException">The files cannot be used as they are.</exception>
    public static Task<SqliteStore> OpenAsync(
        SqliteStoreOptions options, TimeProvider time, CancellationToken cancellationToken = default, ISecretBox? box = null) =>
        Task.Run(() => Open(options, time, box), cancellationToken);

    /// <summary>Opens the store, and makes a new one where the folder is empty.</summary>
    /// <exception cref="StoreLockedException">Another process has the folder.</exception>
    /// <exception cref="StoreOpenException">The files cannot be used as they are.</exception>
    public static SqliteStore Open(SqliteStoreOptions options, TimeProvider time, ISecretBox? box = null)
    {
        var files = SqliteFiles.In(options.Data);
        var held = FolderLock.Take(files.Folder);
        try
        {
            files.RefuseWhatIsMissing(held.FollowsCrash);
            return new SqliteStore(held, files, OpenWriter(files, held, options, time), options, time, box);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Finishes what was queued and closes the files.</summary>
    public async ValueTask DisposeAsync()
    {
        // The writer goes last: closing the last connection moves the log into the database file and removes it.
        Readers.Dispose();
        await Gate.DisposeAsync().ConfigureAwait(false);
        _lock.Release(inOrder: !File.Exists(Files.Wal));
    }

    /// <inheritdoc/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static SqliteSession OpenWriter(SqliteFiles files, FolderLock held, SqliteStoreOptions options, TimeProvider time)
    {
        SqliteSession? writer = null;
        try
        {
            writer = SqliteSession.Open(
                files.Database, File.Exists(files.Database) ? SqliteOpenMode.ReadWrite : SqliteOpenMode.ReadWriteCreate, options);
            SqliteSchema.Prepare(writer, files, time);
            held.Announce(time);
            return writer;
        }
        catch (Exception error) when (error is not StoreOpenException)
        {
            writer?.Dispose();
            throw new StoreOpenException($"The database {files.Database} cannot be opened: {SqliteErrors.Describe(error)}", error);
        }
        catch
        {
            writer?.Dispose();
            throw;
        }
    }
}
