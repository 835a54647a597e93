using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Grapnel.Storage.Copying;

/// <summary>
/// The number of rows, and a hash of them that does not depend on their order: the sum of 128 bits of the SHA-256 of each. So each side reads in the
/// order that is cheapest for it, and a row that is there twice is not the same as none.
/// </summary>
internal record struct RowSum(long Rows, UInt128 Hash)
{
    /// <summary>Adds a row.</summary>
    public void Add(ReadOnlySpan<object?> row, ArrayBufferWriter<byte> scratch)
    {
        Rows++;
        Hash = unchecked(Hash + HashOf(row, scratch));
    }

    /// <summary>Takes a row away that was added.</summary>
    public void Remove(ReadOnlySpan<object?> row, ArrayBufferWriter<byte> scratch)
    {
        Rows--;
        Hash = unchecked(Hash - HashOf(row, scratch));
    }

    private static UInt128 HashOf(ReadOnlySpan<object?> row, ArrayBufferWriter<byte> scratch)
    {
        scratch.ResetWrittenCount();
        RowBytes.Write(scratch, row);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(scratch.WrittenSpan, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}
