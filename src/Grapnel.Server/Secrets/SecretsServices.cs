using System.Security.Cryptography.X509Certificates;
using System.Xml.Linq;
using Grapnel.Server.Hosting;
using Grapnel.Storage;
using Grapnel.Storage.Sqlite;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Logging.Abstractions;

namespace Grapnel.Server.Secrets;

/// <summary>Registers the key ring, and what is protected with it.</summary>
internal static class SecretsServices
{
    public static IServiceCollection AddGrapnelSecrets(this IServiceCollection services, SecretsOptions options, StoreKind store)
    {
        IXmlRepository RepositoryOf(IServiceProvider server) =>
            new KeyRingRepository(server.GetRequiredService<IConsoleStore>(), FolderOf(options, store, server.GetRequiredService<SqliteStoreOptions>()));
        AddKeyRing(services, options, RepositoryOf);
        services.AddSingleton(server => new SecretBox(
            () => Read(options, _ => RepositoryOf(server), server.GetRequiredService<ILoggerFactory>()), server.GetRequiredService<TimeProvider>()));
        return services.AddSingleton<ISecretBox>(provider => provider.GetRequiredService<SecretBox>()).AddSingleton<SecretKeeper>();
    }

    /// <summary>The folder of the key ring; null when the store itself has it.</summary>
    public static string? FolderOf(SecretsOptions options, StoreKind store, SqliteStoreOptions sqlite) =>
        options.KeyRing ?? (store == StoreKind.Sqlite ? sqlite.KeyRingFolder : null);

    /// <summary>A key ring that is only read, and never given a new key.</summary>
    public static SecretBox ReadOnly(SecretsOptions options, Func<IReadOnlyCollection<XElement>> keys) => new(
        () => Read(options, _ => new KeyRingToRead(keys), NullLoggerFactory.Instance), TimeProvider.System);

    private static IDataProtectionProvider Read(SecretsOptions options, Func<IServiceProvider, IXmlRepository> repository, ILoggerFactory logging)
    {
        var services = new ServiceCollection();
        services.AddSingleton(logging).AddLogging();
        AddKeyRing(services, options, repository);
        return services.BuildServiceProvider().GetRequiredService<IDataProtectionProvider>();
    }

    private static void AddKeyRing(IServiceCollection services, SecretsOptions options, Func<IServiceProvider, IXmlRepository> repository)
    {
        var keyRing = services.AddDataProtection().SetApplicationName("Grapnel");
        if (options.Certificate is { } certificate)
            keyRing.ProtectKeysWithCertificate(Load(certificate, options)).UnprotectKeysWithAnyCertificate(
                [.. options.OldCertificates.Prepend(certificate).Select(path => Load(path, options))]);
        services.AddOptions<KeyManagementOptions>().Configure<IServiceProvider>((keys, provider) => keys.XmlRepository = repository(provider));
    }

    /// <exception cref="Exception">There is no such file, or no certificate with its private key in it.</exception>
    public static X509Certificate2 Load(string path, SecretsOptions options) => X509Certificate2.GetCertContentType(path) == X509ContentType.Pfx
        ? X509CertificateLoader.LoadPkcs12FromFile(path, options.CertificatePassword)
        : options.CertificatePassword is { } password
            ? X509Certificate2.CreateFromEncryptedPemFile(path, password)
            : X509Certificate2.CreateFromPemFile(path);

    private sealed class KeyRingToRead(Func<IReadOnlyCollection<XElement>> keys) : IXmlRepository
    {
        public IReadOnlyCollection<XElement> GetAllElements() => keys();

        public void StoreElement(XElement element, string friendlyName)
        {
            // A key that only this process knows opens nothing, and is forgotten with it.
        }
    }
}
