using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Grapnel.Storage.Sqlite;

/// <summary>Registers the embedded store.</summary>
public static class SqliteServices
{
    /// <summary>
    /// Adds <see cref="SqliteStore"/> and its roles as singletons. The store is opened when one of them is first asked for, and closed
    /// with the container. Needs a <see cref="TimeProvider"/>.
    /// </summary>
    public static IServiceCollection AddGrapnelSqlite(this IServiceCollection services, Action<SqliteStoreOptions>? configure = null)
    {
        services.AddOptions<SqliteStoreOptions>().Configure(options => configure?.Invoke(options));
        services.AddSingleton(provider => SqliteStore.Open(
            provider.GetRequiredService<IOptions<SqliteStoreOptions>>().Value, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => provider.GetRequiredService<SqliteStore>().Deliveries);
        services.AddSingleton(provider => provider.GetRequiredService<SqliteStore>().Catalog);
        services.AddSingleton(provider => provider.GetRequiredService<SqliteStore>().History);
        services.AddSingleton(provider => provider.GetRequiredService<SqliteStore>().Search);
        services.AddSingleton(provider => provider.GetRequiredService<SqliteStore>().Idempotency);
        services.AddSingleton(provider => provider.GetRequiredService<SqliteStore>().Tasks);
        services.AddSingleton(provider => provider.GetRequiredService<SqliteStore>().Console);
        services.AddSingleton(provider => provider.GetRequiredService<SqliteStore>().Statistics);
        return services;
    }
}
