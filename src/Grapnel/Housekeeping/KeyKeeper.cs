using Grapnel.Registry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Grapnel.Housekeeping;

/// <summary>Writes down which API keys were used, all at once, every half minute and at the end; forgets revocations of tokens whose time is over.</summary>
internal sealed partial class KeyKeeper(ApiKeyRegistry keys, TokenRevocations revocations, TimeProvider time, ILogger<KeyKeeper> logger) : BackgroundService
{
    /// <summary>How often uses are written down.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan DropPeriod = TimeSpan.FromHours(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        Periodic.RunAsync(Period, time, keys.WriteUsesAsync, e => LogFailed(logger, e), stoppingToken),
        Periodic.RunAsync(DropPeriod, time, revocations.DropAsync, e => LogFailed(logger, e), stoppingToken));

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await keys.WriteUsesAsync(cancellationToken);
        }
        catch (Exception e)
        {
            LogFailed(logger, e);
        }
    }
}
