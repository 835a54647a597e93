using System.Threading.Channels;
using Grapnel.Dispatching;
using Grapnel.Publishing;
using Grapnel.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grapnel.Housekeeping;

/// <summary>
/// Keeps this process a node among nodes: joins, renews its heartbeat, expels the silent. With every heartbeat it has an eye on the clocks. What it
/// does about lanes stands in the other part.
/// </summary>
internal sealed partial class NodeKeeper
{
    private static readonly TimeSpan EarlyBeatMargin = TimeSpan.FromMilliseconds(50);

    private readonly IDeliveryStore _store;
    private readonly ICatalogStore _catalog;
    private readonly Dispatcher _dispatcher;
    private readonly Settler _settler;
    private readonly RouteCache _routes;
    private readonly INodeSignals _signals;
    private readonly WallWatch _wall;
    private readonly ScheduleClock _clock;
    private readonly TimeProvider _time;
    private readonly NodeOptions _options;
    private readonly ILogger<NodeKeeper> _logger;
    private readonly Channel<Id<Node>> _expulsions = Channel.CreateUnbounded<Id<Node>>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SemaphoreSlim _look = new(0);
    private readonly SemaphoreSlim _beat = new(0);
    private readonly SemaphoreSlim _share = new(0);

    private long _beatAt;

    // Joining, and whatever changes which lanes this node has: one after the other.
    private readonly SemaphoreSlim _turn = new(1, 1);

    public NodeKeeper(
        IDeliveryStore store, ICatalogStore catalog, Dispatcher dispatcher, Settler settler, RouteCache routes, INodeSignals signals, WallWatch wall,
        ScheduleClock clock, TimeProvider time, IOptions<NodeOptions> options, ILogger<NodeKeeper> logger)
    {
        _store = store;
        _catalog = catalog;
        _dispatcher = dispatcher;
        _settler = settler;
        _routes = routes;
        _signals = signals;
        _wall = wall;
        _clock = clock;
        _time = time;
        _options = options.Value;
        _logger = logger;
        settler.Expelled += node => _expulsions.Writer.TryWrite(node);
        // Others may find out at once that this node is cut off, and give its lanes to others.
        signals.Lost += () => dispatcher.Renew(0);
        signals.Interrupted += () => _beat.Release();
        dispatcher.LanesWanted += () => _look.Release();
        dispatcher.LaneDrained += () => _look.Release();
        dispatcher.LimitsWanted += () => _look.Release();
        signals.Received += signal =>
        {
            if (signal.Kind == SignalKind.LimitsShared)
                _share.Release();
        };
    }

    /// <summary>Whether the store took a heartbeat within the time after which others would give this node up.</summary>
    public bool IsBeating => _time.GetElapsedTime(Volatile.Read(ref _beatAt)) < _options.ExpelAfter + _options.Heartbeat;

    private bool Dispatches => _options.Roles.HasFlag(NodeRoles.Dispatch);

    /// <summary>What a node calls itself.</summary>
    public static string NameOf(NodeOptions options) => options.Name.Length > 0 ? options.Name : Environment.MachineName;

    /// <summary>Takes note of the limits that applications have, and of the version of routing; of later changes this node hears by itself.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        foreach (var application in await _catalog.ReadLimitedApplicationsAsync(cancellationToken).ConfigureAwait(false))
            _dispatcher.Throttle(application.Id, application.RateLimit);
        if (_store.IsShared)
            await _routes.RefreshAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Joins under a fresh id and takes the lanes that wait for an owner.</summary>
    public Task JoinAsync(CancellationToken cancellationToken) => InTurnAsync(async () =>
    {
        var began = _clock.NowMs;
        var node = await _store.JoinAsync(NameOf(_options), _options.Roles, cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _beatAt, _time.GetTimestamp());
        _settler.Node = node;
        _dispatcher.Start(node);
        Renew(began);
        await TakeLanesAsync(cancellationToken).ConfigureAwait(false);
        await ShareLimitsAsync(cancellationToken).ConfigureAwait(false);
    }, cancellationToken);

    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Periodic.RunAsync(_options.Heartbeat, _time, BeatAsync, e => LogFailed(_logger, e, "The heartbeat"), cancellationToken),
        Periodic.RunAsync(_options.Sweep, _time, SweepAsync, e => LogFailed(_logger, e, "The sweep of lanes"), cancellationToken),
        BeatAgainAsync(cancellationToken),
        BeatEarlyAsync(cancellationToken),
        WhenAskedAsync(_look, LookAsync, "Looking for lanes", cancellationToken),
        WhenAskedAsync(_share, ShareAgainAsync, "Sharing rate limits", cancellationToken),
        RejoinAsync(cancellationToken));

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        // First, because a store that is away ends the beat.
        _wall.Look();
        var began = _clock.NowMs;
        var node = _dispatcher.Node;
        if (!await _store.HeartbeatAsync(node, cancellationToken).ConfigureAwait(false))
            _expulsions.Writer.TryWrite(node);
        else if (_signals.IsConnected)
            Renew(began);
        Volatile.Write(ref _beatAt, _time.GetTimestamp());
        var expelled = await _store.ExpelAsync(_dispatcher.Node, _options.ExpelAfter, cancellationToken).ConfigureAwait(false);
        if (expelled.Count == 0)
            return;
        LogExpelled(_logger, expelled.Count);
        _signals.Send(new NodeSignal(SignalKind.LanesFree));
        _dispatcher.ForgetOwners(endpoint: null);
    }

    // Of a node that was killed, this one may be the next life, and it has seen it silent since it joined. As soon as that is long enough, the lanes are free:
    // no need to wait for the next beat.
    private async Task BeatEarlyAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(_options.ExpelAfter / NodeOptions.GoneDivisor + EarlyBeatMargin, _time, cancellationToken).ConfigureAwait(false);
        _beat.Release();
    }

    private async Task BeatAgainAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _beat.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await BeatAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(_logger, e, "The heartbeat");
            }
        }
    }

    // Others may give this node up once they have seen no heartbeat for so long, and they saw the last one after it began.
    private void Renew(long beganMs) =>
        _dispatcher.Renew(_store.IsShared ? beganMs + (long)_options.ExpelAfter.TotalMilliseconds : long.MaxValue);

    private async Task RejoinAsync(CancellationToken cancellationToken)
    {
        await foreach (var node in _expulsions.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            // The heartbeat and any number of refused batches may all have noticed, some of them late: one new life is enough. A second one would
            // leave what the first has taken without anybody who works on it.
            if (node != _dispatcher.Node)
                continue;
            try
            {
                await JoinAsync(cancellationToken).ConfigureAwait(false);
                LogJoinedAgain(_logger);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(_logger, e, "Joining again");
                await Task.Delay(_options.Heartbeat, _time, cancellationToken).ConfigureAwait(false);
                _expulsions.Writer.TryWrite(node);
            }
        }
    }

    private async Task InTurnAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await work().ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }
}
