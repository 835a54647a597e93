using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Grapnel.Dispatching;
using Grapnel.Sending;

namespace Grapnel;

/// <summary>What the engine tells to <see cref="System.Diagnostics.Metrics"/>, under the meter <c>Grapnel</c>. docs/operations.md lists the instruments.</summary>
internal sealed partial class GrapnelMetrics : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Grapnel";

    private static readonly KeyValuePair<string, object?>[] OutcomeTags =
        [.. Enumerable.Range(0, 32).Select(n => new KeyValuePair<string, object?>("outcome", ((SendOutcome)n).ToString()))];

    private static readonly InstrumentAdvice<double> AttemptTimes =
        new() { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60] };

    // From the hundredth of a second that it takes when all goes well to the three days of the retry schedule.
    private static readonly InstrumentAdvice<double> Latencies =
        new() { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 21600, 86400, 259200] };

    private readonly Meter _meter;
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _attemptDuration;
    private readonly Histogram<double> _latency;
    private readonly ConcurrentDictionary<string, Func<(long Hits, long Misses)>> _caches = new();
    private long _totalAccepted;
    private long _totalDelivered;
    private long _totalFailed;

    /// <summary>Creates the instruments.</summary>
    public GrapnelMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _accepted = _meter.CreateCounter<long>("grapnel.messages.accepted", "{message}", "Messages accepted durably.");
        _attempts = _meter.CreateCounter<long>("grapnel.attempts", "{attempt}", "Attempts by outcome.");
        _attemptDuration = _meter.CreateHistogram<double>("grapnel.attempt.duration", "s", "Time of one exchange.", advice: AttemptTimes);
        _latency = _meter.CreateHistogram<double>("grapnel.delivery.latency", "s", "From acceptance of the message to its 2xx.", advice: Latencies);
        _commitSize = _meter.CreateHistogram("grapnel.store.commit.size", "{item}", "Messages, or outcomes, that shared one commit.", advice: CommitSizes);
        _commitTime = _meter.CreateHistogram("grapnel.store.commit.duration", "s", "Time of one commit.", advice: CommitTimes);
        // Told from the start, so that there is a 0 to grow from.
        _meter.CreateObservableCounter("grapnel.store.failures", CountRefused, "{commit}", "Commits that the store did not take.");
        _meter.CreateObservableCounter("grapnel.cache.requests", CountCaches, "{request}", "What was asked of the caches of the catalog, and whether they had it.");
    }

    /// <summary>What was counted since the process began, for the live rates.</summary>
    public LiveTotals Totals => new(
        Interlocked.Read(ref _totalAccepted), Interlocked.Read(ref _totalDelivered), Interlocked.Read(ref _totalFailed));

    public void Accepted(int count)
    {
        _accepted.Add(count);
        Interlocked.Add(ref _totalAccepted, count);
    }

    public void Attempted(SendOutcome outcome, TimeSpan duration)
    {
        Interlocked.Increment(ref outcome == SendOutcome.Success ? ref _totalDelivered : ref _totalFailed);
        _attempts.Add(1, OutcomeTags[(int)outcome]);
        _attemptDuration.Record(duration.TotalSeconds);
    }

    public void Delivered(TimeSpan latency) => _latency.Record(Math.Max(0, latency.TotalSeconds));

    /// <summary>Publishes what the dispatcher can count about itself.</summary>
    public void Observe(Func<(int InFlight, IReadOnlyDictionary<LaneState, int> Lanes)> count)
    {
        _meter.CreateObservableGauge("grapnel.attempts.in_flight", () => count().InFlight, "{attempt}", "Attempts in flight.");
        _meter.CreateObservableGauge("grapnel.lanes", () => count().Lanes.Select(lane =>
            new Measurement<int>(lane.Value, new KeyValuePair<string, object?>("state", lane.Key.ToString()))), "{lane}", "Lanes of this node by state.");
    }

    /// <summary>Publishes how often a cache had what was asked for.</summary>
    public void Observe(string cache, Func<(long Hits, long Misses)> count) => _caches[cache] = count;

    private IEnumerable<Measurement<long>> CountCaches()
    {
        foreach (var (cache, count) in _caches)
        {
            var (hits, misses) = count();
            yield return new(hits, new("cache", cache), new("hit", true));
            yield return new(misses, new("cache", cache), new("hit", false));
        }
    }

    /// <summary>Publishes the backlog as last read from the store.</summary>
    public void Observe(Func<(long Pending, double OldestSeconds)> backlog)
    {
        _meter.CreateObservableGauge("grapnel.deliveries.pending", () => backlog().Pending, "{delivery}", "Deliveries still to be done.");
        _meter.CreateObservableGauge("grapnel.deliveries.oldest_pending_age", () => backlog().OldestSeconds, "s", "Age of the oldest pending delivery.");
    }

    public void Dispose() => _meter.Dispose();
}

/// <summary>Numbers that only grow, of one process.</summary>
/// <param name="Accepted">Messages accepted.</param>
/// <param name="Delivered">Attempts that succeeded.</param>
/// <param name="Failed">Attempts that failed.</param>
internal readonly record struct LiveTotals(long Accepted, long Delivered, long Failed);
