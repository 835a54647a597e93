using System.Diagnostics.CodeAnalysis;

namespace Grapnel.Sending.Signing;

/// <summary>What a receiver verifies with: the symmetric secret itself, or the public half of an Ed25519 pair.</summary>
internal sealed class ReceiverKey
{
    private ReceiverKey(SignatureType type, byte[] bytes) => (Type, Bytes) = (type, bytes);

    /// <summary>The signatures that it verifies.</summary>
    public SignatureType Type { get; }

    /// <summary>The raw key.</summary>
    public byte[] Bytes { get; }

    /// <summary>What the receivers of an endpoint need.</summary>
    public static ReceiverKey Of(EndpointSecret secret) =>
        new(secret.Type, secret.Type == SignatureType.Ed25519 ? secret.Key[Ed25519.KeyBytes..] : secret.Key);

    /// <summary>Reads <c>whsec_</c> or <c>whpk_</c> and base64; when it does not fit, says why in a sentence that never repeats it.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ReceiverKey? key, [NotNullWhen(false)] out string? error)
    {
        (var bytes, var type, error) = SecretText.Read(text, SecretText.Public);
        key = bytes is null ? null : new ReceiverKey(type, bytes);
        return key is not null;
    }

    /// <summary>The text form: <c>whsec_</c> or <c>whpk_</c> and base64.</summary>
    public string ToText() => SecretText.Write(Type == SignatureType.Ed25519 ? SecretText.Public : SecretText.Symmetric, Bytes);
}
