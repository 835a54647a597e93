using Grapnel.Storage.Postgres;
using Grapnel.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Grapnel.Storage.Redis;

/// <summary>Registers Redis as the queue.</summary>
public static class RedisServices
{
    /// <summary>
    /// Puts <see cref="RedisQueue"/> in front of the store that is registered already: its roles <see cref="IDeliveryStore"/> and
    /// <see cref="IHistoryStore"/> are answered by the queue from now on.
    /// </summary>
    public static IServiceCollection AddGrapnelRedisQueue(this IServiceCollection services, Action<RedisQueueOptions>? configure = null)
    {
        services.AddOptions<RedisQueueOptions>().Configure(options => configure?.Invoke(options));
        services.AddSingleton(provider => RedisQueue.Open(
            provider.GetRequiredService<IOptions<RedisQueueOptions>>().Value, provider.GetService<SqliteStore>(), provider.GetService<PostgresStore>()));
        services.AddSingleton(provider => provider.GetRequiredService<RedisQueue>().Deliveries);
        services.AddSingleton(provider => provider.GetRequiredService<RedisQueue>().History);
        return services;
    }
}
