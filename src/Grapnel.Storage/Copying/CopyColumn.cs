using Grapnel.Storage.Postgres;
using Grapnel.Storage.Sqlite;
using NpgsqlTypes;

namespace Grapnel.Storage.Copying;

/// <summary>A column of the target. Values are held as <see cref="Guid"/>, <see cref="long"/>, <see cref="string"/>, bytes, or null, whatever its width.</summary>
internal sealed record CopyColumn(string Name, NpgsqlDbType Type)
{
    /// <summary>The column as the database describes it.</summary>
    public static CopyColumn Of(string name, string type) => new(name, type switch
    {
        "uuid" => NpgsqlDbType.Uuid,
        "bigint" => NpgsqlDbType.Bigint,
        "integer" => NpgsqlDbType.Integer,
        "smallint" => NpgsqlDbType.Smallint,
        "boolean" => NpgsqlDbType.Boolean,
        "text" => NpgsqlDbType.Text,
        "bytea" => NpgsqlDbType.Bytea,
        _ => throw new NotSupportedException($"Columns of type {type} cannot be copied."),
    });

    /// <summary>Reads the value from a row of the source.</summary>
    /// <param name="row">The row.</param>
    /// <param name="index">Where the column is in it.</param>
    /// <param name="changed">Set when the target cannot hold the value as it is.</param>
    public object? Read(Statement row, int index, ref bool changed)
    {
        if (row.IsNull(index))
            return null;
        switch (Type)
        {
            case NpgsqlDbType.Uuid:
                return new Guid(row.Blob(index), bigEndian: true);
            case NpgsqlDbType.Bytea:
                return row.Blob(index).ToArray();
            case NpgsqlDbType.Text:
                var text = row.Text(index);
                var storable = PostgresCommand.Storable(text);
                changed |= !ReferenceEquals(text, storable);
                return storable;
            default:
                return row.Int64(index);
        }
    }

    /// <summary>Reads the value back from the target.</summary>
    public object? Read(PostgresRow row, int index) => row.IsNull(index) ? null : Type switch
    {
        NpgsqlDbType.Uuid => row.Uuid(index),
        NpgsqlDbType.Bytea => row.Blob(index),
        NpgsqlDbType.Text => row.Text(index),
        NpgsqlDbType.Boolean => row.Bool(index) ? 1L : 0L,
        NpgsqlDbType.Smallint => (long)row.Int16(index),
        NpgsqlDbType.Integer => (long)row.Int32(index),
        _ => row.Int64(index),
    };
}
