using System.Buffers;
using System.Buffers.Binary;

namespace Grapnel.Storage.Sqlite;

/// <summary>
/// Packs the idempotency entries of a transaction into one value, one behind the other: key and fingerprint (16 bytes each), place and time of
/// expiry (8 each), three lengths (4 each), all big-endian, and of the response what it does not share with the first one. Answers to publishes
/// are alike but for an id and a time, so one of 230 bytes takes some 70; and one row for hundreds of entries costs little more than their bytes.
/// </summary>
internal sealed class IdempotencyChunk
{
    private const int Head = 16 + 16 + 8 + 8 + 4 + 4 + 4;

    private readonly ArrayBufferWriter<byte> _packed = new(64 * 1024);
    private byte[] _first = [];

    /// <summary>What was packed so far.</summary>
    public ReadOnlySpan<byte> Packed => _packed.WrittenSpan;

    /// <summary>Starts anew.</summary>
    public void Clear()
    {
        _packed.ResetWrittenCount();
        _first = [];
    }

    public void Add(IdempotencyEntry entry, long place)
    {
        ReadOnlySpan<byte> response = entry.Response;
        var before = response.CommonPrefixLength(_first);
        var after = CommonSuffixLength(response[before..], _first.AsSpan(before));
        var own = response[before..^after];
        var target = _packed.GetSpan(Head + own.Length);
        BinaryPrimitives.WriteUInt128BigEndian(target, entry.Key);
        BinaryPrimitives.WriteUInt128BigEndian(target[16..], entry.Fingerprint);
        BinaryPrimitives.WriteInt64BigEndian(target[32..], place);
        BinaryPrimitives.WriteInt64BigEndian(target[40..], entry.ExpiresAt.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt32BigEndian(target[48..], before);
        BinaryPrimitives.WriteInt32BigEndian(target[52..], after);
        BinaryPrimitives.WriteInt32BigEndian(target[56..], own.Length);
        own.CopyTo(target[Head..]);
        if (_packed.WrittenCount == 0)
            _first = entry.Response;
        _packed.Advance(Head + own.Length);
    }

    /// <summary>The key and the place of every entry, in order.</summary>
    public static IEnumerable<(UInt128 Key, long Place)> Places(byte[] packed)
    {
        for (var at = 0; at < packed.Length; at += LengthOf(packed.AsSpan(at)))
            yield return (BinaryPrimitives.ReadUInt128BigEndian(packed.AsSpan(at)), PlaceOf(packed.AsSpan(at)));
    }

    /// <summary>Every entry, in order.</summary>
    public static IEnumerable<IdempotencyEntry> Entries(byte[] packed)
    {
        for (var at = 0; at < packed.Length; at += LengthOf(packed.AsSpan(at)))
            yield return Read(packed.AsSpan(at), BinaryPrimitives.ReadUInt128BigEndian(packed.AsSpan(at)), first: OwnOf(packed));
    }

    /// <summary>The entry at a place, if it is of that key.</summary>
    public static IdempotencyEntry? Find(ReadOnlySpan<byte> packed, UInt128 key, long place)
    {
        for (var entry = packed; !entry.IsEmpty; entry = entry[LengthOf(entry)..])
        {
            if (PlaceOf(entry) == place)
                return BinaryPrimitives.ReadUInt128BigEndian(entry) == key ? Read(entry, key, first: OwnOf(packed)) : null;
        }
        return null;
    }

    private static IdempotencyEntry Read(ReadOnlySpan<byte> entry, UInt128 key, ReadOnlySpan<byte> first)
    {
        var (before, after) = (BinaryPrimitives.ReadInt32BigEndian(entry[48..]), BinaryPrimitives.ReadInt32BigEndian(entry[52..]));
        return new IdempotencyEntry(
            key, BinaryPrimitives.ReadUInt128BigEndian(entry[16..]), [.. first[..before], .. OwnOf(entry), .. first[^after..]],
            DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(entry[40..])));
    }

    private static int CommonSuffixLength(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        var length = 0;
        while (length < one.Length && length < other.Length && one[^(length + 1)] == other[^(length + 1)])
            length++;
        return length;
    }

    private static long PlaceOf(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadInt64BigEndian(entry[32..]);

    private static ReadOnlySpan<byte> OwnOf(ReadOnlySpan<byte> entry) => entry[Head..LengthOf(entry)];

    private static int LengthOf(ReadOnlySpan<byte> entry) => Head + BinaryPrimitives.ReadInt32BigEndian(entry[56..]);
}
