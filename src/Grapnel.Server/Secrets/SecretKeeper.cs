using System.Security.Cryptography;
using Grapnel.Auditing;
using Grapnel.Storage;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.Options;

namespace Grapnel.Server.Secrets;

/// <summary>Sees to it that all secrets at rest are sealed, and can be opened; and replaces the key that they are sealed with.</summary>
internal sealed class SecretKeeper(
    ICatalogStore store, SecretBox box, IKeyManager keys, IOptions<KeyManagementOptions> ring, SecretsOptions options, AuditLog audit, TimeProvider time)
{
    private const string Name = "sealed";
    private const int Bytes = 16;
    private static readonly TimeSpan KeyLife = TimeSpan.FromDays(90);

    /// <summary>Makes sure that all that is sealed can be opened. Seals what was stored before there was sealing.</summary>
    /// <exception cref="SecretBoxException">Something cannot: the right key ring is not there, or its certificate is not.</exception>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        // Before anything else asks for a key: where none in the ring can be used, one is made, and without the certificate that stays there, unprotected and the newest.
        var samples = await store.ReadSealedAsync(cancellationToken);
        SecretsServices.ReadOnly(options, ring.Value.XmlRepository!.GetAllElements).Prove(samples);
        if (await store.FindSecretAsync(Name, cancellationToken) is not null)
            return;
        await store.SealAgainAsync(cancellationToken);
        await store.EnsureSecretAsync(new InstallationSecret(Name, RandomNumberGenerator.GetBytes(Bytes)), cancellationToken);
    }

    /// <summary>Makes a new key and seals all secrets with it; says how many. Older keys stay in the ring: cookies and backups need them.</summary>
    public async Task<int> RotateAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        keys.CreateNewKey(now, now + KeyLife);
        box.Renew();
        var count = await store.SealAgainAsync(cancellationToken);
        audit.Record(AuditActions.KeyRingRotated, Name, null);
        return count;
    }
}
