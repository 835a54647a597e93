using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grapnel.Storage.Redis;

/// <summary>Registers Redis as the queue.</summary>
public static class RedisServices
{
    private const string Behind = "behind the queue";

    /// <summary>Puts <see cref="RedisQueue"/> in front of the store that is registered already: all roles are asked of the queue from now on.</summary>
    public static IServiceCollection AddGrapnelRedisQueue(this IServiceCollection services, Action<RedisQueueOptions>? configure = null)
    {
        services.AddOptions<RedisQueueOptions>().Configure(options => configure?.Invoke(options));
        var store = services.Last(service => service.ServiceType == typeof(IStore) && !service.IsKeyedService);
        services.Remove(store);
        services.AddKeyedSingleton(Behind, (provider, _) => (IStore)store.ImplementationFactory!(provider));
        services.AddSingleton<IQueueProbe>(provider => (RedisQueue)provider.GetRequiredService<IStore>());
        return services.AddSingleton<IStore>(provider => RedisQueue.Open(
            provider.GetRequiredService<IOptions<RedisQueueOptions>>().Value, provider.GetRequiredKeyedService<IStore>(Behind),
            provider.GetService<ILogger<RedisQueue>>()));
    }
}
