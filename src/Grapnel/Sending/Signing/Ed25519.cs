using System.Security.Cryptography;
using NSec.Cryptography;

namespace Grapnel.Sending.Signing;

/// <summary>Ed25519 (RFC 8032) with keys as Standard Webhooks 1.0.0 writes them: a pair is the private key (the seed) and then the public one.</summary>
internal static class Ed25519
{
    /// <summary>Bytes of a private key, and of a public one.</summary>
    public const int KeyBytes = SecretText.Ed25519KeyBytes;

    /// <summary>Bytes of a pair.</summary>
    public const int PairBytes = 2 * KeyBytes;

    /// <summary>A new random pair.</summary>
    public static byte[] Generate()
    {
        var pair = new byte[PairBytes];
        RandomNumberGenerator.Fill(pair.AsSpan(0, KeyBytes));
        PublicKeyOf(pair).CopyTo(pair, KeyBytes);
        return pair;
    }

    /// <summary>Whether the public key of a pair is the one of its private key.</summary>
    public static bool Fits(ReadOnlySpan<byte> pair) => PublicKeyOf(pair).AsSpan().SequenceEqual(pair[KeyBytes..]);

    /// <summary>Signs with a pair; <paramref name="signature"/> takes 64 bytes.</summary>
    public static void Sign(ReadOnlySpan<byte> pair, ReadOnlySpan<byte> content, Span<byte> signature)
    {
        using var key = Import(pair);
        SignatureAlgorithm.Ed25519.Sign(key, content, signature);
    }

    /// <summary>Whether a signature over the content was made with the private key of that public one.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature) =>
        PublicKey.TryImport(SignatureAlgorithm.Ed25519, publicKey, KeyBlobFormat.RawPublicKey, out var key)
        && SignatureAlgorithm.Ed25519.Verify(key!, content, signature);

    private static byte[] PublicKeyOf(ReadOnlySpan<byte> pair)
    {
        using var key = Import(pair);
        return key.PublicKey.Export(KeyBlobFormat.RawPublicKey);
    }

    // Never held on to: every imported key takes four memory mappings, of which Linux grants a process 65,530. Importing costs some 40 µs.
    private static Key Import(ReadOnlySpan<byte> pair) =>
        Key.Import(SignatureAlgorithm.Ed25519, pair[..KeyBytes], KeyBlobFormat.RawPrivateKey);
}
