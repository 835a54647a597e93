using Grapnel.Dispatching;
using Grapnel.Storage;

namespace Grapnel.Reporting;

/// <summary>What happened in a span of time.</summary>
/// <param name="Accepted">Messages accepted; 0 for a single endpoint.</param>
/// <param name="Delivered">Deliveries made.</param>
/// <param name="Retried">Attempts that failed and whose deliveries are tried again.</param>
/// <param name="Failed">Deliveries that were given up: exhausted, or their endpoint answered 410 Gone.</param>
/// <param name="FailedAttempts">All attempts that failed, manual ones included.</param>
/// <param name="Latency">How long attempts took, or null when there were none.</param>
public sealed record Figures(long Accepted, long Delivered, long Retried, long Failed, long FailedAttempts, Latency? Latency)
{
    /// <summary>Nothing happened.</summary>
    public static Figures None { get; } = new(0, 0, 0, 0, 0, null);

    /// <summary>The part of all attempts that succeeded, 0 to 1; null when there were none.</summary>
    public double? SuccessRate => Delivered + FailedAttempts == 0 ? null : (double)Delivered / (Delivered + FailedAttempts);

    /// <summary>Makes figures of a sum.</summary>
    internal static Figures Of(RollupSum sum) =>
        new(sum.Accepted, sum.Succeeded, sum.Retried, sum.GivenUp, sum.Failed, Latency.Of(sum));
}

/// <summary>Durations of attempts, in milliseconds. Estimates, off by less than a quarter; see <see cref="DurationHistogram.Percentile"/>.</summary>
/// <param name="P50">Half of the attempts took no longer.</param>
/// <param name="P95">19 of 20 took no longer.</param>
/// <param name="P99">99 of 100 took no longer.</param>
/// <param name="Max">The longest; exact.</param>
public sealed record Latency(int P50, int P95, int P99, int Max)
{
    /// <summary>The percentiles of a sum; null when it has no histogram, because nothing happened or because it is older than histograms are.</summary>
    internal static Latency? Of(RollupSum sum) => sum.Durations.Percentile(50, sum.MaxDurationMs) is { } p50
        ? new Latency(p50, At(sum, 95), At(sum, 99), sum.MaxDurationMs)
        : null;

    private static int At(RollupSum sum, double percent) => sum.Durations.Percentile(percent, sum.MaxDurationMs)!.Value;
}

/// <summary>Figures over time.</summary>
/// <param name="Width">How long each span lasts.</param>
/// <param name="Points">All spans, the oldest first, those without anything included; the last one is still going on.</param>
/// <param name="Total">Of all spans together; its percentiles are of all attempts.</param>
public sealed record Series(TimeSpan Width, IReadOnlyList<SeriesPoint> Points, Figures Total)
{
    /// <summary>Makes a series of what a store answered for one scope or, added up, for several.</summary>
    internal static Series Of(in Spans spans, IEnumerable<IReadOnlyList<RollupSpan>> scopes)
    {
        var (total, sums) = (new RollupSum(), new Dictionary<DateTimeOffset, RollupSum>());
        foreach (var span in scopes.SelectMany(scope => scope))
        {
            total.Add(span.Sum);
            if (!sums.TryAdd(span.Start, span.Sum))
                sums[span.Start].Add(span.Sum);
        }
        var points = new SeriesPoint[spans.Count];
        for (var i = 0; i < points.Length; i++)
        {
            var start = spans.Since + i * spans.Width;
            points[i] = new SeriesPoint(start, sums.TryGetValue(start, out var sum) ? Figures.Of(sum) : Figures.None);
        }
        return new Series(spans.Width, points, Figures.Of(total));
    }
}

/// <summary>One span of a series.</summary>
/// <param name="Start">When it begins.</param>
/// <param name="Figures">What happened in it.</param>
public sealed record SeriesPoint(DateTimeOffset Start, Figures Figures);

/// <summary>How the installation is doing just now.</summary>
/// <param name="At">When it was put together.</param>
/// <param name="Rates">How fast this node works.</param>
/// <param name="LastHour">What happened in the last hour, read anew every few seconds.</param>
/// <param name="Pending">Pending deliveries.</param>
/// <param name="OldestPendingAt">When the oldest of them was accepted, as of a few seconds ago; null when there are none.</param>
/// <param name="Endpoints">Endpoints by condition, as of a few seconds ago.</param>
public sealed record LiveFigures(
    DateTimeOffset At, Rates Rates, Series LastHour, long Pending, DateTimeOffset? OldestPendingAt, EndpointCounts Endpoints);

/// <summary>How one endpoint is doing.</summary>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="Condition">In one word.</param>
/// <param name="Series">What happened.</param>
/// <param name="Lane">What is pending, and its health.</param>
public sealed record EndpointFigures(Id<Endpoint> EndpointId, EndpointCondition Condition, Series Series, LaneView Lane);

/// <summary>An endpoint in trouble, and what is known of why.</summary>
/// <param name="Endpoint">The endpoint. Its <see cref="Endpoint.DisabledReason"/> says why the engine disabled it, if it did.</param>
/// <param name="Lane">
/// What is pending and since when, failing since when and how often in a row, and until when the lane is paused: then it is probed.
/// </param>
/// <param name="LastAttempt">What the newest attempt came to, or null when none is stored.</param>
public sealed record EndpointTrouble(Endpoint Endpoint, LaneView Lane, LastAttempt? LastAttempt);
