using Grapnel.Dispatching;
using Microsoft.Extensions.Logging;

namespace Grapnel.Housekeeping;

/// <summary>
/// Notices when the wall clock moved against the monotonic one: somebody set it, or the machine slept. Retries do not care, but a
/// <see cref="Message.DeliverAt"/> is a wall time that is waited for in schedule time, and so comes off by as much.
/// </summary>
internal sealed partial class WallWatch(ScheduleClock clock, ILogger<WallWatch> logger)
{
    // Far above what keeping a clock right by small steps amounts to between two looks.
    private const int ToleranceMs = 5_000;

    private long _offsetMs;

    /// <summary>Looks at both clocks, and warns when they have moved apart, or together, since the last look.</summary>
    public void Look()
    {
        var offsetMs = clock.WallOffsetMs;
        var jumpMs = offsetMs - _offsetMs;
        _offsetMs = offsetMs;
        if (Math.Abs(jumpMs) >= ToleranceMs)
            LogJumped(logger, ToDuration(jumpMs), jumpMs > 0 ? "forward" : "back", WhatItMeans(offsetMs));
    }

    // From all jumps together, not from the last one: the next may undo it.
    private static string WhatItMeans(long offsetMs) => Math.Abs(offsetMs) < ToleranceMs
        ? "are on time again"
        : $"go out {ToDuration(offsetMs)} {(offsetMs > 0 ? "late" : "early")} by the new time, until this process is started again";

    private static TimeSpan ToDuration(long ms) => TimeSpan.FromSeconds(Math.Round(Math.Abs(ms) / 1000d));
}
