using System.Security.Cryptography.X509Certificates;
using Grapnel.Server.Hosting;
using Grapnel.Storage;
using Grapnel.Storage.Sqlite;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;

namespace Grapnel.Server.Secrets;

/// <summary>Registers the key ring, and what is protected with it.</summary>
internal static class SecretsServices
{
    public static IServiceCollection AddGrapnelSecrets(this IServiceCollection services, SecretsOptions options, StoreKind store)
    {
        AddKeyRing(services, options, store, provider => provider);
        services.AddSingleton(provider => new SecretBox(() => ReadKeyRing(options, store, provider), provider.GetRequiredService<TimeProvider>()));
        return services.AddSingleton<ISecretBox>(provider => provider.GetRequiredService<SecretBox>()).AddSingleton<SecretKeeper>();
    }

    private static IDataProtectionProvider ReadKeyRing(SecretsOptions options, StoreKind store, IServiceProvider server)
    {
        var services = new ServiceCollection();
        services.AddSingleton(server.GetRequiredService<ILoggerFactory>()).AddLogging();
        AddKeyRing(services, options, store, _ => server);
        return services.BuildServiceProvider().GetRequiredService<IDataProtectionProvider>();
    }

    private static void AddKeyRing(IServiceCollection services, SecretsOptions options, StoreKind store, Func<IServiceProvider, IServiceProvider> server)
    {
        var keyRing = services.AddDataProtection().SetApplicationName("Grapnel");
        if (options.Certificate is { } certificate)
            keyRing.ProtectKeysWithCertificate(Load(certificate, options)).UnprotectKeysWithAnyCertificate(
                [.. options.OldCertificates.Prepend(certificate).Select(path => Load(path, options))]);
        services.AddOptions<KeyManagementOptions>().Configure<IServiceProvider>((keys, own) =>
            keys.XmlRepository = new KeyRingRepository(server(own).GetRequiredService<IConsoleStore>(), FolderOf(options, store, server(own))));
    }

    private static string? FolderOf(SecretsOptions options, StoreKind store, IServiceProvider server) => options.KeyRing
        ?? (store == StoreKind.Sqlite ? server.GetRequiredService<SqliteStoreOptions>().KeyRingFolder : null);

    /// <exception cref="Exception">There is no such file, or no certificate with its private key in it.</exception>
    public static X509Certificate2 Load(string path, SecretsOptions options) => X509Certificate2.GetCertContentType(path) == X509ContentType.Pfx
        ? X509CertificateLoader.LoadPkcs12FromFile(path, options.CertificatePassword)
        : options.CertificatePassword is { } password
            ? X509Certificate2.CreateFromEncryptedPemFile(path, password)
            : X509Certificate2.CreateFromPemFile(path);
}
