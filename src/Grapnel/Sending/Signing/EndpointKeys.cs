namespace Grapnel.Sending.Signing;

/// <summary>What the secrets of endpoints are to receivers, who know neither endpoints nor their secrets.</summary>
internal static class EndpointKeys
{
    extension(ReceiverKey)
    {
        /// <summary>What the receivers of an endpoint need.</summary>
        public static ReceiverKey Of(EndpointSecret secret) =>
            new(SignatureScheme.Of(secret.Type), secret.Type == SignatureType.Ed25519 ? secret.Key[Ed25519.KeyBytes..] : secret.Key);
    }

    extension(SignatureScheme)
    {
        /// <summary>The scheme of a type.</summary>
        public static SignatureScheme Of(SignatureType type) => type == SignatureType.Ed25519 ? SignatureScheme.V1A : SignatureScheme.V1;
    }
}
