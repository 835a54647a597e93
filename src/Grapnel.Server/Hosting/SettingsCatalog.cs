using System.Reflection;
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

namespace Grapnel.Server.Hosting;

/// <summary>Every setting there is: the classes that hold them, and the section each class is bound to.</summary>
internal static class SettingsCatalog
{
    public static IReadOnlyList<SettingsSection> Sections { get; } =
    [
        new("", typeof(ServerOptions)),
        new("Auth", typeof(AuthOptions)),
        new("Secrets", typeof(SecretsOptions)),
        new("Api", typeof(ApiOptions)),
        new("Proxy", typeof(ProxyOptions)),
        new("Console", typeof(ConsoleOptions)),
        new("Portal", typeof(PortalOptions)),
        new("Publishing", typeof(PublishingOptions)),
        new("Delivery", typeof(DeliveryOptions)),
        new("Network", typeof(NetworkOptions)),
        new("Node", typeof(NodeOptions)),
        new("Retention", typeof(RetentionOptions)),
        new("Inbox", typeof(InboxOptions)),
        new("Health", typeof(HealthOptions)),
        new("Alerts", typeof(AlertOptions)),
        new("Mail", typeof(MailOptions)),
        new("Telemetry", typeof(TelemetryOptions)),
        new("Store", typeof(SqliteStoreOptions)),
        new("Postgres", typeof(PostgresStoreOptions)),
        new("Redis", typeof(RedisQueueOptions)),
    ];

    /// <summary>Sections that belong to the platform; their members are not checked here.</summary>
    public static IReadOnlyList<string> PlatformSections { get; } = ["Logging", "Kestrel"];
}

/// <summary>A class of settings and where it stands.</summary>
/// <param name="Name">The section, or nothing for the root.</param>
/// <param name="Type">The options class.</param>
internal sealed record SettingsSection(string Name, Type Type)
{
    public IEnumerable<Setting> Settings =>
        from property in Type.GetProperties()
        where property.CanWrite
        select new Setting(Name.Length == 0 ? property.Name : $"{Name}:{property.Name}", property);
}

/// <summary>One setting.</summary>
/// <param name="Path">Its name as appsettings and the command line know it, for example <c>Delivery:Timeout</c>.</param>
/// <param name="Property">The member that holds it.</param>
internal sealed record Setting(string Path, PropertyInfo Property)
{
    /// <summary>Whether it is written with indexes, one entry each.</summary>
    public bool IsList => Property.PropertyType.IsGenericType && Property.PropertyType.GetGenericTypeDefinition() == typeof(IList<>);

    public string EnvironmentName => GrapnelEnvironment.Prefix + Path.Replace(":", "__").ToUpperInvariant();
}
