using Grapnel.Storage.Postgres;
using Grapnel.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grapnel.Storage;

/// <summary>Registers a store.</summary>
public static class StoreServices
{
    /// <summary>
    /// Adds the embedded store, in the folder of <see cref="SqliteStoreOptions"/>, and its roles as singletons. The store is opened when one of them is
    /// first asked for, and closed with the container. Needs a <see cref="TimeProvider"/>; with an <see cref="ISecretBox"/> secrets are sealed.
    /// </summary>
    public static IServiceCollection AddGrapnelSqlite(this IServiceCollection services, Action<SqliteStoreOptions>? configure = null)
    {
        services.AddOptions<SqliteStoreOptions>().Configure(options => configure?.Invoke(options));
        services.AddSingleton(provider => new DataFolder(provider.GetRequiredService<IOptions<SqliteStoreOptions>>().Value.Data));
        return services.AddGrapnelStore(provider => SqliteStore.Open(
            provider.GetRequiredService<IOptions<SqliteStoreOptions>>().Value, provider.GetRequiredService<TimeProvider>(), provider.GetService<ISecretBox>()));
    }

    /// <summary>The same with PostgreSQL, at the connection string of <see cref="PostgresStoreOptions"/>.</summary>
    public static IServiceCollection AddGrapnelPostgres(this IServiceCollection services, Action<PostgresStoreOptions>? configure = null)
    {
        services.AddOptions<PostgresStoreOptions>().Configure(options => configure?.Invoke(options));
        return services.AddGrapnelStore(provider => PostgresStore.OpenAsync(
            provider.GetRequiredService<IOptions<PostgresStoreOptions>>().Value, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<PostgresStore>>(), box: provider.GetService<ISecretBox>()).GetAwaiter().GetResult());
    }

    private static IServiceCollection AddGrapnelStore(this IServiceCollection services, Func<IServiceProvider, IStore> open) => services
        .AddSingleton(open)
        .AddSingleton(provider => provider.GetRequiredService<IStore>().Deliveries)
        .AddSingleton(provider => provider.GetRequiredService<IStore>().Catalog)
        .AddSingleton(provider => provider.GetRequiredService<IStore>().History)
        .AddSingleton(provider => provider.GetRequiredService<IStore>().Search)
        .AddSingleton(provider => provider.GetRequiredService<IStore>().Idempotency)
        .AddSingleton(provider => provider.GetRequiredService<IStore>().Tasks)
        .AddSingleton(provider => provider.GetRequiredService<IStore>().Erasure)
        .AddSingleton(provider => provider.GetRequiredService<IStore>().Console)
        .AddSingleton(provider => provider.GetRequiredService<IStore>().Statistics)
        .AddSingleton(provider => provider.GetRequiredService<IStore>().Alerts)
        .AddSingleton(provider => provider.GetRequiredService<IStore>().Signals);
}
