using Grapnel.Storage;

namespace Grapnel.Housekeeping;

/// <summary>
/// Lanes come and go: this part takes those that nobody owns, gives idle ones back, hands some over where another node has fewer, looks for what signals
/// may have missed, and clears away what was pending for deleted endpoints.
/// </summary>
internal sealed partial class NodeKeeper
{
    private const int LanesAtOnce = 250;
    private const int DropsAtOnce = 5_000;
    private const int HandedOverAtOnce = 200;
    private const int SweepsBetweenReconciling = 3;

    // Signals come in swarms.
    private static readonly TimeSpan LookPause = TimeSpan.FromMilliseconds(50);

    private int _sweeps;
    private long _yieldsUntilMs;

    /// <summary>Begins to give all lanes back, for good: where nothing is in flight another node goes on at once.</summary>
    public void HandOver()
    {
        if (!_store.IsShared)
            return;
        Volatile.Write(ref _yieldsUntilMs, long.MaxValue);
        _dispatcher.Surrender(int.MaxValue);
        _look.Release();
    }

    private Task SweepAsync(CancellationToken cancellationToken) => InTurnAsync(async () =>
    {
        if (Dispatches)
            await TakeLanesAsync(cancellationToken).ConfigureAwait(false);
        if (_store.IsShared && Dispatches)
            await BalanceAsync(cancellationToken).ConfigureAwait(false);
        await ReleaseAsync(cancellationToken).ConfigureAwait(false);
        await ShareLimitsAsync(cancellationToken).ConfigureAwait(false);
        if (_store.IsShared && (_dispatcher.TakeDoubts() || _sweeps++ % SweepsBetweenReconciling == 0))
            await ReconcileAsync(cancellationToken).ConfigureAwait(false);
        if (Dispatches)
            await DropDeletedAsync(cancellationToken).ConfigureAwait(false);
    }, cancellationToken);

    /// <summary>What a signal asks for is looked at at once; the sweep would come to it, too.</summary>
    private async Task WhenAskedAsync(SemaphoreSlim asked, Func<CancellationToken, Task> work, string name, CancellationToken cancellationToken)
    {
        while (true)
        {
            await asked.WaitAsync(cancellationToken).ConfigureAwait(false);
            while (asked.Wait(0, cancellationToken)) { }
            try
            {
                await InTurnAsync(() => work(cancellationToken), cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(_logger, e, name);
            }
            await Task.Delay(LookPause, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        await ReleaseAsync(cancellationToken).ConfigureAwait(false);
        await TakeLanesAsync(cancellationToken).ConfigureAwait(false);
        await ShareLimitsAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task TakeLanesAsync(CancellationToken cancellationToken)
    {
        // What this node hands over is for the others, who take it within a moment; if they do not, it is looked after again.
        if (!Dispatches || _clock.NowMs < Volatile.Read(ref _yieldsUntilMs))
            return;
        IReadOnlyList<Id<Endpoint>> taken;
        do
        {
            taken = await _store.TakeLanesAsync(_dispatcher.Node, LanesAtOnce, cancellationToken).ConfigureAwait(false);
            if (taken.Count > 0)
                _dispatcher.Own(await _catalog.ReadEndpointsAsync(taken, cancellationToken).ConfigureAwait(false));
        }
        while (taken.Count == LanesAtOnce);
        _dispatcher.LanesTaken();
    }

    private async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        var (idle, handedOver) = (_dispatcher.TakeIdle(), _dispatcher.TakeDrained(_options.Sweep));
        if (idle.Count + handedOver.Count == 0)
            return;
        await _settler.ReleaseAsync([.. idle, .. handedOver]).ConfigureAwait(false);
        _dispatcher.Released([.. idle, .. handedOver]);
        foreach (var lane in idle)
            _signals.Send(new NodeSignal(SignalKind.LaneReleased, lane));
        if (handedOver.Count > 0)
        {
            if (Volatile.Read(ref _yieldsUntilMs) < long.MaxValue)
                _yieldsUntilMs = _clock.NowMs + (long)_options.Sweep.TotalMilliseconds;
            _signals.Send(new NodeSignal(SignalKind.LanesFree));
        }
    }

    /// <summary>Where this node has clearly more lanes than its share, it hands some over to those that have fewer.</summary>
    private async Task BalanceAsync(CancellationToken cancellationToken)
    {
        var nodes = (await _store.ReadNodesAsync(cancellationToken).ConfigureAwait(false)).Where(node => node.Roles.HasFlag(NodeRoles.Dispatch)).ToList();
        if (nodes.Count < 2 || nodes.Find(node => node.Id == _dispatcher.Node) is not { } self)
            return;
        var share = (nodes.Sum(node => node.Lanes.Count) + nodes.Count - 1) / nodes.Count;
        var surplus = self.Lanes.Count - share;
        if (surplus > share / 10)
            _dispatcher.Surrender(Math.Min(surplus, HandedOverAtOnce));
    }

    private async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        var pending = await _store.ReadOwnedAsync(_dispatcher.Node, cancellationToken).ConfigureAwait(false);
        if (_dispatcher.Reconcile(pending) is { Count: > 0 } missing)
            _dispatcher.Own(await _catalog.ReadEndpointsAsync(missing, cancellationToken).ConfigureAwait(false));
    }

    private async Task DropDeletedAsync(CancellationToken cancellationToken)
    {
        foreach (var endpoint in await _catalog.FindDeletedLanesAsync(LanesAtOnce, cancellationToken).ConfigureAwait(false))
            while (await _store.DropLaneAsync(endpoint, DropsAtOnce, cancellationToken).ConfigureAwait(false) > 0)
                cancellationToken.ThrowIfCancellationRequested();
    }
}
