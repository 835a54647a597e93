using Grapnel.Alerting;
using Grapnel.Auditing;
using Grapnel.Dispatching;
using Grapnel.History;
using Grapnel.Housekeeping;
using Grapnel.Publishing;
using Grapnel.Registry;
using Grapnel.Reporting;
using Grapnel.Sending;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grapnel;

/// <summary>Starts the parts of the engine in order and stops them in the opposite one.</summary>
internal sealed partial class Engine(
    NodeKeeper nodes, Dispatcher dispatcher, Acceptor acceptor, Settler settler, Storage.IDeliveryStore store, ScheduleRunner schedules,
    OperationalEvents operationalEvents, Retention retention, TaskRunner tasks, LiveRates rates, NodeBridge bridge, IOptions<NodeOptions> node,
    ILogger<Engine> logger, IHostApplicationLifetime? lifetime = null) : IHostedService
{
    private readonly CancellationTokenSource _stopping = new();
    private Task _housekeeping = Task.CompletedTask;

    /// <summary>Whether deliveries are being made.</summary>
    public bool IsRunning { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await nodes.LoadAsync(cancellationToken).ConfigureAwait(false);
        await nodes.JoinAsync(cancellationToken).ConfigureAwait(false);
        _housekeeping = Task.WhenAll(
            nodes.RunAsync(_stopping.Token), operationalEvents.RunAsync(_stopping.Token), rates.RunAsync(_stopping.Token),
            store.IsShared ? bridge.RunAsync(_stopping.Token) : Task.CompletedTask,
            node.Value.Roles.HasFlag(Storage.NodeRoles.Dispatch)
                ? Task.WhenAll(schedules.RunAsync(_stopping.Token), retention.RunAsync(_stopping.Token), tasks.RunAsync(_stopping.Token))
                : Task.CompletedTask);
        IsRunning = true;
        _ = WatchAsync();
    }

    /// <summary>
    /// A loop that ends before it is told to has met a fault of our own. Without it messages would wait for ever: better to end, and be
    /// started again on what is durable.
    /// </summary>
    private async Task WatchAsync()
    {
        var ended = await Task.WhenAny(acceptor.Completion, settler.Completion, _housekeeping).ConfigureAwait(false);
        if (!ended.IsFaulted)
            return;
        IsRunning = false;
        LogBroken(logger, ended.Exception);
        lifetime?.StopApplication();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        IsRunning = false;
        // 1. Nothing new is accepted; what waits for its commit gets it, and stays pending for the next owner.
        await acceptor.DisposeAsync().ConfigureAwait(false);
        // 2. Attempts in flight finish within the grace, their outcomes are settled; lanes without any go to other nodes meanwhile.
        nodes.HandOver();
        await dispatcher.StopAsync().ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _housekeeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await settler.DisposeAsync().ConfigureAwait(false);
        // 3. The lanes are free at once: nobody has to wait for a heartbeat to grow old.
        try
        {
            await store.LeaveAsync(dispatcher.Node, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            LogLeaveFailed(logger, e);
        }
    }

    [LoggerMessage(EventId = 2, Level = LogLevel.Critical, Message = "A loop of the engine ended; the process stops, and nothing that was accepted is lost")]
    private static partial void LogBroken(ILogger logger, Exception? exception);

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "This node could not sign off; its lanes are free once its heartbeat has grown old")]
    private static partial void LogLeaveFailed(ILogger logger, Exception exception);
}

/// <summary>Registers the engine.</summary>
public static class EngineServices
{
    /// <summary>
    /// Adds the engine. The caller adds a store (the interfaces of <see cref="Storage"/>), options and logging;
    /// <see cref="TimeProvider"/> and <see cref="Random"/> where they should not be the system's.
    /// </summary>
    public static IServiceCollection AddGrapnelEngine(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Storage.INodeSignals, Storage.NoSignals>();
        services.TryAddSingleton<IAlertMail, NoAlertMail>();
#pragma warning disable RS0030 // The one place where the process's own randomness enters.
        services.TryAddSingleton(Random.Shared);
#pragma warning restore RS0030
        return services
            .AddSingleton<IdGenerator>().AddSingleton<CatalogEvents>().AddSingleton<GrapnelMetrics>().AddSingleton<ScheduleClock>()
            // The first to start and the last to stop: what the others record while they stop is written, too.
            .AddSingleton<AuditLog>().AddHostedService(s => s.GetRequiredService<AuditLog>())
            .AddSending()
            .AddSingleton<ApplicationRegistry>().AddSingleton<EventTypeRegistry>().AddSingleton<EndpointCheck>().AddSingleton<EndpointPing>().AddSingleton<EndpointRegistry>()
            .AddSingleton<EndpointSecrets>().AddSingleton<ScheduleRegistry>()
            .AddSingleton<ApiKeyRegistry>().AddSingleton<TokenRevocations>().AddHostedService<KeyKeeper>()
            .AddSingleton<RouteCache>().AddSingleton<EventTypeCache>().AddSingleton<Acceptor>().AddSingleton<Publisher>()
            .AddSingleton<Settler>().AddSingleton<Dispatcher>().AddSingleton<Waits>().AddSingleton<Deliveries>().AddSingleton<Lanes>()
            .AddSingleton<ChangeSignal>().AddSingleton<MessageList>().AddSingleton<MessageDetails>().AddSingleton<Finder>().AddSingleton<Losses>()
            .AddSingleton<WallWatch>().AddSingleton<NodeKeeper>().AddSingleton<NodeBridge>().AddSingleton<OperationalPublisher>().AddSingleton<OperationalEvents>().AddSingleton<Retention>()
            .AddSingleton<ReplayWork>().AddSingleton<ITaskWork>(s => s.GetRequiredService<ReplayWork>())
            .AddSingleton<BroadcastWork>().AddSingleton<ITaskWork>(s => s.GetRequiredService<BroadcastWork>())
            .AddSingleton<EraseWork>().AddSingleton<ITaskWork>(s => s.GetRequiredService<EraseWork>()).AddSingleton<Erasures>()
            .AddSingleton<TaskRunner>().AddSingleton<BackgroundTasks>()
            .AddSingleton<LiveRates>().AddSingleton<Statistics>()
            .AddSingleton(CreateScheduleRunner)
            .AddSingleton<Engine>().AddHostedService(s => s.GetRequiredService<Engine>())
            .AddSingleton<NodeHealth>().AddHostedService(s => s.GetRequiredService<NodeHealth>())
            .AddSingleton<AlertConditions>().AddHostedService<Alerts>();
    }

    private static ScheduleRunner CreateScheduleRunner(IServiceProvider services)
    {
        var publisher = services.GetRequiredService<Publisher>();
        return new ScheduleRunner(
            services.GetRequiredService<Storage.ICatalogStore>(), services.GetRequiredService<CatalogEvents>(),
            (schedule, occurrence, cancellationToken) => ScheduledPublish.RunAsync(publisher, schedule, occurrence, cancellationToken),
            services.GetRequiredService<TimeProvider>(), services.GetRequiredService<Random>(), services.GetRequiredService<ILogger<ScheduleRunner>>());
    }
}
