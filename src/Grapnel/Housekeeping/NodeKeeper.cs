using Grapnel.Dispatching;
using Grapnel.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grapnel.Housekeeping;

/// <summary>
/// Keeps this process a node among nodes: joins, renews its heartbeat, expels the silent, takes lanes that nobody owns, gives idle ones
/// back, and clears away what was pending for deleted endpoints. With every heartbeat it has an eye on the clocks.
/// </summary>
internal sealed partial class NodeKeeper
{
    private const int LanesAtOnce = 1_000;
    private const int DropsAtOnce = 5_000;

    private readonly IDeliveryStore _store;
    private readonly ICatalogStore _catalog;
    private readonly Dispatcher _dispatcher;
    private readonly Settler _settler;
    private readonly WallWatch _wall;
    private readonly TimeProvider _time;
    private readonly NodeOptions _options;
    private readonly ILogger<NodeKeeper> _logger;
    private readonly SemaphoreSlim _rejoin = new(0);

    public NodeKeeper(
        IDeliveryStore store, ICatalogStore catalog, Dispatcher dispatcher, Settler settler, WallWatch wall, TimeProvider time,
        IOptions<NodeOptions> options, ILogger<NodeKeeper> logger)
    {
        _store = store;
        _catalog = catalog;
        _dispatcher = dispatcher;
        _settler = settler;
        _wall = wall;
        _time = time;
        _options = options.Value;
        _logger = logger;
        settler.Expelled += () => _rejoin.Release();
    }

    /// <summary>Takes note of the limits that applications have; of later changes the dispatcher hears by itself.</summary>
    public async Task LoadLimitsAsync(CancellationToken cancellationToken)
    {
        foreach (var application in await _catalog.ReadLimitedApplicationsAsync(cancellationToken).ConfigureAwait(false))
            _dispatcher.Throttle(application.Id, application.RateLimit);
    }

    /// <summary>Joins under a fresh id and takes the lanes that wait for an owner.</summary>
    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        var node = await _store.JoinAsync(Environment.MachineName, NodeRoles.All, cancellationToken).ConfigureAwait(false);
        _settler.Node = node;
        _dispatcher.Start(node);
        await TakeLanesAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Periodic.RunAsync(_options.Heartbeat, _time, BeatAsync, e => LogFailed(_logger, e, "The heartbeat"), cancellationToken),
        Periodic.RunAsync(_options.Sweep, _time, SweepAsync, e => LogFailed(_logger, e, "The sweep of lanes"), cancellationToken),
        RejoinAsync(cancellationToken));

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        // First, because a store that is away ends the beat.
        _wall.Look();
        if (!await _store.HeartbeatAsync(_dispatcher.Node, cancellationToken).ConfigureAwait(false))
            _rejoin.Release();
        var expelled = await _store.ExpelAsync(_dispatcher.Node, _options.ExpelAfter, cancellationToken).ConfigureAwait(false);
        if (expelled > 0)
            LogExpelled(_logger, expelled);
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        await TakeLanesAsync(cancellationToken).ConfigureAwait(false);
        await ReleaseIdleAsync(cancellationToken).ConfigureAwait(false);
        await DropDeletedAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task TakeLanesAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<Id<Endpoint>> taken;
        do
        {
            taken = await _store.TakeLanesAsync(_dispatcher.Node, LanesAtOnce, cancellationToken).ConfigureAwait(false);
            if (taken.Count > 0)
                _dispatcher.Own(await _catalog.ReadEndpointsAsync(taken, cancellationToken).ConfigureAwait(false));
        }
        while (taken.Count == LanesAtOnce);
    }

    private async Task ReleaseIdleAsync(CancellationToken cancellationToken)
    {
        var idle = _dispatcher.TakeIdle();
        if (idle.Count == 0)
            return;
        await _settler.ReleaseAsync(idle).ConfigureAwait(false);
        if (_dispatcher.Released(idle))
            await TakeLanesAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task DropDeletedAsync(CancellationToken cancellationToken)
    {
        foreach (var endpoint in await _catalog.FindDeletedLanesAsync(LanesAtOnce, cancellationToken).ConfigureAwait(false))
            while (await _store.DropLaneAsync(endpoint, DropsAtOnce, cancellationToken).ConfigureAwait(false) > 0)
                cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task RejoinAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _rejoin.WaitAsync(cancellationToken).ConfigureAwait(false);
            // The heartbeat and any number of refused batches may all have noticed: one new life is enough.
            while (_rejoin.Wait(0, cancellationToken)) { }
            try
            {
                await JoinAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(_logger, e, "Joining again");
                await Task.Delay(_options.Heartbeat, _time, cancellationToken).ConfigureAwait(false);
                _rejoin.Release();
            }
        }
    }
}
