using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using SQLitePCL;

namespace Grapnel.Storage.Sqlite;

/// <summary>One open connection with the statements prepared on it. Used by one thread at a time.</summary>
internal sealed class SqliteSession : IDisposable
{
    /// <summary>How long a statement waits for another process that looks into the database, a backup for example.</summary>
    public static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(5);

    // Most texts are literals, found by reference; hashing a long text for every row would cost as much as the row.
    private readonly Dictionary<string, Statement> _literals = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, Statement> _statements = [];
    private readonly SqliteConnection _connection;
    private readonly Lazy<DbContextOptions<SqliteCatalogContext>> _catalogOptions;

    // A session is used by one thread at a time, so SQLite need not lock it at every call, nor keep count of its memory.
    static SqliteSession()
    {
        Batteries_V2.Init();
        _ = raw.sqlite3_config(raw.SQLITE_CONFIG_MULTITHREAD);
        _ = raw.sqlite3_config(raw.SQLITE_CONFIG_MEMSTATUS, 0);
    }

    private SqliteSession(SqliteConnection connection)
    {
        _connection = connection;
        _catalogOptions = new(() => new DbContextOptionsBuilder<SqliteCatalogContext>()
            .UseSqlite(_connection)
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
            .Options);
    }

    /// <summary>Opens a connection. What a connection must set anew each time is set here.</summary>
    public static SqliteSession Open(string file, SqliteOpenMode mode, SqliteStoreOptions options)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = file, Mode = mode, Pooling = false, ForeignKeys = false,
        }.ToString());
        try
        {
            connection.Open();
            var session = new SqliteSession(connection);
            session.SetBusyTimeout(BusyTimeout);
            session.Execute(mode == SqliteOpenMode.ReadOnly ? ReaderSettings() : WriterSettings(options));
            return session;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public sqlite3 Handle => _connection.Handle!;

    /// <summary>Every statement prepared so far, by its text.</summary>
    public IReadOnlyDictionary<string, Statement> Statements => _statements;

    /// <summary>Whether a transaction is open; SQLite ends one by itself after some errors.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(Handle) == 0;

    /// <summary>The statement for a text, prepared at its first use.</summary>
    public Statement Prepare(string sql)
    {
        if (_literals.TryGetValue(sql, out var statement) || _statements.TryGetValue(sql, out statement))
            return statement;
        SqliteException.ThrowExceptionForRC(
            raw.sqlite3_prepare_v3(Handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var prepared), Handle);
        return _literals[sql] = _statements[sql] = new Statement(Handle, prepared);
    }

    /// <summary>Runs statements once.</summary>
    public void Execute(string sql) => SqliteException.ThrowExceptionForRC(raw.sqlite3_exec(Handle, sql), Handle);

    public void SetBusyTimeout(TimeSpan limit) => raw.sqlite3_busy_timeout(Handle, (int)limit.TotalMilliseconds);

    /// <summary>A short-lived view of the catalog on this connection, inside whatever transaction is open on it.</summary>
    public SqliteCatalogContext OpenCatalog()
    {
        var context = new SqliteCatalogContext(_catalogOptions.Value);
        context.Database.AutoTransactionBehavior = AutoTransactionBehavior.Never;
        return context;
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
            statement.Dispose();
        _connection.Dispose();
    }

    // journal_size_limit cuts the log back after a checkpoint; without it the file keeps the size of its worst hour.
    private static string WriterSettings(SqliteStoreOptions options) => $"""
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = {(options.Synchronous == SqliteSynchronous.Normal ? "NORMAL" : "FULL")};
        PRAGMA wal_autocheckpoint = {SqliteStore.CheckpointPages};
        PRAGMA journal_size_limit = {SqliteStore.WalLimitBytes};
        PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -8000;
        """;

    private static string ReaderSettings() => """
        PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -4000;
        """;
}
