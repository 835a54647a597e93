using System.Data;
using Npgsql;

namespace Grapnel.Storage.Postgres;

/// <summary>The way to the database: a pool of connections, and the few manners in which work is done on one.</summary>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    private const int Tries = 5;

    // A piece of work is a handful of statements, of which the first that finds the database dead ends it.
    private const int TimeoutsPerWork = 2;

    // Of the connections, one in so many is for the hot path.
    private const int HotShare = 2;

    // History is partitioned, and only a plan that knows the values leaves the partitions alone that cannot matter. Compiling costs more than any of
    // these statements.
    private const string Planning = "-c plan_cache_mode=force_custom_plan -c jit=off";

    // What accepts, settles and reads lanes walks along keys, row by row, whatever it is given: it is planned once, for a list of a thousand values
    // takes longer to plan than to look up. It must not be planned by statistics, which know nothing of a table whose rows come and go with every event.
    private const string HotPlanning =
        "-c plan_cache_mode=force_generic_plan -c jit=off -c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_material=off";

    private readonly NpgsqlDataSource _source;
    private readonly PostgresDatabase _other;
    private readonly TimeSpan _limit;

    public PostgresDatabase(PostgresStoreOptions options)
    {
        var settings = Complete(options);
        var hot = Math.Max(1, settings.MaxPoolSize / HotShare);
        ConnectionString = With(settings, Planning, Math.Max(1, settings.MaxPoolSize - hot));
        _source = NpgsqlDataSource.Create(ConnectionString);
        _limit = TimeoutsPerWork * options.Timeout;
        Hot = _other = new PostgresDatabase(With(settings, HotPlanning, hot), _limit, this);
    }

    private PostgresDatabase(string connectionString, TimeSpan limit, PostgresDatabase other)
    {
        (ConnectionString, _limit, _other, Hot) = (connectionString, limit, other, this);
        _source = NpgsqlDataSource.Create(connectionString);
    }

    /// <summary>The connection string in force. It has a password in it.</summary>
    public string ConnectionString { get; }

    /// <summary>The same database for the statements of the hot path: with connections of its own, on which they are planned once.</summary>
    public PostgresDatabase Hot { get; }

    /// <summary>
    /// A connection outside of the pool, to listen on. The server is asked for a sign of life now and then, so that a way that was cut is noticed.
    /// </summary>
    public async Task<NpgsqlConnection> OpenListenerAsync(CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false, KeepAlive = 5 }.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A connection of the pool, to keep for a while.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => _source.OpenConnectionAsync(cancellationToken);

    /// <summary>Reads; each statement sees what is committed when it begins.</summary>
    public Task<T> ReadAsync<T>(Func<PostgresSession, Task<T>> read, CancellationToken cancellationToken) =>
        RunAsync(isolation: null, read, cancellationToken, mayRepeat: true);

    /// <summary>The same for work that takes as long as it takes.</summary>
    public Task<T> RunLongAsync<T>(Func<PostgresSession, Task<T>> work, CancellationToken cancellationToken) =>
        RunAsync(isolation: null, work, cancellationToken, Timeout.InfiniteTimeSpan);

    /// <summary>Reads with several statements that all see the same.</summary>
    public Task<T> ReadSnapshotAsync<T>(Func<PostgresSession, Task<T>> read, CancellationToken cancellationToken) =>
        RunAsync(IsolationLevel.RepeatableRead, read, cancellationToken, mayRepeat: true);

    /// <summary>
    /// Writes in one transaction; when the task completes, it is durable. Where it stood in another's way it is undone and runs again, so it must
    /// not have effects outside the store.
    /// </summary>
    public Task<T> WriteAsync<T>(Func<PostgresSession, Task<T>> write, CancellationToken cancellationToken = default) =>
        RunAsync(IsolationLevel.ReadCommitted, write, cancellationToken);

    /// <summary>Writes with a single statement, which is a transaction of its own.</summary>
    public Task<T> WriteAloneAsync<T>(Func<PostgresSession, Task<T>> write, CancellationToken cancellationToken = default) =>
        RunAsync(isolation: null, write, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync().ConfigureAwait(false);
        if (Hot != this)
            await Hot.DisposeAsync().ConfigureAwait(false);
    }

    // What the connection string does not say.
    private static NpgsqlConnectionStringBuilder Complete(PostgresStoreOptions options)
    {
        var settings = new NpgsqlConnectionStringBuilder(options.ConnectionString) { Enlist = false };
        // The builder says that it contains every keyword it knows; those that were given are among its keys.
        var given = settings.Keys.Cast<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
        void Default(string keyword, object value)
        {
            if (!given.Contains(keyword))
                settings[keyword] = value;
        }
        Default("Maximum Pool Size", options.MaxConnections);
        Default("Command Timeout", (int)Math.Ceiling(options.Timeout.TotalSeconds));
        Default("Timeout", (int)Math.Ceiling(options.Timeout.TotalSeconds));
        Default("Cancellation Timeout", 500);
        Default("Max Auto Prepare", 64);
        Default("Auto Prepare Min Usages", 2);
        Default("Application Name", "grapnel");
        // No work leaves anything behind in its session.
        Default("No Reset On Close", true);
        return settings;
    }

    // A node that is stopped in the middle of a transaction must not keep its locks.
    private static string With(NpgsqlConnectionStringBuilder settings, string planning, int connections) =>
        new NpgsqlConnectionStringBuilder(settings.ConnectionString)
        {
            MaxPoolSize = connections,
            Options = $"-c idle_in_transaction_session_timeout=5s {planning} {settings.Options}".TrimEnd(),
        }.ConnectionString;

    private async Task<T> RunAsync<T>(
        IsolationLevel? isolation, Func<PostgresSession, Task<T>> work, CancellationToken cancellationToken, TimeSpan? limit = null,
        bool mayRepeat = false)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                // The driver keeps the time of a statement, and then asks the server to cancel it: one that stands still never answers that. So the work
                // is left to itself in the end, with its connection.
                return await RunOnceAsync(isolation, work, cancellationToken).WaitAsync(limit ?? _limit, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (tries < Tries && PostgresErrors.IsConflict(error))
            {
            }
            catch (Exception error) when (mayRepeat && tries == 1 && PostgresErrors.IsLost(error))
            {
                // The connection may have been dead for long, and the database back since.
                ForgetConnections();
            }
            catch (Exception error) when (PostgresErrors.IsStorageFailure(error))
            {
                if (PostgresErrors.IsLost(error))
                    ForgetConnections();
                throw PostgresErrors.Unavailable(error);
            }
        }
    }

    // Where one is lost, those that are idle will be as dead when their turn comes.
    private void ForgetConnections()
    {
        _source.Clear();
        _other._source.Clear();
    }

    private async Task<T> RunOnceAsync<T>(IsolationLevel? isolation, Func<PostgresSession, Task<T>> work, CancellationToken cancellationToken)
    {
        var connection = await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
            return await RunAsync(connection, isolation, work, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<T> RunAsync<T>(
        NpgsqlConnection connection, IsolationLevel? isolation, Func<PostgresSession, Task<T>> work, CancellationToken cancellationToken)
    {
        var session = new PostgresSession(connection, cancellationToken);
        try
        {
            var result = isolation is { } level
                ? await InTransactionAsync(session, level, work, cancellationToken).ConfigureAwait(false)
                : await work(session).ConfigureAwait(false);
            session.Tell(committed: true);
            return result;
        }
        finally
        {
            session.Tell(committed: false);
        }
    }

    /// <summary>Does the work in one transaction of the session.</summary>
    public static async Task<T> InTransactionAsync<T>(
        PostgresSession session, IsolationLevel isolation, Func<PostgresSession, Task<T>> work, CancellationToken cancellationToken)
    {
        // Disposed without a commit, it is rolled back.
        var transaction = await session.Connection.BeginTransactionAsync(isolation, cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            var result = await work(session).ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            return result;
        }
    }
}
