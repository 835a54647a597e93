using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Grapnel.Sending.Signing;

/// <summary>The bytes that a Standard Webhooks signature covers: <c>{id}.{timestamp}.{body}</c> (1.0.0, "Signature scheme").</summary>
internal static class SignedContent
{
    /// <summary>The longest id that is taken, in characters.</summary>
    public const int MaxIdLength = 256;

    /// <summary>The most bytes that come before the body.</summary>
    public const int MaxPrefixBytes = MaxIdLength * 3 + 22;

    /// <summary>Hashes the signed content without ever joining it in memory.</summary>
    /// <param name="hmac">A keyed hash at its start; it is back at its start afterwards.</param>
    /// <param name="id">The message id, at most 256 characters.</param>
    /// <param name="unixSeconds">The time of the attempt.</param>
    /// <param name="body">The body as sent.</param>
    /// <param name="destination">Takes the 32 bytes of the hash.</param>
    public static void Hash(IncrementalHash hmac, string id, long unixSeconds, ReadOnlySpan<byte> body, Span<byte> destination)
    {
        Span<byte> prefix = stackalloc byte[MaxPrefixBytes];
        hmac.AppendData(prefix[..WritePrefix(id, unixSeconds, prefix)]);
        hmac.AppendData(body);
        hmac.GetHashAndReset(destination);
    }

    /// <summary>Joins the signed content, for what cannot sign it in pieces; returns its length.</summary>
    /// <param name="id">The message id, at most 256 characters.</param>
    /// <param name="unixSeconds">The time of the attempt.</param>
    /// <param name="body">The body as sent.</param>
    /// <param name="destination">Takes the content: as much as the body and <see cref="MaxPrefixBytes"/>.</param>
    public static int Join(string id, long unixSeconds, ReadOnlySpan<byte> body, Span<byte> destination)
    {
        var length = WritePrefix(id, unixSeconds, destination);
        body.CopyTo(destination[length..]);
        return length + body.Length;
    }

    private static int WritePrefix(string id, long unixSeconds, Span<byte> prefix)
    {
        var length = Encoding.UTF8.GetBytes(id, prefix);
        prefix[length++] = (byte)'.';
        Utf8Formatter.TryFormat(unixSeconds, prefix[length..], out var digits);
        length += digits;
        prefix[length++] = (byte)'.';
        return length;
    }
}
