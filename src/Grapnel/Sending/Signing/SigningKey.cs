using System.Buffers;
using System.Security.Cryptography;

namespace Grapnel.Sending.Signing;

/// <summary>One secret, ready to sign. Safe to share between threads.</summary>
internal abstract class SigningKey(EndpointSecret secret)
{
    /// <summary>How its signatures are written.</summary>
    public SignatureScheme Scheme { get; } = SignatureScheme.Of(secret.Type);

    /// <summary>The raw bytes of the secret.</summary>
    protected byte[] Key => secret.Key;

    /// <summary>The way to sign with a secret of its type.</summary>
    public static SigningKey Of(EndpointSecret secret) => secret.Type == SignatureType.Ed25519 ? new Ed25519Key(secret) : new HmacKey(secret);

    /// <summary>Whether the secret still signs.</summary>
    public bool IsInForce(DateTimeOffset now) => secret.ExpiresAt is not { } end || now < end;

    /// <summary>Signs the signed content; see <see cref="SignedContent"/>.</summary>
    /// <param name="id">The message id, at most 256 characters.</param>
    /// <param name="unixSeconds">The time of the attempt.</param>
    /// <param name="body">The body as sent.</param>
    /// <param name="signature">Takes as many bytes as <see cref="Scheme"/> says.</param>
    public abstract void Sign(string id, long unixSeconds, ReadOnlySpan<byte> body, Span<byte> signature);

    /// <summary>
    /// Keeps one keyed hash at hand, because making one costs more than signing a small body with it; callers at the same time make their own.
    /// </summary>
    private sealed class HmacKey(EndpointSecret secret) : SigningKey(secret)
    {
        private IncrementalHash? _idle;

        public override void Sign(string id, long unixSeconds, ReadOnlySpan<byte> body, Span<byte> signature)
        {
            var hmac = Interlocked.Exchange(ref _idle, null) ?? IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Key);
            SignedContent.Hash(hmac, id, unixSeconds, body, signature);
            Interlocked.Exchange(ref _idle, hmac)?.Dispose();
        }
    }

    private sealed class Ed25519Key(EndpointSecret secret) : SigningKey(secret)
    {
        public override void Sign(string id, long unixSeconds, ReadOnlySpan<byte> body, Span<byte> signature)
        {
            var content = ArrayPool<byte>.Shared.Rent(SignedContent.MaxPrefixBytes + body.Length);
            try
            {
                var length = SignedContent.Join(id, unixSeconds, body, content);
                Ed25519.Sign(Key, content.AsSpan(0, length), signature);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(content);
            }
        }
    }
}
