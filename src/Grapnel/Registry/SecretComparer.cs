using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Grapnel.Registry;

/// <summary>Compares texts in a time that tells nothing about them: by a hash that is seeded per process, then to the end.</summary>
internal sealed class SecretComparer : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<char>, string>
{
    public static readonly SecretComparer Instance = new();

    private SecretComparer() { }

    public bool Equals(string? x, string? y) => Equals(x.AsSpan(), y!);

    public bool Equals(ReadOnlySpan<char> alternate, string other) =>
        CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(alternate), MemoryMarshal.AsBytes(other.AsSpan()));

    public int GetHashCode(string obj) => GetHashCode(obj.AsSpan());

    public int GetHashCode(ReadOnlySpan<char> alternate) => string.GetHashCode(alternate);

    public string Create(ReadOnlySpan<char> alternate) => alternate.ToString();
}
