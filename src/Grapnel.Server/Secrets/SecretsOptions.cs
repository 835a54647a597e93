namespace Grapnel.Server.Secrets;

/// <summary>How secrets at rest are protected. Section <c>Secrets</c>.</summary>
internal sealed class SecretsOptions
{
    /// <summary>
    /// The folder of the key ring: the keys that secrets at rest and cookies are protected with. All nodes need the same. Default with the embedded store: the
    /// folder <c>key-ring</c> beside the database; with PostgreSQL none, the database itself keeps them.
    /// </summary>
    public string? KeyRing { get; set; }

    /// <summary>A certificate that protects the key ring, with its private key (RSA): a PFX, or a PEM file that has both. Default none.</summary>
    public string? Certificate { get; set; }

    /// <summary>The password of <see cref="Certificate"/> and of <see cref="OldCertificates"/>. Default none.</summary>
    public string? CertificatePassword { get; set; }

    /// <summary>Certificates that protected the key ring before, to read with what is older. Default none.</summary>
    public IList<string> OldCertificates { get; set; } = [];
}
