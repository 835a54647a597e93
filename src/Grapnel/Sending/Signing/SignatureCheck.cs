using System.Globalization;
using System.Security.Cryptography;

namespace Grapnel.Sending.Signing;

/// <summary>What a receiver finds who checks a signature.</summary>
internal enum SignatureFinding
{
    /// <summary>Right and fresh.</summary>
    Valid,

    /// <summary>A header is missing, or the id is too long to be one.</summary>
    HeaderMissing,

    /// <summary>The timestamp is not a number of seconds.</summary>
    TimestampUnreadable,

    /// <summary>The timestamp is too far from now: the request may have been recorded, and sent again.</summary>
    TimestampTooFar,

    /// <summary>No signature was made with any of the keys.</summary>
    NoMatch,
}

/// <summary>
/// Checks signatures the way a receiver does (Standard Webhooks 1.0.0). Both the engine and the package for receivers are built from this file; the
/// platform has no Ed25519, so whoever has it brings it.
/// </summary>
internal static class SignatureCheck
{
    /// <summary>How far the timestamp may be from now, to either side: the five minutes that all reference libraries use.</summary>
    public static readonly TimeSpan DefaultTolerance = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How many signatures of a scheme are looked at. Each costs a look at the whole body where it is asymmetric, and anybody can send a header full of them.
    /// A sender has as many as it has keys in force; Grapnel has at most 11.
    /// </summary>
    public const int MaxSignatures = 16;

    /// <summary>
    /// Looks for a signature that was made with one of the keys, and lately. Signatures of a scheme that no key has are passed over. Takes the same
    /// time for every wrong symmetric signature.
    /// </summary>
    /// <param name="id">The header <c>webhook-id</c>, or null when it is missing.</param>
    /// <param name="timestamp">The header <c>webhook-timestamp</c>, or null when it is missing.</param>
    /// <param name="signatures">The header <c>webhook-signature</c>, or null when it is missing.</param>
    /// <param name="body">The body as received.</param>
    /// <param name="keys">What the receiver has.</param>
    /// <param name="now">The receiver's time.</param>
    /// <param name="tolerance">How far the timestamp may be from now.</param>
    /// <param name="ed25519">Verifies by public key, content and signature; needed where a key is for it.</param>
    public static SignatureFinding Find(
        string? id, string? timestamp, string? signatures, ReadOnlySpan<byte> body, ReadOnlySpan<ReceiverKey> keys, DateTimeOffset now, TimeSpan tolerance,
        Func<ReadOnlySpan<byte>, ReadOnlySpan<byte>, ReadOnlySpan<byte>, bool>? ed25519)
    {
        if (string.IsNullOrEmpty(id) || id.Length > SignedContent.MaxIdLength || signatures is null || timestamp is null)
            return SignatureFinding.HeaderMissing;
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var unixSeconds))
            return SignatureFinding.TimestampUnreadable;
        // Decimal, because the difference to a timestamp near the end of long overflows long.
        if (Math.Abs((decimal)now.ToUnixTimeSeconds() - unixSeconds) > (decimal)tolerance.TotalSeconds)
            return SignatureFinding.TimestampTooFar;
        var matches = false;
        foreach (var key in keys)
            matches |= key.Scheme == SignatureScheme.V1A
                ? VerifyEd25519(id, unixSeconds, signatures, body, key.Bytes, ed25519!)
                : VerifyHmac(id, unixSeconds, signatures, body, key.Bytes);
        return matches ? SignatureFinding.Valid : SignatureFinding.NoMatch;
    }

    private static bool VerifyHmac(string id, long unixSeconds, string signatures, ReadOnlySpan<byte> body, byte[] key)
    {
        var expected = new byte[HMACSHA256.HashSizeInBytes];
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        SignedContent.Hash(hmac, id, unixSeconds, body, expected);
        return AnyMatches(signatures, SignatureScheme.V1, given => CryptographicOperations.FixedTimeEquals(given, expected));
    }

    private static bool VerifyEd25519(
        string id, long unixSeconds, string signatures, ReadOnlySpan<byte> body, byte[] publicKey,
        Func<ReadOnlySpan<byte>, ReadOnlySpan<byte>, ReadOnlySpan<byte>, bool> verify)
    {
        var content = new byte[SignedContent.MaxPrefixBytes + body.Length];
        var length = SignedContent.Join(id, unixSeconds, body, content);
        return AnyMatches(signatures, SignatureScheme.V1A, given => verify(publicKey, content.AsSpan(0, length), given));
    }

    private static bool AnyMatches(string signatures, SignatureScheme scheme, Func<ReadOnlySpan<byte>, bool> isRight)
    {
        Span<byte> given = stackalloc byte[SignatureScheme.MaxBytes];
        var (matches, left) = (false, MaxSignatures);
        foreach (var range in signatures.AsSpan().Split(' '))
        {
            var signature = signatures.AsSpan(range);
            if (signature.StartsWith(scheme.Prefix, StringComparison.Ordinal) && left-- > 0
                && Convert.TryFromBase64Chars(signature[scheme.Prefix.Length..], given[..scheme.Bytes], out var length)
                && length == scheme.Bytes)
                matches |= isRight(given[..length]);
        }
        return matches;
    }
}
