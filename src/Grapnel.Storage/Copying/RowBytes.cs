using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Grapnel.Storage.Copying;

/// <summary>The values of a row as bytes, the same whichever store they came from: for each a kind, and where it has no fixed length a length.</summary>
internal static class RowBytes
{
    private const byte Null = 0;
    private const byte Number = 1;
    private const byte Text = 2;
    private const byte Blob = 3;
    private const byte Uuid = 4;

    /// <summary>Writes the values of a row.</summary>
    public static void Write(ArrayBufferWriter<byte> target, ReadOnlySpan<object?> row)
    {
        foreach (var value in row)
            Write(target, value);
    }

    /// <summary>Reads what <see cref="Write(ArrayBufferWriter{byte}, ReadOnlySpan{object?})"/> wrote.</summary>
    public static object?[] Read(ReadOnlySpan<byte> bytes)
    {
        var row = new List<object?>();
        while (!bytes.IsEmpty)
        {
            var kind = bytes[0];
            bytes = bytes[1..];
            row.Add(kind switch
            {
                Null => null,
                Number => BinaryPrimitives.ReadInt64BigEndian(Take(ref bytes, sizeof(long))),
                Uuid => new Guid(Take(ref bytes, 16), bigEndian: true),
                Text => Encoding.UTF8.GetString(TakeMeasured(ref bytes)),
                _ => TakeMeasured(ref bytes).ToArray(),
            });
        }
        return [.. row];
    }

    private static void Write(ArrayBufferWriter<byte> target, object? value)
    {
        switch (value)
        {
            case null:
                Start(target, Null, 0);
                break;
            case long number:
                BinaryPrimitives.WriteInt64BigEndian(Start(target, Number, sizeof(long)), number);
                break;
            case Guid uuid:
                uuid.TryWriteBytes(Start(target, Uuid, 16), bigEndian: true, out _);
                break;
            case string text:
                Encoding.UTF8.GetBytes(text, StartMeasured(target, Text, Encoding.UTF8.GetByteCount(text)));
                break;
            case byte[] blob:
                blob.CopyTo(StartMeasured(target, Blob, blob.Length));
                break;
            default:
                throw new NotSupportedException($"{value.GetType()} is no type of a column.");
        }
    }

    private static Span<byte> Start(ArrayBufferWriter<byte> target, byte kind, int length)
    {
        var span = target.GetSpan(1 + length)[..(1 + length)];
        span[0] = kind;
        target.Advance(1 + length);
        return span[1..];
    }

    private static Span<byte> StartMeasured(ArrayBufferWriter<byte> target, byte kind, int length)
    {
        var span = Start(target, kind, sizeof(int) + length);
        BinaryPrimitives.WriteInt32BigEndian(span, length);
        return span[sizeof(int)..];
    }

    private static ReadOnlySpan<byte> TakeMeasured(ref ReadOnlySpan<byte> bytes) =>
        Take(ref bytes, BinaryPrimitives.ReadInt32BigEndian(Take(ref bytes, sizeof(int))));

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int length)
    {
        var taken = bytes[..length];
        bytes = bytes[length..];
        return taken;
    }
}
