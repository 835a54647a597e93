using Grapnel.Alerting;
using Grapnel.Server.Api;
using Grapnel.Server.Auth;
using Grapnel.Server.Console;
using Grapnel.Server.Console.Portal;
using Grapnel.Server.Inboxes;
using Grapnel.Server.Mail;
using Grapnel.Server.Secrets;
using Grapnel.Server.Telemetry;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Redis;
using Grapnel.Storage.Sqlite;
using Microsoft.Extensions.Options;

namespace Grapnel.Server.Hosting;

/// <summary>Registers every options class, read and checked, both as itself and as <see cref="IOptions{TOptions}"/>. Those that decide what else is registered come back.</summary>
internal static class OptionsServices
{
    public static (ServerOptions Server, SecretsOptions Secrets, TelemetryOptions Telemetry) AddGrapnelOptions(this IServiceCollection services, SettingsReader settings)
    {
        var server = Add<ServerOptions>(services, settings, new ServerOptionsRules());
        Add<AuthOptions>(services, settings, new AuthOptionsRules());
        var secrets = Add<SecretsOptions>(services, settings, new SecretsOptionsRules());
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
        Add<HealthOptions>(services, settings, new HealthOptionsRules());
        Add<AlertOptions>(services, settings, new AlertOptionsRules());
        Add<MailOptions>(services, settings, new MailOptionsRules());
        var telemetry = Add<TelemetryOptions>(services, settings, new TelemetryOptionsRules());
        Add<SqliteStoreOptions>(services, settings, new SqliteStoreOptionsRules());
        Add<PostgresStoreOptions>(services, settings, new PostgresStoreOptionsRules(server.Store));
        Add<RedisQueueOptions>(services, settings, new RedisQueueOptionsRules(server.Queue));
        return (server, secrets, telemetry);
    }

    private static T Add<T>(IServiceCollection services, SettingsReader settings, IValidateOptions<T> rules) where T : class, new()
    {
        var options = settings.Read(rules);
        services.AddSingleton(options).AddSingleton(Options.Create(options));
        return options;
    }
}
