using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Grapnel.Sending;

/// <summary>A certificate of a receiver that is not trusted, with the reason in a sentence for people.</summary>
internal sealed class CertificateRejected(string reason) : AuthenticationException(reason);

/// <summary>
/// Accepts exactly what the platform accepts. It is here for its reasons: "expired" and "for another name" are mended by different
/// people, and the platform's own exception tells them apart only in prose.
/// </summary>
internal static class CertificateCheck
{
    /// <summary>
    /// The <see cref="SslClientAuthenticationOptions.CertificateChainPolicy"/>: nobody is asked anything. A certificate may name addresses for its issuer and for
    /// revocations, and the platform would ask there, at addresses that a stranger chose, past the guard. So a receiver must send its chain whole.
    /// </summary>
    /// <param name="roots">Who is trusted; null for those that the system trusts.</param>
    public static X509ChainPolicy Policy(X509Certificate2Collection? roots = null)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (roots is null)
            return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }

    /// <summary>The <see cref="SslClientAuthenticationOptions.RemoteCertificateValidationCallback"/>.</summary>
    /// <exception cref="CertificateRejected">The certificate is not acceptable.</exception>
    public static bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        errors == SslPolicyErrors.None ? true : throw new CertificateRejected(Describe(chain, errors));

    private static string Describe(X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            return "The receiver showed no certificate.";
        var status = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, s) => all | s.Status) ?? X509ChainStatusFlags.NoError;
        if (status.HasFlag(X509ChainStatusFlags.NotTimeValid))
            return "The receiver's certificate has expired or is not valid yet.";
        if (status.HasFlag(X509ChainStatusFlags.Revoked))
            return "The receiver's certificate has been revoked.";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return "The receiver's certificate is for another host name.";
        if ((status & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0)
            return IsSelfSigned(chain)
                ? "The receiver's certificate is self-signed."
                : "The receiver's certificate comes from an authority that is not trusted.";
        return $"The receiver's certificate is not acceptable ({status}).";
    }

    private static bool IsSelfSigned(X509Chain? chain) =>
        chain?.ChainElements is [{ Certificate: var only }] && only.SubjectName.RawData.AsSpan().SequenceEqual(only.IssuerName.RawData);
}
