namespace Grapnel.Sending.Signing;

/// <summary>How a signature is written: a prefix, and the base64 of its bytes (Standard Webhooks 1.0.0, "Signature scheme").</summary>
/// <param name="Prefix">What tells the schemes apart.</param>
/// <param name="Bytes">Bytes of a signature.</param>
internal sealed record SignatureScheme(string Prefix, int Bytes)
{
    /// <summary>The most bytes that a signature of any scheme has.</summary>
    public const int MaxBytes = 64;

    /// <summary>HMAC-SHA256 with a secret that both sides have.</summary>
    public static readonly SignatureScheme V1 = new("v1,", 32);

    /// <summary>Ed25519.</summary>
    public static readonly SignatureScheme V1A = new("v1a,", 64);

    /// <summary>Characters of a signature.</summary>
    public int Length { get; } = Prefix.Length + (Bytes + 2) / 3 * 4;
}
