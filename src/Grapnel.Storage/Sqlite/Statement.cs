using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Grapnel.Storage.Sqlite;

/// <summary>
/// A prepared statement, straight on SQLite's own interface: prepared once for the life of its connection, then bound, stepped and reset.
/// The hot path would spend more time in ADO.NET than in SQLite. Binding goes from left to right; a null binds NULL.
/// </summary>
internal sealed unsafe class Statement(sqlite3 database, sqlite3_stmt statement) : IDisposable
{
    private const int ScratchBytes = 2048;

    private readonly nint _handle = statement.DangerousGetHandle();

    // Bound values stay here, at a fixed address, until the statement has run: SQLite would allocate and free a copy of each.
    private readonly byte[] _scratch = GC.AllocateUninitializedArray<byte>(ScratchBytes, pinned: true);
    private int _used;
    private int _next = 1;

    public Statement Bind(long value)
    {
        Check(Native.BindInt64(_handle, _next++, value));
        return this;
    }

    public Statement Bind(long? value) => value is { } number ? Bind(number) : BindNull();

    public Statement Bind(ReadOnlySpan<byte> blob)
    {
        if (blob.TryCopyTo(Scratch))
        {
            Check(Native.BindBlob(_handle, _next++, Take(blob.Length), blob.Length, Native.Borrowed));
            return this;
        }
        fixed (byte* bytes = blob)
            Check(Native.BindBlob(_handle, _next++, bytes, blob.Length, Native.Copied));
        return this;
    }

    public Statement Bind(ReadOnlyMemory<byte>? blob) => blob is { } bytes ? Bind(bytes.Span) : BindNull();

    public Statement Bind<T>(Id<T> id) where T : IIdentified
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, id.Value);
        return Bind((ReadOnlySpan<byte>)bytes);
    }

    public Statement Bind(string? text)
    {
        if (text is null)
            return BindNull();
        if (Encoding.UTF8.TryGetBytes(text, Scratch, out var length))
        {
            Check(Native.BindText(_handle, _next++, Take(length), length, Native.Borrowed));
            return this;
        }
        var utf8 = Encoding.UTF8.GetBytes(text);
        fixed (byte* bytes = utf8)
            Check(Native.BindText(_handle, _next++, bytes, utf8.Length, Native.Copied));
        return this;
    }

    public Statement BindNull()
    {
        Check(Native.BindNull(_handle, _next++));
        return this;
    }

    /// <summary>Moves to the next row. After the last one the statement is ready to be bound again.</summary>
    public bool Step()
    {
        var code = Native.Step(_handle);
        if (code == raw.SQLITE_ROW)
            return true;
        Reset();
        if (code != raw.SQLITE_DONE)
            Check(code);
        return false;
    }

    /// <summary>Runs a statement that returns no rows; tells how many rows it changed.</summary>
    public int Run()
    {
        while (Step()) { }
        return raw.sqlite3_changes(database);
    }

    /// <summary>The first column of the single row that the statement returns.</summary>
    public long RunInt64()
    {
        if (!Step())
            throw new InvalidOperationException("The statement returned no row.");
        var value = Int64(0);
        Reset();
        return value;
    }

    /// <summary>Whether the statement returns a row at all.</summary>
    public bool RunExists()
    {
        var found = Step();
        Reset();
        return found;
    }

    /// <summary>Leaves a result before its end.</summary>
    public void Reset()
    {
        (_next, _used) = (1, 0);
        Native.Reset(_handle);
    }

    public bool IsNull(int column) => Native.ColumnType(_handle, column) == raw.SQLITE_NULL;

    public long Int64(int column) => Native.ColumnInt64(_handle, column);

    public int Int32(int column) => (int)Native.ColumnInt64(_handle, column);

    public long? Int64OrNull(int column) => IsNull(column) ? null : Int64(column);

    /// <summary>The bytes of a column, valid until the next step.</summary>
    public ReadOnlySpan<byte> Blob(int column) => new(Native.ColumnBlob(_handle, column), Native.ColumnBytes(_handle, column));

    public Id<T> Id<T>(int column) where T : IIdentified => Grapnel.Id<T>.FromBytes(Blob(column));

    public string Text(int column) => Encoding.UTF8.GetString(Blob(column));

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>The value as SQLite holds it, where a column is read whose type is not known beforehand: null, a number, a text or bytes.</summary>
    public object? Value(int column) => Native.ColumnType(_handle, column) switch
    {
        raw.SQLITE_NULL => null,
        raw.SQLITE_INTEGER => Int64(column),
        raw.SQLITE_TEXT => Text(column),
        _ => Blob(column).ToArray(),
    };

    public DateTimeOffset Time(int column) => DateTimeOffset.FromUnixTimeMilliseconds(Int64(column));

    public DateTimeOffset? TimeOrNull(int column) => IsNull(column) ? null : Time(column);

    /// <summary>How many steps of SQLite's virtual machine the statement took since it was last asked: a cost that no busy machine distorts.</summary>
    public int TakeVmSteps() => raw.sqlite3_stmt_status(statement, raw.SQLITE_STMTSTATUS_VM_STEP, 1);

    /// <summary>The steps so far, without taking them: only differences mean anything, and they may wrap round.</summary>
    public int VmSteps => raw.sqlite3_stmt_status(statement, raw.SQLITE_STMTSTATUS_VM_STEP, 0);

    public void Dispose() => statement.Dispose();

    private Span<byte> Scratch => _scratch.AsSpan(_used);

    private byte* Take(int length)
    {
        // The address behind the last byte still is one: an empty value must have an address, or SQLite takes it for NULL.
        var address = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_scratch)) + _used;
        _used += length;
        return address;
    }

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
            SqliteException.ThrowExceptionForRC(code, database);
    }
}
