using Grapnel.Housekeeping;

namespace Grapnel.Reporting;

/// <summary>
/// How fast this node accepts and delivers just now: every <see cref="Tick"/> it looks at counters that only grow. Of this node alone: where
/// there are several, each knows its own rates, unlike the figures from roll-ups, which are of all of them.
/// </summary>
internal sealed class LiveRates(GrapnelMetrics metrics, TimeProvider time)
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromSeconds(2);

    /// <summary>Points of the history: two minutes.</summary>
    public const int Points = 60;

    // Over ten seconds a rate is steady enough to be read.
    private const int Window = 5;

    private readonly Queue<Sample> _samples = new([new Sample(time.GetTimestamp(), metrics.Totals)]);
    private volatile Rates _now = new(default, []);

    /// <summary>The rates as of the last look. Costs nothing, and never waits.</summary>
    public Rates Now => _now;

    /// <summary>Looks again and again until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Periodic.RunAsync(Tick, time, _ => Look(), _ => { }, cancellationToken);

    private Task Look()
    {
        _samples.Enqueue(new Sample(time.GetTimestamp(), metrics.Totals));
        if (_samples.Count > Points + 1)
            _samples.Dequeue();
        var samples = _samples.ToArray();
        _now = new Rates(
            Between(samples[Math.Max(0, samples.Length - 1 - Window)], samples[^1]),
            [.. samples.Zip(samples.Skip(1), Between)]);
        return Task.CompletedTask;
    }

    private RatePoint Between(Sample from, Sample to)
    {
        var seconds = time.GetElapsedTime(from.At, to.At).TotalSeconds;
        double PerSecond(long before, long after) => seconds > 0 ? (after - before) / seconds : 0;
        return new RatePoint(
            PerSecond(from.Totals.Accepted, to.Totals.Accepted), PerSecond(from.Totals.Delivered, to.Totals.Delivered),
            PerSecond(from.Totals.Failed, to.Totals.Failed));
    }

    private readonly record struct Sample(long At, LiveTotals Totals);
}

/// <summary>How fast a node works.</summary>
/// <param name="Now">On average over the last 10 s.</param>
/// <param name="History">One point for every 2 s of the last two minutes, the oldest first; fewer right after the start.</param>
public sealed record Rates(RatePoint Now, IReadOnlyList<RatePoint> History);

/// <summary>Rates, per second.</summary>
/// <param name="Accepted">Messages accepted.</param>
/// <param name="Delivered">Attempts that succeeded.</param>
/// <param name="Failed">Attempts that failed.</param>
public readonly record struct RatePoint(double Accepted, double Delivered, double Failed);
