namespace Grapnel.Sending.Signing;

/// <summary>Verifies what <see cref="StandardWebhooksSigner"/> signed, the way a receiver does: <see cref="SignatureCheck"/> with an Ed25519 at hand.</summary>
internal static class StandardWebhooksVerifier
{
    /// <inheritdoc cref="SignatureCheck.DefaultTolerance"/>
    public static readonly TimeSpan DefaultTolerance = SignatureCheck.DefaultTolerance;

    /// <summary>Whether any of the signatures was made with the key, and lately.</summary>
    /// <param name="id">The header <c>webhook-id</c>, or null when it is missing.</param>
    /// <param name="timestamp">The header <c>webhook-timestamp</c>, or null when it is missing.</param>
    /// <param name="signatures">The header <c>webhook-signature</c>, or null when it is missing.</param>
    /// <param name="body">The body as received.</param>
    /// <param name="key">What the receiver has.</param>
    /// <param name="now">The receiver's time.</param>
    /// <param name="tolerance">Default <see cref="DefaultTolerance"/>.</param>
    public static bool Verify(
        string? id, string? timestamp, string? signatures, ReadOnlySpan<byte> body, ReceiverKey key,
        DateTimeOffset now, TimeSpan? tolerance = null) =>
        SignatureCheck.Find(id, timestamp, signatures, body, [key], now, tolerance ?? DefaultTolerance, Ed25519.Verify) == SignatureFinding.Valid;
}
