using System.Buffers;
using System.Buffers.Binary;

namespace Grapnel.Storage.Sqlite;

/// <summary>
/// Packs the idempotency entries of a transaction into one value, one behind the other: key and fingerprint (16 bytes each), place and time of
/// expiry (8 each), length of the response (4), all big-endian, and the response. One row for hundreds of entries costs little more than
/// the bytes.
/// </summary>
internal sealed class IdempotencyChunk
{
    private const int Head = 16 + 16 + 8 + 8 + 4;

    private readonly ArrayBufferWriter<byte> _packed = new(64 * 1024);

    /// <summary>What was packed so far.</summary>
    public ReadOnlySpan<byte> Packed => _packed.WrittenSpan;

    /// <summary>Starts anew.</summary>
    public void Clear() => _packed.ResetWrittenCount();

    public void Add(IdempotencyEntry entry, long place)
    {
        var target = _packed.GetSpan(Head + entry.Response.Length);
        BinaryPrimitives.WriteUInt128BigEndian(target, entry.Key);
        BinaryPrimitives.WriteUInt128BigEndian(target[16..], entry.Fingerprint);
        BinaryPrimitives.WriteInt64BigEndian(target[32..], place);
        BinaryPrimitives.WriteInt64BigEndian(target[40..], entry.ExpiresAt.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt32BigEndian(target[48..], entry.Response.Length);
        entry.Response.CopyTo(target[Head..]);
        _packed.Advance(Head + entry.Response.Length);
    }

    /// <summary>The key and the place of every entry, in order.</summary>
    public static IEnumerable<(UInt128 Key, long Place)> Places(byte[] packed)
    {
        for (var at = 0; at < packed.Length; at += LengthOf(packed.AsSpan(at)))
            yield return (BinaryPrimitives.ReadUInt128BigEndian(packed.AsSpan(at)), PlaceOf(packed.AsSpan(at)));
    }

    /// <summary>The entry at a place, if it is of that key.</summary>
    public static IdempotencyEntry? Find(ReadOnlySpan<byte> packed, UInt128 key, long place)
    {
        for (; !packed.IsEmpty; packed = packed[LengthOf(packed)..])
        {
            if (PlaceOf(packed) == place)
                return BinaryPrimitives.ReadUInt128BigEndian(packed) == key ? Read(packed[..LengthOf(packed)], key) : null;
        }
        return null;
    }

    private static IdempotencyEntry Read(ReadOnlySpan<byte> packed, UInt128 key) => new(
        key, BinaryPrimitives.ReadUInt128BigEndian(packed[16..]), packed[Head..].ToArray(),
        DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(packed[40..])));

    private static long PlaceOf(ReadOnlySpan<byte> packed) => BinaryPrimitives.ReadInt64BigEndian(packed[32..]);

    private static int LengthOf(ReadOnlySpan<byte> packed) => Head + BinaryPrimitives.ReadInt32BigEndian(packed[48..]);
}
