using Npgsql;

namespace Grapnel.Storage.Postgres;

/// <summary>The row on which a result stands, read column by column.</summary>
internal readonly struct PostgresRow(NpgsqlDataReader reader)
{
    /// <summary>The number of columns.</summary>
    public int Count => reader.FieldCount;

    public bool IsNull(int column) => reader.IsDBNull(column);

    public bool Bool(int column) => reader.GetBoolean(column);

    public long Int64(int column) => reader.GetInt64(column);

    public long? Int64OrNull(int column) => IsNull(column) ? null : Int64(column);

    public long[]? Int64sOrNull(int column) => IsNull(column) ? null : reader.GetFieldValue<long[]>(column);

    public int Int32(int column) => reader.GetInt32(column);

    /// <summary>A small number: smallint columns hold enums.</summary>
    public int Int16(int column) => reader.GetInt16(column);

    public int? Int16OrNull(int column) => IsNull(column) ? null : Int16(column);

    public Id<T> Id<T>(int column) where T : IIdentified => Catalog.Uuid.To<T>(reader.GetGuid(column));

    public Id<T>? IdOrNull<T>(int column) where T : IIdentified => IsNull(column) ? null : Id<T>(column);

    public Guid Uuid(int column) => reader.GetGuid(column);

    public UInt128 UInt128(int column) => Catalog.Uuid.To(reader.GetGuid(column));

    public string Text(int column) => reader.GetString(column);

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    public byte[] Blob(int column) => reader.GetFieldValue<byte[]>(column);

    public ReadOnlyMemory<byte>? BlobOrNull(int column) => IsNull(column) ? default(ReadOnlyMemory<byte>?) : Blob(column);

    public DateTimeOffset Time(int column) => DateTimeOffset.FromUnixTimeMilliseconds(Int64(column));

    public DateTimeOffset? TimeOrNull(int column) => IsNull(column) ? null : Time(column);
}
