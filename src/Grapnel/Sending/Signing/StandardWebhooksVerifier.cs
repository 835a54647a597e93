using System.Globalization;
using System.Security.Cryptography;

namespace Grapnel.Sending.Signing;

/// <summary>Verifies what <see cref="StandardWebhooksSigner"/> signed, the way a receiver does (Standard Webhooks 1.0.0).</summary>
internal static class StandardWebhooksVerifier
{
    /// <summary>How far the timestamp may be from now, to either side: the five minutes that all reference libraries use.</summary>
    public static readonly TimeSpan DefaultTolerance = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Whether any of the signatures was made with the key, and lately. Signatures of the other scheme are passed over. Takes the same time for
    /// every wrong symmetric signature.
    /// </summary>
    /// <param name="id">The header <c>webhook-id</c>, or null when it is missing.</param>
    /// <param name="timestamp">The header <c>webhook-timestamp</c>, or null when it is missing.</param>
    /// <param name="signatures">The header <c>webhook-signature</c>, or null when it is missing.</param>
    /// <param name="body">The body as received.</param>
    /// <param name="key">What the receiver has.</param>
    /// <param name="now">The receiver's time.</param>
    /// <param name="tolerance">Default <see cref="DefaultTolerance"/>.</param>
    public static bool Verify(
        string? id, string? timestamp, string? signatures, ReadOnlySpan<byte> body, ReceiverKey key,
        DateTimeOffset now, TimeSpan? tolerance = null)
    {
        if (id is null or { Length: > SignedContent.MaxIdLength } || signatures is null)
            return false;
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var unixSeconds))
            return false;
        // Decimal, because the difference to a timestamp near the end of long overflows long.
        if (Math.Abs((decimal)now.ToUnixTimeSeconds() - unixSeconds) > (decimal)(tolerance ?? DefaultTolerance).TotalSeconds)
            return false;
        return key.Type == SignatureType.Ed25519
            ? VerifyEd25519(id, unixSeconds, signatures, body, key.Bytes)
            : VerifyHmac(id, unixSeconds, signatures, body, key.Bytes);
    }

    private static bool VerifyHmac(string id, long unixSeconds, string signatures, ReadOnlySpan<byte> body, byte[] key)
    {
        var expected = new byte[HMACSHA256.HashSizeInBytes];
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        SignedContent.Hash(hmac, id, unixSeconds, body, expected);
        return AnyMatches(signatures, SignatureType.Hmac256, given => CryptographicOperations.FixedTimeEquals(given, expected));
    }

    private static bool VerifyEd25519(string id, long unixSeconds, string signatures, ReadOnlySpan<byte> body, byte[] publicKey)
    {
        var content = new byte[SignedContent.MaxPrefixBytes + body.Length];
        var length = SignedContent.Join(id, unixSeconds, body, content);
        return AnyMatches(signatures, SignatureType.Ed25519, given => Ed25519.Verify(publicKey, content.AsSpan(0, length), given));
    }

    private static bool AnyMatches(string signatures, SignatureType type, Func<ReadOnlySpan<byte>, bool> isRight)
    {
        var scheme = SignatureScheme.Of(type);
        Span<byte> given = stackalloc byte[scheme.Bytes];
        var matches = false;
        foreach (var range in signatures.AsSpan().Split(' '))
        {
            var signature = signatures.AsSpan(range);
            if (signature.StartsWith(scheme.Prefix, StringComparison.Ordinal)
                && Convert.TryFromBase64Chars(signature[scheme.Prefix.Length..], given, out var length)
                && length == given.Length)
                matches |= isRight(given);
        }
        return matches;
    }
}
