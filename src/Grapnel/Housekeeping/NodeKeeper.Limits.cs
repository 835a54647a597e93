using Grapnel.Storage;

namespace Grapnel.Housekeeping;

/// <summary>
/// Nodes share the rate limits of applications by the lanes for which they need them. Whoever gets less than its part tells the others, and whoever has
/// more than its part gives it up then and tells it.
/// </summary>
internal sealed partial class NodeKeeper
{
    private IReadOnlyList<LimitDemand> _demands = [];

    /// <summary>Counts what this node needs, and takes its part. With every sweep, and when lanes have come or gone.</summary>
    private async Task ShareLimitsAsync(CancellationToken cancellationToken)
    {
        if (!_store.IsShared)
            return;
        var before = _demands;
        _demands = _dispatcher.CountLimitDemands(_options.Sweep);
        // Once without any, because what it had is to be given back.
        if (_demands.Count + before.Count > 0)
            await ShareAsync(tellsIfShort: true, cancellationToken).ConfigureAwait(false);
    }

    // With what was counted last, and without telling that it is not enough: otherwise every answer would be a reason for others to ask again.
    private Task ShareAgainAsync(CancellationToken cancellationToken) =>
        _demands.Count > 0 ? ShareAsync(tellsIfShort: false, cancellationToken) : Task.CompletedTask;

    private async Task ShareAsync(bool tellsIfShort, CancellationToken cancellationToken)
    {
        var shares = await _store.ShareLimitsAsync(_dispatcher.Node, _demands, cancellationToken).ConfigureAwait(false);
        if (_dispatcher.Share(shares) || (tellsIfShort && shares.Any(share => share.IsShort)))
            _signals.Send(new NodeSignal(SignalKind.LimitsShared));
    }
}
