using System.Buffers;
using System.Data;
using Grapnel.Storage.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Grapnel.Storage.Copying;

/// <summary>The database that is copied into, on one connection.</summary>
internal sealed class CopyTarget : IAsyncDisposable
{
    // Very many partitions make every statement slow to plan. Older rows go to the default partition.
    private const int MostPartitions = 400;

    private readonly PostgresDatabase _database;
    private readonly NpgsqlConnection _connection;
    private readonly PostgresSession _session;
    private readonly ArrayBufferWriter<byte> _scratch = new();

    private CopyTarget(PostgresDatabase database, NpgsqlConnection connection, CancellationToken cancellationToken) =>
        (_database, _connection, _session) = (database, connection, new PostgresSession(connection, cancellationToken));

    /// <summary>Connects, and keeps everybody else from making tables until disposed.</summary>
    public static async Task<CopyTarget> OpenAsync(string connectionString, CancellationToken cancellationToken)
    {
        var database = new PostgresDatabase(new PostgresStoreOptions { ConnectionString = connectionString, Timeout = TimeSpan.FromMinutes(1) });
        NpgsqlConnection? connection = null;
        try
        {
            connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
            var target = new CopyTarget(database, connection, cancellationToken);
            await target.TakeAsync().ConfigureAwait(false);
            return target;
        }
        catch
        {
            if (connection is not null)
                await connection.DisposeAsync().ConfigureAwait(false);
            await database.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Begins a copy into an empty database, or goes on with one of the same source; tells when that one was begun.</summary>
    public async Task<DateTimeOffset?> BeginAsync(SourceIdentity source, DateTimeOffset now)
    {
        if (await CopyProgress.ExistsAsync(_session).ConfigureAwait(false))
            return await GoOnAsync(source).ConfigureAwait(false);
        if (await _session.Prepare("SELECT 1 FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') LIMIT 1")
            .AnyAsync().ConfigureAwait(false))
            throw new StoreOpenException("The database that is to be copied into is not empty. Make a new one, and name that.");
        await InTransactionAsync(() => CopyProgress.BeginAsync(_session, source, now)).ConfigureAwait(false);
        return null;
    }

    /// <summary>Makes the tables, without what a new installation begins with, and partitions for the history that is to come.</summary>
    public async Task PrepareAsync((DateTimeOffset First, DateTimeOffset Last)? history, PostgresPartitions partitions)
    {
        PostgresSchema.Migrate(_session);
        // The source's own take their place.
        if (!(await ReadProgressAsync().ConfigureAwait(false)).ContainsKey("counter"))
            await _session.Prepare("DELETE FROM counter").RunAsync().ConfigureAwait(false);
        if (history is { } range)
            await partitions.CoverAsync(_session, range.First, range.Last, MostPartitions).ConfigureAwait(false);
        await partitions.EnsureAsync(_session).ConfigureAwait(false);
        // A page that is lost with the machine takes its progress with it. The last transaction is durable, and all before it.
        await _session.Prepare("SET synchronous_commit = off").RunAsync().ConfigureAwait(false);
    }

    /// <summary>How far the tables have come.</summary>
    public Task<Dictionary<string, TableProgress>> ReadProgressAsync() => CopyProgress.ReadAsync(_session);

    /// <summary>The columns of a table that are copied.</summary>
    public async Task<IReadOnlyList<CopyColumn>> ReadColumnsAsync(TableCopy table)
    {
        var columns = await _session.Prepare("""
            SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute
            WHERE attrelid = to_regclass(quote_ident($1)) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
            """).Bind(table.Name).RowsAsync(row => CopyColumn.Of(row.Text(0), row.Text(1))).ConfigureAwait(false);
        return table.Packed is not { } packed ? columns : [.. packed.Columns.Select(name => columns.Single(column => column.Name == name))];
    }

    /// <summary>Writes a page, and how far the table has come with it, in one transaction.</summary>
    public async Task<TableProgress> WriteAsync(TableCopy table, IReadOnlyList<CopyColumn> columns, CopyPage page, TableProgress before)
    {
        TableProgress after = before;
        await InTransactionAsync(async () =>
        {
            var (rows, sum) = table.Packed is { } packed
                ? await ReplaceAsync(table, packed, columns, page.Rows, before.Sum).ConfigureAwait(false)
                : (page.Rows, before.Sum);
            foreach (var row in rows)
                sum.Add(row, _scratch);
            await InsertAsync(table, columns, rows).ConfigureAwait(false);
            after = new TableProgress(page.Cursor, page.Cursor is null, sum, before.Changed + page.Changed);
            await CopyProgress.StoreAsync(_session, table.Name, after).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return after;
    }

    /// <summary>Reads all rows of a table back.</summary>
    /// <param name="table">The table.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="told">Is told of how many were read so far, after each.</param>
    public async Task<RowSum> SumAsync(TableCopy table, IReadOnlyList<CopyColumn> columns, Action<long> told)
    {
        var sum = new RowSum();
        var values = new object?[columns.Count];
        await _session.Prepare($"SELECT {Names(columns)} FROM \"{table.Name}\"").WithoutTimeout().EachAsync(row =>
        {
            for (var i = 0; i < values.Length; i++)
                values[i] = columns[i].Read(row, i);
            sum.Add(values, _scratch);
            told(sum.Rows);
        }).ConfigureAwait(false);
        return sum;
    }

    /// <summary>Has places go on behind the last one of the source.</summary>
    public Task<bool> SetPlaceAsync(long last) =>
        _session.Prepare("SELECT setval('place', greatest($1, 1), $1 > 0)").Bind(last).AnyAsync();

    /// <summary>Puts the tables in order after so many rows, so that the first statements of a server are planned for what is there.</summary>
    public Task<int> VacuumAsync() => _session.Prepare("VACUUM (ANALYZE)").WithoutTimeout().RunAsync();

    /// <summary>Adds the keys that were beside the embedded store: nodes that share a database share its key ring.</summary>
    public Task AddKeyRingAsync(IReadOnlyList<KeyRingEntry> keys) => InTransactionAsync(async () =>
    {
        foreach (var key in keys)
            await _session.Prepare("INSERT INTO key_ring (name, xml) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
                .Bind(key.Name).Bind(key.Xml).RunAsync().ConfigureAwait(false);
    });

    /// <summary>Ends the copy, durably.</summary>
    public async Task EndAsync()
    {
        await _session.Prepare("SET synchronous_commit = on").RunAsync().ConfigureAwait(false);
        await InTransactionAsync(() => CopyProgress.EndAsync(_session)).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync().ConfigureAwait(false);
        await _database.DisposeAsync().ConfigureAwait(false);
    }

    // The lock ends with the session. That of a copy that was killed goes on until its statement has ended.
    private async Task TakeAsync()
    {
        await PostgresSchema.RefuseOldAsync(_session).ConfigureAwait(false);
        await _session.Prepare("SET lock_timeout = '30s'").RunAsync().ConfigureAwait(false);
        try
        {
            await _session.Prepare("SELECT pg_advisory_lock($1)").Bind(PostgresSchema.MigrationLock).RunAsync().ConfigureAwait(false);
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new StoreOpenException("Another process makes tables in this database: a copy, or a server that starts. Wait for its end, or end it.", error);
        }
        await _session.Prepare("RESET lock_timeout").RunAsync().ConfigureAwait(false);
    }

    private async Task<DateTimeOffset?> GoOnAsync(SourceIdentity source)
    {
        var (begunWith, begunAt) = await CopyProgress.ReadBeginningAsync(_session).ConfigureAwait(false);
        if (begunWith.Store != source.Store)
            throw new StoreOpenException("The copy into this database was begun from another store. Go on with that one, or use an empty database.");
        if (begunWith.State != source.State)
            throw new StoreOpenException("The store has been written to since the copy into this database was begun. Use an empty database.");
        return begunAt;
    }

    // A page may hold both, too: the last counts.
    private async Task<(IReadOnlyList<object?[]> Rows, RowSum Sum)> ReplaceAsync(
        TableCopy table, Packing packed, IReadOnlyList<CopyColumn> columns, IReadOnlyList<object?[]> page, RowSum sum)
    {
        var rows = page.Reverse().DistinctBy(row => row[0]).ToList();
        var replaced = await _session.Prepare($"DELETE FROM \"{table.Name}\" WHERE \"{packed.Columns[0]}\" = ANY ($1) RETURNING {Names(columns)}")
            .Bind(rows.ConvertAll(row => (Guid)row[0]!).ToArray())
            .RowsAsync(row => columns.Select((column, i) => column.Read(row, i)).ToArray()).ConfigureAwait(false);
        foreach (var row in replaced)
            sum.Remove(row, _scratch);
        return (rows, sum);
    }

    private async Task InsertAsync(TableCopy table, IReadOnlyList<CopyColumn> columns, IReadOnlyList<object?[]> rows)
    {
        var import = await _connection.BeginBinaryImportAsync(
            $"COPY \"{table.Name}\" ({Names(columns)}) FROM STDIN (FORMAT BINARY)", _session.CancellationToken).ConfigureAwait(false);
        await using (import.ConfigureAwait(false))
        {
            foreach (var row in rows)
            {
                await import.StartRowAsync(_session.CancellationToken).ConfigureAwait(false);
                for (var i = 0; i < row.Length; i++)
                    await WriteAsync(import, row[i], columns[i].Type).ConfigureAwait(false);
            }
            await import.CompleteAsync(_session.CancellationToken).ConfigureAwait(false);
        }
    }

    private Task WriteAsync(NpgsqlBinaryImporter import, object? value, NpgsqlDbType type)
    {
        var cancel = _session.CancellationToken;
        return (value, type) switch
        {
            (null, _) => import.WriteNullAsync(cancel),
            (long number, NpgsqlDbType.Bigint) => import.WriteAsync(number, type, cancel),
            (long number, NpgsqlDbType.Integer) => import.WriteAsync(checked((int)number), type, cancel),
            (long number, NpgsqlDbType.Smallint) => import.WriteAsync(checked((short)number), type, cancel),
            (long number, NpgsqlDbType.Boolean) => import.WriteAsync(number != 0, type, cancel),
            (Guid uuid, _) => import.WriteAsync(uuid, type, cancel),
            (string text, _) => import.WriteAsync(text, type, cancel),
            (byte[] blob, _) => import.WriteAsync(blob, type, cancel),
            _ => throw new NotSupportedException($"{value.GetType()} does not fit into a column of type {type}."),
        };
    }

    private Task<bool> InTransactionAsync(Func<Task> work) => PostgresDatabase.InTransactionAsync(_session, IsolationLevel.ReadCommitted, async _ =>
    {
        await work().ConfigureAwait(false);
        return true;
    }, _session.CancellationToken);

    private static string Names(IEnumerable<CopyColumn> columns) => string.Join(", ", columns.Select(column => $"\"{column.Name}\""));
}
