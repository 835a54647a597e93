using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Grapnel;

/// <summary>A kind of thing that carries an <see cref="Id{T}"/>; names the prefix its ids wear outside the store.</summary>
public interface IIdentified
{
    /// <summary>The prefix with its underscore, for example <c>msg_</c>.</summary>
    static abstract string IdPrefix { get; }
}

/// <summary>
/// Sixteen time-ordered bytes: 48 bits of Unix milliseconds, then 80 bits that grow within a millisecond.
/// Written as <c>prefix_</c> and 22 characters of base62, so that lexical order is time order in both forms.
/// </summary>
/// <typeparam name="T">What the id names; ids of different things do not mix.</typeparam>
public readonly record struct Id<T>(UInt128 Value) : IComparable<Id<T>> where T : IIdentified
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int Digits = 22;
    private const ulong TenDigits = 839_299_365_868_340_224; // 62^10

    /// <summary>When the id was made, to the millisecond.</summary>
    public DateTimeOffset Timestamp => DateTimeOffset.FromUnixTimeMilliseconds((long)(Value >> 80));

    /// <summary>The smallest id that could have been made at <paramref name="time"/>: turns a time filter into an id range.</summary>
    public static Id<T> FirstAt(DateTimeOffset time) => new((UInt128)Math.Max(0, time.ToUnixTimeMilliseconds()) << 80);

    /// <inheritdoc/>
    public int CompareTo(Id<T> other) => Value.CompareTo(other.Value);

    /// <summary>The sixteen bytes as stored, most significant first.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return bytes;
    }

    /// <summary>Reads an id from its sixteen stored bytes.</summary>
    public static Id<T> FromBytes(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    /// <summary>The public form, for example <c>msg_0BxTb3X1hHjcdRBoDOeXr3</c>.</summary>
    public override string ToString() => string.Create(T.IdPrefix.Length + Digits, Value, static (span, value) =>
    {
        T.IdPrefix.CopyTo(span);
        // Ten digits at a time fit into 64 bits, whose division is a machine instruction; that of 128 bits is not.
        (value, var low) = UInt128.DivRem(value, TenDigits);
        (value, var middle) = UInt128.DivRem(value, TenDigits);
        Write(span[^10..], (ulong)low);
        Write(span[^20..^10], (ulong)middle);
        Write(span[^Digits..^20], (ulong)value);
    });

    private static void Write(Span<char> digits, ulong value)
    {
        for (var i = digits.Length - 1; i >= 0; i--)
            (value, digits[i]) = (value / 62, Alphabet[(int)(value % 62)]);
    }

    /// <summary>Reads the public form; false when prefix, length, digits or range do not fit.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Id<T> id)
    {
        id = default;
        if (text is null || text.Length != T.IdPrefix.Length + Digits || !text.StartsWith(T.IdPrefix, StringComparison.Ordinal))
            return false;
        UInt128 value = 0;
        foreach (var c in text.AsSpan(T.IdPrefix.Length))
        {
            var digit = Alphabet.IndexOf(c, StringComparison.Ordinal);
            if (digit < 0 || value > (UInt128.MaxValue - (UInt128)digit) / 62)
                return false;
            value = value * 62 + (UInt128)digit;
        }
        id = new Id<T>(value);
        return true;
    }
}

/// <summary>Makes ids that only ever grow within one process, also when the wall clock steps back. Safe to share between threads.</summary>
public sealed class IdGenerator(TimeProvider time)
{
    private readonly Lock _lock = new();
    private UInt128 _last;

    /// <summary>The next id.</summary>
    public Id<T> Next<T>() where T : IIdentified
    {
        var now = (UInt128)(ulong)time.GetUtcNow().ToUnixTimeMilliseconds() << 80;
        lock (_lock)
        {
            // Within a millisecond, or after the clock went back, the last id plus a small step keeps the order;
            // in a fresh millisecond 79 random bits keep nodes apart and leave room to step up.
            _last = now > _last ? now | RandomTail() : _last + 1 + (_last & 0xff);
            return new Id<T>(_last);
        }
    }

    private static UInt128 RandomTail()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes[6..]);
        bytes[6] &= 0x7f;
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
