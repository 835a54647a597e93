using System.Diagnostics.CodeAnalysis;

namespace Grapnel.Sending.Signing;

/// <summary>What a receiver verifies with: the symmetric secret itself, or the public half of an Ed25519 pair.</summary>
/// <param name="Scheme">The signatures that it verifies.</param>
/// <param name="Bytes">The raw key.</param>
internal sealed record ReceiverKey(SignatureScheme Scheme, byte[] Bytes)
{
    /// <summary>Reads <c>whsec_</c> or <c>whpk_</c> and base64; when it does not fit, says why in a sentence that never repeats it.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ReceiverKey? key, [NotNullWhen(false)] out string? error)
    {
        (var bytes, var scheme, error) = SecretText.Read(text, SecretText.Public);
        key = bytes is null ? null : new ReceiverKey(scheme, bytes);
        return key is not null;
    }

    /// <summary>The text form: <c>whsec_</c> or <c>whpk_</c> and base64.</summary>
    public string ToText() => SecretText.Write(Scheme == SignatureScheme.V1A ? SecretText.Public : SecretText.Symmetric, Bytes);

    /// <summary>Never the key: records print their members, and logs print records.</summary>
    public override string ToString() => $"ReceiverKey({Scheme.Prefix.TrimEnd(',')})";
}
