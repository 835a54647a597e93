using Grapnel.Server.Hosting;
using Grapnel.Server.Secrets;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Redis;
using Grapnel.Storage.Sqlite;

namespace Grapnel.Server.Commands.Examinations;

/// <summary>What an examination is of: an installation as a server would see it that is started here and now with the same settings.</summary>
internal sealed class Examined
{
    private Examined(ServiceProvider options, IReadOnlyList<string> faults) => (Options, Faults) = (options, faults);

    private ServiceProvider Options { get; }

    /// <summary>What is wrong with the settings.</summary>
    public IReadOnlyList<string> Faults { get; }

    public ServerOptions Server => Options.GetRequiredService<ServerOptions>();

    public SqliteStoreOptions Sqlite => Options.GetRequiredService<SqliteStoreOptions>();

    public PostgresStoreOptions Postgres => Options.GetRequiredService<PostgresStoreOptions>();

    public SecretsOptions Secrets => Options.GetRequiredService<SecretsOptions>();

    public RedisQueueOptions Redis => Options.GetRequiredService<RedisQueueOptions>();

    public NetworkOptions Network => Options.GetRequiredService<NetworkOptions>();

    public DeliveryOptions Delivery => Options.GetRequiredService<DeliveryOptions>();

    /// <summary>How long something must have been due, with nobody trying, to count as stuck.</summary>
    public TimeSpan StuckAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The folder, for people.</summary>
    public string Folder => Path.GetFullPath(Sqlite.Data);

    /// <summary>Reads settings from where a server would. What has a fault has its default instead.</summary>
    public static Examined Read(HostSetup setup, TimeSpan stuckAfter)
    {
        var services = new ServiceCollection();
        try
        {
            var configuration = new ConfigurationManager();
            GrapnelHost.ConfigureSettings(configuration, setup);
            var settings = new SettingsReader(configuration);
            services.AddGrapnelOptions(settings);
            return new Examined(services.BuildServiceProvider(), settings.FindFaults()) { StuckAfter = stuckAfter };
        }
        catch (Exception unreadable) when (unreadable is SettingsException or FormatException or InvalidDataException)
        {
            // The file is no JSON, or two variables are one setting: no setting is known then, so those of nobody are looked at.
            services.AddGrapnelOptions(new SettingsReader(new ConfigurationManager()));
            return new Examined(services.BuildServiceProvider(), [unreadable.InnerException?.Message ?? unreadable.Message]) { StuckAfter = stuckAfter };
        }
    }
}
