using Grapnel.Server.Api;
using Grapnel.Server.Auth;
using Grapnel.Server.Console;
using Grapnel.Server.Console.Portal;
using Grapnel.Server.Inboxes;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Redis;
using Grapnel.Storage.Sqlite;
using Microsoft.Extensions.Options;

namespace Grapnel.Server.Hosting;

/// <summary>Registers every options class, read and checked, both as itself and as <see cref="IOptions{TOptions}"/>.</summary>
internal static class OptionsServices
{
    public static ServerOptions AddGrapnelOptions(this IServiceCollection services, SettingsReader settings)
    {
        var server = Add<ServerOptions>(services, settings, new ServerOptionsRules());
        Add<AuthOptions>(services, settings, new AuthOptionsRules());
        Add<ApiOptions>(services, settings, new ApiOptionsRules());
        Add<ProxyOptions>(services, settings, new ProxyOptionsRules());
        Add<ConsoleOptions>(services, settings, new ConsoleOptionsRules());
        Add<PortalOptions>(services, settings, new PortalOptionsRules());
        Add<PublishingOptions>(services, settings, new PublishingOptionsRules());
        Add<DeliveryOptions>(services, settings, new DeliveryOptionsRules());
        Add<NetworkOptions>(services, settings, new NetworkOptionsRules());
        Add<NodeOptions>(services, settings, new NodeOptionsRules(server.Store));
        Add<RetentionOptions>(services, settings, new RetentionOptionsRules());
        Add<InboxOptions>(services, settings, new InboxOptionsRules());
        Add<SqliteStoreOptions>(services, settings, new SqliteStoreOptionsRules());
        Add<PostgresStoreOptions>(services, settings, new PostgresStoreOptionsRules(server.Store));
        Add<RedisQueueOptions>(services, settings, new RedisQueueOptionsRules(server.Queue));
        return server;
    }

    private static T Add<T>(IServiceCollection services, SettingsReader settings, IValidateOptions<T> rules) where T : class, new()
    {
        var options = settings.Read(rules);
        services.AddSingleton(options).AddSingleton(Options.Create(options));
        return options;
    }
}
