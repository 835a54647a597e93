using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Grapnel.Sending;

/// <summary>The certificates of an endpoint's <see cref="EndpointTls"/>, read once.</summary>
internal sealed class EndpointCertificates
{
    /// <summary>What the receiver is shown, or null.</summary>
    public SslStreamCertificateContext? Client { get; init; }

    /// <summary>The authorities to trust instead of the system's, or null.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Reads them; when something does not fit, says which field and why, in a sentence that never repeats it.</summary>
    public static bool TryRead(EndpointTls tls, [NotNullWhen(true)] out EndpointCertificates? certificates, [NotNullWhen(false)] out FieldError? error)
    {
        certificates = null;
        X509Certificate2Collection? authorities = null;
        SslStreamCertificateContext? client = null;
        if (tls.Authorities is { } roots && !TryReadAll(roots, out authorities))
            error = new FieldError("tls.authorities", "must be one or more certificates in PEM");
        else if (tls.ClientCertificate is null != tls.ClientKey is null)
            error = new FieldError(tls.ClientKey is null ? "tls.clientKey" : "tls.clientCertificate", "goes with the other: certificate and private key, both in PEM");
        else if (tls.ClientCertificate is { } certificate && (client = ReadClient(certificate, tls.ClientKey!)) is null)
            error = new FieldError("tls.clientCertificate", "must be a certificate in PEM, and tls.clientKey its private key in PEM, without a password");
        else
            error = null;
        if (error is null)
            certificates = new EndpointCertificates { Client = client, Authorities = authorities };
        return certificates is not null;
    }

    private static SslStreamCertificateContext? ReadClient(string certificate, byte[] key)
    {
        if (!TryReadAll(certificate, out var chain))
            return null;
        try
        {
            var own = X509Certificate2.CreateFromPem(certificate, Encoding.UTF8.GetString(key));
            // Windows takes no key that lives in memory only, unless it came from a PFX.
            if (OperatingSystem.IsWindows())
                own = X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pfx), password: null);
            return SslStreamCertificateContext.Create(own, [.. chain.Skip(1)], offline: true);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    private static bool TryReadAll(string pem, [NotNullWhen(true)] out X509Certificate2Collection? certificates)
    {
        certificates = [];
        try
        {
            certificates.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            return false;
        }
        return certificates.Count > 0;
    }
}
