using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Grapnel.Sending.Signing;

/// <summary>
/// What an endpoint signs with, in text: <c>whsec_</c> and the base64 of 24 to 75 bytes, or <c>whsk_</c> and the base64 of an Ed25519 private key
/// and its public one (Standard Webhooks 1.0.0).
/// </summary>
internal static class WebhookSecret
{
    /// <summary>A new random secret: 32 bytes, or an Ed25519 pair.</summary>
    public static EndpointSecret Generate(SignatureType type = SignatureType.Hmac256) =>
        new(type == SignatureType.Ed25519 ? Ed25519.Generate() : RandomNumberGenerator.GetBytes(32), ExpiresAt: null) { Type = type };

    /// <summary>Reads the text form of a secret.</summary>
    /// <exception cref="InvalidInputException">The text does not fit; names <paramref name="field"/>, never repeats the text.</exception>
    public static EndpointSecret Parse(string? text, string field = "secret") =>
        TryParse(text, out var secret, out var error) ? secret : throw new InvalidInputException(field, error);

    /// <summary>Reads the text form of a secret; when it does not fit, says why in a sentence that never repeats it.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out EndpointSecret? secret, [NotNullWhen(false)] out string? error)
    {
        (var key, var scheme, error) = SecretText.Read(text, SecretText.Private);
        var type = scheme == SignatureScheme.V1A ? SignatureType.Ed25519 : SignatureType.Hmac256;
        if (key is not null && type == SignatureType.Ed25519 && !Ed25519.Fits(key))
            (key, error) = (null, $"The last {Ed25519.KeyBytes} bytes after '{SecretText.Private}' are not the public key that belongs to the first {Ed25519.KeyBytes}.");
        secret = key is null ? null : new EndpointSecret(key, ExpiresAt: null) { Type = type };
        return secret is not null;
    }
}
