using System.Globalization;
using System.Security.Cryptography;

namespace Grapnel.Sending.Signing;

/// <summary>Verifies what <see cref="StandardWebhooksSigner"/> signed, the way a receiver does (Standard Webhooks 1.0.0).</summary>
internal static class StandardWebhooksVerifier
{
    /// <summary>How far the timestamp may be from now, to either side: the five minutes that all reference libraries use.</summary>
    public static readonly TimeSpan DefaultTolerance = TimeSpan.FromMinutes(5);

    /// <summary>Whether any of the signatures was made with the key, and lately. Takes the same time for every wrong signature.</summary>
    /// <param name="id">The header <c>webhook-id</c>, or null when it is missing.</param>
    /// <param name="timestamp">The header <c>webhook-timestamp</c>, or null when it is missing.</param>
    /// <param name="signatures">The header <c>webhook-signature</c>, or null when it is missing.</param>
    /// <param name="body">The body as received.</param>
    /// <param name="key">The raw bytes of the secret.</param>
    /// <param name="now">The receiver's time.</param>
    /// <param name="tolerance">Default <see cref="DefaultTolerance"/>.</param>
    public static bool Verify(
        string? id, string? timestamp, string? signatures, ReadOnlySpan<byte> body, byte[] key,
        DateTimeOffset now, TimeSpan? tolerance = null)
    {
        if (id is null or { Length: > SignedContent.MaxIdLength } || signatures is null)
            return false;
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var unixSeconds))
            return false;
        // Decimal, because the difference to a timestamp near the end of long overflows long.
        if (Math.Abs((decimal)now.ToUnixTimeSeconds() - unixSeconds) > (decimal)(tolerance ?? DefaultTolerance).TotalSeconds)
            return false;

        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        SignedContent.Hash(hmac, id, unixSeconds, body, expected);
        return AnyMatches(signatures, expected);
    }

    private static bool AnyMatches(string signatures, ReadOnlySpan<byte> expected)
    {
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var matches = false;
        foreach (var range in signatures.AsSpan().Split(' '))
        {
            var signature = signatures.AsSpan(range);
            if (signature.StartsWith(SignedContent.Version, StringComparison.Ordinal)
                && Convert.TryFromBase64Chars(signature[SignedContent.Version.Length..], given, out var length)
                && length == given.Length)
                matches |= CryptographicOperations.FixedTimeEquals(given, expected);
        }
        return matches;
    }
}
