using System.Security.Cryptography;

namespace Grapnel.Sending.Signing;

/// <summary>
/// Signs for one endpoint by Standard Webhooks 1.0.0, scheme <c>v1</c> (HMAC-SHA256). Every secret in force signs, so that a
/// receiver verifies with the old secret as well as with the new one until the old one expires. Safe to share between threads.
/// </summary>
/// <param name="secrets">The endpoint's secrets, the current one first.</param>
internal sealed class StandardWebhooksSigner(IReadOnlyList<EndpointSecret> secrets)
{
    private const int EncodedHashLength = 44;
    private static readonly int SignatureLength = SignedContent.Version.Length + EncodedHashLength;
    private readonly SigningKey[] _keys = [.. secrets.Select(s => new SigningKey(s))];

    /// <summary>
    /// The value of <c>webhook-signature</c>: one signature per secret in force, in the order of the secrets, separated by spaces;
    /// empty when no secret is in force.
    /// </summary>
    /// <param name="id">The message id, as sent in <c>webhook-id</c>.</param>
    /// <param name="now">The time of the attempt; its Unix seconds are sent in <c>webhook-timestamp</c>.</param>
    /// <param name="body">The body as sent.</param>
    public string Sign(string id, DateTimeOffset now, ReadOnlySpan<byte> body)
    {
        var unixSeconds = now.ToUnixTimeSeconds();
        var max = _keys.Length * (SignatureLength + 1);
        var text = max <= 512 ? stackalloc char[max] : new char[max];
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var length = 0;
        foreach (var key in _keys)
        {
            if (!key.IsInForce(now))
                continue;
            key.Hash(id, unixSeconds, body, hash);
            length += Write(hash, text[length..]);
        }
        return new string(text[..Math.Max(0, length - 1)]);
    }

    private static int Write(ReadOnlySpan<byte> hash, Span<char> text)
    {
        SignedContent.Version.CopyTo(text);
        Convert.TryToBase64Chars(hash, text[SignedContent.Version.Length..], out _);
        text[SignatureLength] = ' ';
        return SignatureLength + 1;
    }
}
