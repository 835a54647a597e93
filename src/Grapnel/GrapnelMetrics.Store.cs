using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grapnel.Housekeeping;

namespace Grapnel;

/// <summary>What there is to see of the two group commits, and of what they stand on.</summary>
internal sealed partial class GrapnelMetrics
{
    private static readonly InstrumentAdvice<double> CommitTimes =
        new() { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] };

    private static readonly InstrumentAdvice<int> CommitSizes = new() { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] };

    private static readonly KeyValuePair<string, object?> Accepting = new("operation", "accept");
    private static readonly KeyValuePair<string, object?> Settling = new("operation", "settle");

    private readonly Histogram<int> _commitSize;
    private readonly Histogram<double> _commitTime;
    private long _refusedMessages;
    private long _refusedOutcomes;

    /// <summary>The moment at which a commit begins: by the machine's own clock, whatever the engine is told of time.</summary>
    public static long Moment() => Stopwatch.GetTimestamp();

    /// <summary>A batch of messages was stored.</summary>
    public void StoredMessages(int count, long since) => Stored(Accepting, count, since);

    /// <summary>A batch of outcomes was stored.</summary>
    public void StoredOutcomes(int count, long since) => Stored(Settling, count, since);

    /// <summary>The store took no messages.</summary>
    public void RefusedMessages() => Interlocked.Increment(ref _refusedMessages);

    /// <summary>The store took no outcomes.</summary>
    public void RefusedOutcomes() => Interlocked.Increment(ref _refusedOutcomes);

    private IEnumerable<Measurement<long>> CountRefused() => [new(Interlocked.Read(ref _refusedMessages), Accepting), new(Interlocked.Read(ref _refusedOutcomes), Settling)];

    private void Stored(KeyValuePair<string, object?> operation, int count, long since)
    {
        _commitSize.Record(count, operation);
        _commitTime.Record(Stopwatch.GetElapsedTime(since).TotalSeconds, operation);
    }

    /// <summary>Publishes how many messages wait for their commit.</summary>
    public void ObserveWaiting(Func<int> count) =>
        _meter.CreateObservableGauge("grapnel.messages.waiting", count, "{message}", "Messages that wait for their commit.");

    /// <summary>Publishes what the watch over this node saw last.</summary>
    public void Observe(Func<HealthReport> report)
    {
        _meter.CreateObservableGauge("grapnel.available", () => Availability(report()), "{part}", "Whether a part can do its work, 1, or cannot, 0.");
        _meter.CreateObservableGauge("grapnel.nodes", () => report().Nodes, "{node}", "Nodes that the store knows of.");
        _meter.CreateObservableGauge(
            "grapnel.disk.free", () => report().Disk is { } disk ? [new Measurement<long>(disk.FreeBytes)] : (IEnumerable<Measurement<long>>)[], "By",
            "Bytes that are free on the disk of the data folder.");
    }

    /// <summary>Publishes how many alerts of each kind are on.</summary>
    public void ObserveAlerts(Func<IEnumerable<(string Kind, int Count)>> count) => _meter.CreateObservableGauge(
        "grapnel.alerts", () => count().Select(alerts => new Measurement<int>(alerts.Count, new KeyValuePair<string, object?>("kind", alerts.Kind))), "{alert}", "Alerts that are on.");

    private static IEnumerable<Measurement<int>> Availability(HealthReport report)
    {
        static Measurement<int> Part(string name, bool works) => new(works ? 1 : 0, new KeyValuePair<string, object?>("part", name));
        yield return Part("store", report.Store);
        yield return Part("deliveries", report.Deliveries);
        if (report.Queue is { } queue)
            yield return Part("queue", queue);
    }
}
