using System.Security.Cryptography;
using Grapnel.Storage;
using Microsoft.AspNetCore.DataProtection;

namespace Grapnel.Server.Secrets;

/// <summary>
/// Seals secrets at rest with ASP.NET Core Data Protection (AES-256-CBC and HMAC-SHA256, keys that are replaced every 90 days). It has a view of the key ring of its
/// own, because the platform looks at the ring once a day only, and another node may have sealed something with a key that is a second old.
/// </summary>
/// <param name="keyRing">Reads the key ring anew.</param>
/// <param name="time">For how often that may be.</param>
internal sealed class SecretBox(Func<IDataProtectionProvider> keyRing, TimeProvider time) : ISecretBox
{
    private const string Purpose = "Grapnel.SecretsAtRest.v1";

    // What Data Protection seals begins with four bytes that are always the same, then comes the id of the key.
    private const int KeyIdAt = 4;
    private const int KeyIdBytes = ISecretBox.KeyBytes - KeyIdAt;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private volatile IDataProtector? _protector;
    private long _renewedAt;

    public byte[] Seal(byte[] secret) => Protector.Protect(secret);

    public byte[] Open(byte[] sealedSecret)
    {
        var asked = time.GetTimestamp();
        var protector = Protector;
        while (true)
        {
            try
            {
                return protector.Unprotect(sealedSecret);
            }
            catch (CryptographicException failure)
            {
                protector = Renew(protector, asked) ?? throw Unreadable(failure);
            }
        }
    }

    /// <summary>Makes sure that all can be opened that is sealed.</summary>
    /// <exception cref="SecretBoxException">Something cannot: says how much, with which keys it would open, and what to do.</exception>
    public void Prove(IReadOnlyList<SealedSample> samples)
    {
        // A new installation needs no look at its ring for that.
        if (samples.Count == 0)
            return;
        var protector = keyRing().CreateProtector(Purpose);
        var shut = samples.Where(sample => !Opens(protector, sample.Value)).ToList();
        if (shut.Count == 0)
            return;
        var keys = shut.Select(KeyOf).Distinct();
        throw new SecretBoxException(
            $"{shut.Sum(sample => sample.Records)} of {samples.Sum(sample => sample.Records)} sealed records (endpoints, and secrets of the installation) cannot be opened: "
            + $"what they were sealed with ({string.Join(", ", keys)}) is not in the key ring, or the certificate that protects the ring is not at hand. "
            + "Put back the key ring (Secrets:KeyRing), from a backup that is not older than the database, or name the certificate (Secrets:Certificate, Secrets:OldCertificates).");
    }

    /// <summary>What the key is called in the ring that a sample was sealed with.</summary>
    public static string KeyOf(SealedSample sample) => $"key-{new Guid(sample.Value.AsSpan(KeyIdAt, KeyIdBytes))}";

    private static bool Opens(IDataProtector protector, byte[] sealedSecret)
    {
        try
        {
            protector.Unprotect(sealedSecret);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Seals with the newest key of the ring from now on.</summary>
    public void Renew()
    {
        lock (_lock)
            Load();
    }

    private IDataProtector Protector
    {
        get
        {
            if (_protector is { } known)
                return known;
            lock (_lock)
                return _protector ?? Load();
        }
    }

    private IDataProtector Load()
    {
        _renewedAt = time.GetTimestamp();
        return _protector = keyRing().CreateProtector(Purpose);
    }

    /// <summary>
    /// A view that is newer than the one that failed; null when there is none, and it was looked for after the call began or a moment before. However long a look
    /// takes, and it takes seconds where no key can be read, there is no second one for the same call.
    /// </summary>
    private IDataProtector? Renew(IDataProtector failed, long asked)
    {
        lock (_lock)
            return _protector != failed ? _protector : time.GetElapsedTime(_renewedAt, asked) < Pause ? null : Load();
    }

    private static SecretBoxException Unreadable(CryptographicException failure) => new(
        "A secret cannot be opened: the key that it was sealed with is not in the key ring, or the certificate that protects the ring is not at hand. "
        + "Put back the folder of the key ring (Secrets:KeyRing), or name the certificate (Secrets:Certificate, Secrets:OldCertificates).", failure);
}
