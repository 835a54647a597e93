namespace Grapnel.Receiving;

/// <summary>Verifies an Ed25519 signature (RFC 8032). .NET 10 has no Ed25519 of its own; the README has the one line that a library needs.</summary>
/// <param name="publicKey">32 bytes.</param>
/// <param name="content">What was signed.</param>
/// <param name="signature">64 bytes, from the request.</param>
/// <returns>Whether the signature is right. Must not throw for one that is not.</returns>
public delegate bool Ed25519Verifier(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature);
