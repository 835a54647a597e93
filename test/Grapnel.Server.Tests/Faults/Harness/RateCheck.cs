namespace Grapnel.Server.Tests.Faults.Harness;

/// <summary>Checks of a rate limit by when things arrived.</summary>
internal static class RateCheck
{
    /// <summary>No interval, from any arrival to any later one, holds more of them than the limit allows: its rate, and a burst of a second.</summary>
    /// <param name="seconds">When each arrived, in order.</param>
    /// <param name="rate">The limit, per second.</param>
    /// <param name="latencySeconds">How much the time between the start of an attempt and its arrival may differ, on a machine that is busy with other things.</param>
    public static void NoIntervalHoldsMoreThanIsAllowed(double[] seconds, int rate, double latencySeconds)
    {
        for (var first = 0; first < seconds.Length; first++)
            for (var last = first; last < seconds.Length; last++)
                (last - first + 1d).ShouldBeLessThanOrEqualTo(rate * (seconds[last] - seconds[first] + latencySeconds) + rate);
    }
}
