using Grapnel.Sending.Signing;

namespace Grapnel.Server.Inboxes;

/// <summary>The steps that hold a signature against the secrets of an endpoint.</summary>
internal static class SecretSteps
{
    /// <summary>One step for each secret, in their order. As soon as one fits, the others need not.</summary>
    /// <param name="headers">Headers without a fault.</param>
    /// <param name="body">The whole body.</param>
    /// <param name="secrets">The secrets, the current one first.</param>
    public static IEnumerable<SignatureStep> Explain(SignedHeaders headers, byte[] body, IReadOnlyList<EndpointSecret> secrets)
    {
        var fitting = secrets.Where(secret => Fits(headers, body, secret)).ToHashSet(ReferenceEqualityComparer.Instance);
        return secrets.Select(secret => fitting.Contains(secret) ? Matched(headers, body, secret)
            : fitting.Count > 0 ? new SignatureStep(TitleOf(secret), StepOutcome.Skipped, "It need not fit: another secret of the endpoint does.")
            : Unmatched(headers, body, secret));
    }

    private static SignatureStep Matched(SignedHeaders headers, byte[] body, EndpointSecret secret) =>
        new(TitleOf(secret), StepOutcome.Passed, "One of the signatures that came is the one that this secret makes.")
        {
            Expected = Sign(headers, body, secret), Got = Shortened.Signatures(headers.Signature!),
        };

    private static SignatureStep Unmatched(SignedHeaders headers, byte[] body, EndpointSecret secret)
    {
        var prefix = SignatureScheme.Of(secret.Type).Prefix;
        var hasScheme = headers.Signature!.Split(' ').Any(signature => signature.StartsWith(prefix, StringComparison.Ordinal));
        return new(TitleOf(secret), StepOutcome.Failed, hasScheme
            ? "This secret makes another signature: it was signed with a different secret, or the body, the id or the timestamp changed on the way."
            : $"webhook-signature has no signature that starts with '{prefix}', and this secret makes no other.")
        {
            Expected = Sign(headers, body, secret), Got = Shortened.Signatures(headers.Signature!),
        };
    }

    // By its own timestamp: whether that is fresh is another step.
    private static bool Fits(SignedHeaders headers, byte[] body, EndpointSecret secret) => StandardWebhooksVerifier.Verify(
        headers.Id, headers.Timestamp, headers.Signature, body, ReceiverKey.Of(secret), DateTimeOffset.FromUnixTimeSeconds(headers.UnixSeconds!.Value));

    private static string Sign(SignedHeaders headers, byte[] body, EndpointSecret secret)
    {
        var scheme = SignatureScheme.Of(secret.Type);
        var signature = new byte[scheme.Bytes];
        SigningKey.Of(secret).Sign(headers.Id!, headers.UnixSeconds!.Value, body, signature);
        return Shortened.Signature(scheme.Prefix + Convert.ToBase64String(signature));
    }

    private static string TitleOf(EndpointSecret secret) =>
        (secret.ExpiresAt is null ? "Current secret, " : "Earlier secret, ") + (secret.Type == SignatureType.Ed25519 ? "v1a (Ed25519)" : "v1 (HMAC-SHA256)");
}
