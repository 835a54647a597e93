using Grapnel.Storage.Catalog;
using Npgsql;
using NpgsqlTypes;

namespace Grapnel.Storage.Postgres;

/// <summary>One statement on its way: parameters are bound from left to right ($1, $2, …), a null binds NULL; then it is run, once.</summary>
internal sealed class PostgresCommand(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
{
    private readonly NpgsqlCommand _command = new(sql, connection);

    public PostgresCommand Bind(long value) => Add(new NpgsqlParameter<long> { TypedValue = value });

    public PostgresCommand Bind(int value) => Add(new NpgsqlParameter<int> { TypedValue = value });

    public PostgresCommand Bind(bool value) => Add(new NpgsqlParameter<bool> { TypedValue = value });

    public PostgresCommand Bind(long? value) => value is { } number ? Bind(number) : BindNull(NpgsqlDbType.Bigint);

    public PostgresCommand Bind(string? text) =>
        text is null ? BindNull(NpgsqlDbType.Text) : Add(new NpgsqlParameter<string> { TypedValue = Storable(text) });

    /// <summary>
    /// A text as the database can hold it: it knows no NUL. Fields that people fill in refuse one; what a receiver did to an attempt may still have one in
    /// it.
    /// </summary>
    public static string Storable(string text) => text.Replace('\0', '\uFFFD');

    public PostgresCommand Bind(ReadOnlyMemory<byte>? blob) =>
        blob is { } bytes ? Add(new NpgsqlParameter<ReadOnlyMemory<byte>> { TypedValue = bytes }) : BindNull(NpgsqlDbType.Bytea);

    public PostgresCommand Bind<T>(Id<T> id) where T : IIdentified => Bind(Uuid.Of(id));

    public PostgresCommand Bind<T>(Id<T>? id) where T : IIdentified => id is { } given ? Bind(given) : BindNull(NpgsqlDbType.Uuid);

    public PostgresCommand Bind(Guid uuid) => Add(new NpgsqlParameter<Guid> { TypedValue = uuid });

    public PostgresCommand Bind<T>(IEnumerable<Id<T>> ids) where T : IIdentified => Bind(ids.Select(Uuid.Of).ToArray());

    /// <summary>Binds a column of values for <c>unnest</c> or <c>= ANY</c>: long, int, short, bool, Guid, string, byte[], and what of them may be null.</summary>
    public PostgresCommand Bind<T>(T[] column) => Add(new NpgsqlParameter<T[]> { TypedValue = column });

    /// <summary>The same for a column that may be missing altogether.</summary>
    public PostgresCommand Bind<T>(T[]? column, NpgsqlDbType type) => column is null ? BindNull(NpgsqlDbType.Array | type) : Bind(column);

    /// <summary>
    /// The same for a column of which as a rule nothing is there: <c>unnest</c> of several makes up for a column that is missing, and that costs neither side
    /// anything.
    /// </summary>
    public PostgresCommand BindSparse(string?[] column) => Bind(Array.TrueForAll(column, text => text is null) ? null : column, NpgsqlDbType.Text);

    public PostgresCommand BindSparse(long?[] column) => Bind(Array.TrueForAll(column, number => number is null) ? null : column, NpgsqlDbType.Bigint);

    public PostgresCommand BindNull(NpgsqlDbType type) => Add(new NpgsqlParameter { NpgsqlDbType = type, Value = DBNull.Value });

    /// <summary>Lets the statement take as long as it takes.</summary>
    public PostgresCommand WithoutTimeout()
    {
        _command.CommandTimeout = 0;
        return this;
    }

    /// <summary>All rows.</summary>
    public async Task<List<T>> RowsAsync<T>(Func<PostgresRow, T> read)
    {
        var rows = new List<T>();
        await EachAsync(row => rows.Add(read(row))).ConfigureAwait(false);
        return rows;
    }

    /// <summary>All rows one after the other, for results that are too large to hold.</summary>
    public async Task EachAsync(Action<PostgresRow> read)
    {
        await using (_command.ConfigureAwait(false))
        {
            var reader = await _command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                    read(new PostgresRow(reader));
        }
    }

    /// <summary>What is read of the first row; the default where there is none.</summary>
    public async Task<T?> FirstAsync<T>(Func<PostgresRow, T> read) => (await RowsAsync(read).ConfigureAwait(false)).FirstOrDefault();

    /// <summary>Whether there is a row at all.</summary>
    public async Task<bool> AnyAsync() => (await RowsAsync(_ => true).ConfigureAwait(false)).Count > 0;

    /// <summary>The first column of the single row.</summary>
    public async Task<long> Int64Async() => (await RowsAsync(row => row.Int64(0)).ConfigureAwait(false))[0];

    /// <summary>Runs a statement whose rows do not matter; tells how many it changed.</summary>
    public async Task<int> RunAsync()
    {
        await using (_command.ConfigureAwait(false))
            return await _command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private PostgresCommand Add(NpgsqlParameter parameter)
    {
        _command.Parameters.Add(parameter);
        return this;
    }
}
