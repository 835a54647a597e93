using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Grapnel.Registry;

/// <summary>A SHA-256 as a value: a dictionary key that allocates nothing.</summary>
internal readonly record struct Sha256(UInt128 High, UInt128 Low)
{
    private const int MaxStackBytes = 1024;

    public static Sha256 From(ReadOnlySpan<byte> hash)
    {
        var halves = MemoryMarshal.Cast<byte, UInt128>(hash);
        return new Sha256(halves[0], halves[1]);
    }

    public static Sha256 Of(ReadOnlySpan<char> text)
    {
        var size = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> utf8 = size <= MaxStackBytes ? stackalloc byte[MaxStackBytes] : new byte[size];
        return Of(utf8[..Encoding.UTF8.GetBytes(text, utf8)]);
    }

    public static Sha256 Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return From(hash);
    }
}
