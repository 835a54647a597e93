namespace Grapnel.Dispatching;

/// <summary>When a failed delivery is tried again.</summary>
internal static class RetrySchedule
{
    /// <summary>The delay before the next attempt in milliseconds, spread at random; null when the schedule is exhausted.</summary>
    /// <param name="delays">The schedule: the first delay follows the first attempt. Empty means a single attempt.</param>
    /// <param name="attemptsMade">Attempts of the schedule made so far, at least 1.</param>
    /// <param name="jitterFraction">How far the delay is spread to either side, 0 to 1.</param>
    /// <param name="random">A number in [0, 1).</param>
    public static long? NextDelayMs(IReadOnlyList<TimeSpan> delays, int attemptsMade, double jitterFraction, double random)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(attemptsMade, 1);
        return attemptsMade <= delays.Count ? Spread(delays[attemptsMade - 1], jitterFraction, random) : null;
    }

    /// <summary>
    /// A duration in milliseconds, moved at random by up to a fraction of itself to either side, evenly. What failed together must not
    /// come back together.
    /// </summary>
    public static long Spread(TimeSpan duration, double fraction, double random) =>
        (long)(Math.Max(0, duration.TotalMilliseconds) * (1 - fraction + 2 * fraction * random));
}
