using Grapnel.Dispatching;
using Grapnel.Storage;
using Microsoft.Extensions.Options;

namespace Grapnel.Reporting;

/// <summary>
/// The figures that people look at all day. Everybody who looks at the same within a moment shares one read of the store: fifty open consoles
/// cost as much as one. What comes from the store is of all nodes; rates are of this node (<see cref="LiveRates"/>).
/// </summary>
internal sealed class Statistics(
    IStatisticsStore store, IHistoryStore history, ICatalogStore catalog, Lanes lanes, LiveRates rates, TimeProvider time, IOptions<DeliveryOptions> options)
{
    /// <summary>How long a count that is cheap to read is good for.</summary>
    public static readonly TimeSpan LivePeriod = TimeSpan.FromMilliseconds(250);

    /// <summary>How long anything else is good for.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FailingFor = TimeSpan.FromMinutes(1);

    private readonly TroubleRule _rule = new(options.Value.BreakerThreshold, FailingFor);
    private readonly Shared<bool, long> _pending = new(LivePeriod, time);
    private readonly Shared<bool, Backlog> _backlog = new(Period, time);
    private readonly Shared<bool, EndpointCounts> _counts = new(Period, time);
    private readonly Shared<(StatisticsRange, string Scopes), Series> _series = new(Period, time);
    private readonly Shared<(StatisticsRange, string Endpoints), IReadOnlyList<EndpointFigures>> _endpoints = new(Period, time);
    private readonly Shared<(Id<Application>?, int Limit), IReadOnlyList<EndpointTrouble>> _troubles = new(Period, time);

    /// <summary>How the installation is doing just now. May be asked as often as one likes.</summary>
    public async Task<LiveFigures> ReadLiveAsync(CancellationToken cancellationToken)
    {
        var pending = _pending.GetAsync(true, () => store.CountPendingAsync(CancellationToken.None), cancellationToken);
        var backlog = _backlog.GetAsync(true, () => history.ReadBacklogAsync(CancellationToken.None), cancellationToken);
        var counts = _counts.GetAsync(true, () => store.CountEndpointsAsync(_rule, CancellationToken.None), cancellationToken);
        var lastHour = await ReadSeriesAsync(StatisticsRange.Hour, cancellationToken).ConfigureAwait(false);
        var count = await pending.ConfigureAwait(false);
        var oldest = (await backlog.ConfigureAwait(false)).OldestAcceptedAt;
        return new LiveFigures(
            time.GetUtcNow(), rates.Now, lastHour, count, count == 0 ? null : oldest, await counts.ConfigureAwait(false));
    }

    /// <summary>What happened in the whole installation.</summary>
    public Task<Series> ReadSeriesAsync(StatisticsRange range, CancellationToken cancellationToken) =>
        ReadSeriesAsync(range, [RollupScope.Installation], cancellationToken);

    /// <summary>What happened in some applications, added up.</summary>
    public Task<Series> ReadSeriesAsync(
        StatisticsRange range, IReadOnlyCollection<Id<Application>> applications, CancellationToken cancellationToken) =>
        ReadSeriesAsync(range, [.. applications.Distinct().Select(RollupScope.Of)], cancellationToken);

    /// <summary>What happened at one endpoint.</summary>
    public Task<Series> ReadSeriesAsync(StatisticsRange range, Id<Endpoint> endpoint, CancellationToken cancellationToken) =>
        ReadSeriesAsync(range, [RollupScope.Of(endpoint)], cancellationToken);

    /// <summary>How the endpoints of one page of a list are doing, in their order: one read for all of them.</summary>
    public Task<IReadOnlyList<EndpointFigures>> ReadEndpointsAsync(
        StatisticsRange range, IReadOnlyList<Endpoint> endpoints, CancellationToken cancellationToken)
    {
        // Enabled or not is part of the question: whoever just pressed the button sees the answer to it.
        var key = string.Join(' ', endpoints.Select(endpoint => $"{endpoint.Id.Value:x}{(endpoint.Enabled ? '+' : '-')}"));
        return _endpoints.GetAsync((range, key), () => ReadEndpointsAsync(range, endpoints), cancellationToken);
    }

    /// <summary>
    /// Endpoints in trouble, in the whole installation or in one application. First those that fail, for a minute or for as many times in a row
    /// as opens the breaker, the longest first; then those that the engine disabled, the latest first, for which a quarter of the places is kept.
    /// </summary>
    public Task<IReadOnlyList<EndpointTrouble>> ReadTroublesAsync(
        Id<Application>? application, int limit, CancellationToken cancellationToken) =>
        _troubles.GetAsync((application, limit), () => ReadTroublesAsync(application, limit), cancellationToken);

    /// <summary>Forgets what is known of the condition of endpoints: whoever just changed one sees what came of it.</summary>
    public void Renew()
    {
        _counts.Clear();
        _endpoints.Clear();
        _troubles.Clear();
    }

    private Task<Series> ReadSeriesAsync(StatisticsRange range, IReadOnlyList<RollupScope> scopes, CancellationToken cancellationToken) =>
        _series.GetAsync((range, string.Join(' ', scopes.Select(scope => scope.Value))), async () =>
        {
            var spans = Spans.ForChart(range, time.GetUtcNow());
            return Series.Of(spans, await store.SumAsync(scopes, spans.Since, spans.Until, spans.Width, CancellationToken.None).ConfigureAwait(false));
        }, cancellationToken);

    private async Task<IReadOnlyList<EndpointFigures>> ReadEndpointsAsync(StatisticsRange range, IReadOnlyList<Endpoint> endpoints)
    {
        var now = time.GetUtcNow();
        var spans = Spans.ForLine(range, now);
        var sums = await store.SumAsync(
            [.. endpoints.Select(endpoint => RollupScope.Of(endpoint.Id))], spans.Since, spans.Until, spans.Width, CancellationToken.None).ConfigureAwait(false);
        var stored = await store.ReadLanesAsync([.. endpoints.Select(endpoint => endpoint.Id)], CancellationToken.None).ConfigureAwait(false);
        return [.. endpoints.Select((endpoint, i) => new EndpointFigures(
            endpoint.Id, _rule.Judge(endpoint.Enabled, stored[i].Health, now), Series.Of(spans, [sums[i]]), lanes.View(stored[i])))];
    }

    private async Task<IReadOnlyList<EndpointTrouble>> ReadTroublesAsync(Id<Application>? application, int limit)
    {
        var troubled = await store.ReadTroubledAsync(_rule, application, limit, CancellationToken.None).ConfigureAwait(false);
        var endpoints = (await catalog.ReadEndpointsAsync([.. troubled.Select(one => one.Lane.EndpointId)], CancellationToken.None).ConfigureAwait(false))
            .ToDictionary(endpoint => endpoint.Id);
        return [.. troubled.Where(one => endpoints.ContainsKey(one.Lane.EndpointId))
            .Select(one => new EndpointTrouble(endpoints[one.Lane.EndpointId], lanes.View(one.Lane), one.LastAttempt))];
    }
}
