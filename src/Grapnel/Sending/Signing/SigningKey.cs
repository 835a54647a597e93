using System.Security.Cryptography;

namespace Grapnel.Sending.Signing;

/// <summary>
/// One secret, ready to sign. Keeps one keyed hash at hand, because making one costs more than signing a small body with it;
/// callers at the same time make their own. Safe to share between threads.
/// </summary>
internal sealed class SigningKey(EndpointSecret secret)
{
    private IncrementalHash? _idle;

    /// <summary>Whether the secret still signs.</summary>
    public bool IsInForce(DateTimeOffset now) => secret.ExpiresAt is not { } end || now < end;

    /// <summary>Hashes the signed content; see <see cref="SignedContent.Hash"/>.</summary>
    public void Hash(string id, long unixSeconds, ReadOnlySpan<byte> body, Span<byte> destination)
    {
        var hmac = Interlocked.Exchange(ref _idle, null) ?? IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret.Key);
        SignedContent.Hash(hmac, id, unixSeconds, body, destination);
        Interlocked.Exchange(ref _idle, hmac)?.Dispose();
    }
}
