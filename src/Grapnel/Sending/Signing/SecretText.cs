namespace Grapnel.Sending.Signing;

/// <summary>Keys in text (Standard Webhooks 1.0.0, "Signature scheme"): a prefix that tells what it is, and base64.</summary>
internal static class SecretText
{
    /// <summary>Before a symmetric secret, 24 to 75 bytes.</summary>
    public const string Symmetric = "whsec_";

    /// <summary>Before an Ed25519 pair, 64 bytes: the private key (the seed) and then the public one. Only whoever signs has it.</summary>
    public const string Private = "whsk_";

    /// <summary>Before an Ed25519 public key, 32 bytes.</summary>
    public const string Public = "whpk_";

    /// <summary>Bytes of a private Ed25519 key, and of a public one.</summary>
    public const int Ed25519KeyBytes = 32;

    private const int MinBytes = 24;
    private const int MaxBytes = 75;

    /// <summary>Writes a key.</summary>
    public static string Write(string prefix, ReadOnlySpan<byte> key) => prefix + Convert.ToBase64String(key);

    /// <summary>Reads a key; when it does not fit, says why in a sentence that never repeats it.</summary>
    /// <param name="text">The text, or null.</param>
    /// <param name="asymmetric">The prefix that it may have instead of <see cref="Symmetric"/>.</param>
    public static (byte[]? Key, SignatureScheme Scheme, string? Error) Read(string? text, string asymmetric)
    {
        text ??= "";
        var (prefix, scheme) = text.StartsWith(asymmetric, StringComparison.Ordinal) ? (asymmetric, SignatureScheme.V1A) : (Symmetric, SignatureScheme.V1);
        if (!text.StartsWith(prefix, StringComparison.Ordinal))
            return (null, scheme, $"A secret starts with '{Symmetric}' or '{asymmetric}'.");
        if (Decode(text[prefix.Length..]) is not { } bytes)
            return (null, scheme, $"After '{prefix}' a secret is base64, with padding and without spaces.");
        return FindFault(prefix, bytes) is { } fault ? (null, scheme, fault) : (bytes, scheme, null);
    }

    private static string? FindFault(string prefix, byte[] bytes) => prefix switch
    {
        Symmetric when bytes.Length is < MinBytes or > MaxBytes => $"A secret has {MinBytes} to {MaxBytes} bytes; this one has {bytes.Length}.",
        Private when bytes.Length != 2 * Ed25519KeyBytes =>
            $"After '{Private}' come {2 * Ed25519KeyBytes} bytes, the private key (seed) and then the public one, {Ed25519KeyBytes} each; here are {bytes.Length}.",
        Public when bytes.Length != Ed25519KeyBytes => $"After '{Public}' come {Ed25519KeyBytes} bytes; here are {bytes.Length}.",
        _ => null,
    };

    private static byte[]? Decode(string base64)
    {
        var bytes = new byte[base64.Length];
        // The decoder of the platform skips white space; a secret with a line break in it is more likely a slip.
        return !base64.Any(char.IsWhiteSpace) && Convert.TryFromBase64String(base64, bytes, out var length) ? bytes[..length] : null;
    }
}
