using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Grapnel.Sending.Signing;

/// <summary>The text form of a signing secret: <c>whsec_</c> and the base64 of 24 to 64 bytes (Standard Webhooks 1.0.0).</summary>
internal static class WebhookSecret
{
    private const int MinBytes = 24;
    private const int MaxBytes = 64;

    /// <summary>A new secret of 32 random bytes.</summary>
    public static byte[] Generate() => RandomNumberGenerator.GetBytes(32);

    /// <summary>The text form of a secret.</summary>
    public static string Format(ReadOnlySpan<byte> key) => EndpointSecret.Prefix + Convert.ToBase64String(key);

    /// <summary>Reads the text form of a secret.</summary>
    /// <exception cref="InvalidInputException">The text does not fit; names <paramref name="field"/>, never repeats the text.</exception>
    public static byte[] Parse(string? text, string field = "secret") =>
        TryParse(text, out var key, out var error) ? key : throw new InvalidInputException(field, error);

    /// <summary>Reads the text form of a secret; when it does not fit, says why in a sentence that never repeats it.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out byte[]? key, [NotNullWhen(false)] out string? error)
    {
        key = null;
        if (text is null || !text.StartsWith(EndpointSecret.Prefix, StringComparison.Ordinal))
            error = $"A secret starts with '{EndpointSecret.Prefix}'.";
        else if (Decode(text[EndpointSecret.Prefix.Length..]) is not { } bytes)
            error = $"After '{EndpointSecret.Prefix}' a secret is base64, with padding and without spaces.";
        else if (bytes.Length is < MinBytes or > MaxBytes)
            error = $"A secret has {MinBytes} to {MaxBytes} bytes; this one has {bytes.Length}.";
        else
            (key, error) = (bytes, null);
        return key is not null;
    }

    private static byte[]? Decode(string base64)
    {
        var bytes = new byte[base64.Length];
        // The decoder of the platform skips white space; a secret with a line break in it is more likely a slip.
        return !base64.Any(char.IsWhiteSpace) && Convert.TryFromBase64String(base64, bytes, out var length) ? bytes[..length] : null;
    }
}
