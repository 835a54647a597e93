using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Grapnel.Sending.Signing;

/// <summary>The bytes that a Standard Webhooks signature covers: <c>{id}.{timestamp}.{body}</c> (1.0.0, "Signature scheme").</summary>
internal static class SignedContent
{
    /// <summary>The prefix of a symmetric signature, before its base64.</summary>
    public const string Version = "v1,";

    /// <summary>The longest id that <see cref="Hash"/> takes, in characters.</summary>
    public const int MaxIdLength = 256;

    /// <summary>Hashes the signed content without ever joining it in memory.</summary>
    /// <param name="hmac">A keyed hash at its start; it is back at its start afterwards.</param>
    /// <param name="id">The message id, at most 256 characters.</param>
    /// <param name="unixSeconds">The time of the attempt.</param>
    /// <param name="body">The body as sent.</param>
    /// <param name="destination">Takes the 32 bytes of the hash.</param>
    public static void Hash(IncrementalHash hmac, string id, long unixSeconds, ReadOnlySpan<byte> body, Span<byte> destination)
    {
        Span<byte> prefix = stackalloc byte[MaxIdLength * 3 + 22];
        var length = Encoding.UTF8.GetBytes(id, prefix);
        prefix[length++] = (byte)'.';
        Utf8Formatter.TryFormat(unixSeconds, prefix[length..], out var digits);
        length += digits;
        prefix[length++] = (byte)'.';

        hmac.AppendData(prefix[..length]);
        hmac.AppendData(body);
        hmac.GetHashAndReset(destination);
    }
}
