namespace Grapnel.Sending.Signing;

/// <summary>
/// Signs for one endpoint by Standard Webhooks 1.0.0, schemes <c>v1</c> (HMAC-SHA256) and <c>v1a</c> (Ed25519). Every secret in force signs, so
/// that a receiver verifies with the old secret as well as with the new one until the old one expires. Safe to share between threads.
/// </summary>
internal sealed class StandardWebhooksSigner
{
    private readonly SigningKey[] _keys;
    private readonly int _maxLength;

    /// <param name="secrets">The endpoint's secrets, the current one first.</param>
    public StandardWebhooksSigner(IReadOnlyList<EndpointSecret> secrets)
    {
        _keys = [.. secrets.Select(SigningKey.Of)];
        _maxLength = _keys.Sum(key => key.Scheme.Length + 1);
    }

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
        var text = _maxLength <= 512 ? stackalloc char[_maxLength] : new char[_maxLength];
        Span<byte> signature = stackalloc byte[SignatureScheme.MaxBytes];
        var length = 0;
        foreach (var key in _keys)
        {
            if (!key.IsInForce(now))
                continue;
            key.Sign(id, unixSeconds, body, signature[..key.Scheme.Bytes]);
            length += Write(key.Scheme, signature, text[length..]);
        }
        return new string(text[..Math.Max(0, length - 1)]);
    }

    private static int Write(SignatureScheme scheme, ReadOnlySpan<byte> signature, Span<char> text)
    {
        scheme.Prefix.CopyTo(text);
        Convert.TryToBase64Chars(signature[..scheme.Bytes], text[scheme.Prefix.Length..], out _);
        text[scheme.Length] = ' ';
        return scheme.Length + 1;
    }
}
