namespace Grapnel.Dispatching;

/// <summary>
/// The time that retries, pauses and rate limits are reckoned in: Unix milliseconds, read from the wall clock once, at construction, and
/// from then on advanced by the monotonic clock alone. It never goes back, and a wall clock that jumps makes no delivery early or late.
/// </summary>
internal sealed class ScheduleClock(TimeProvider time)
{
    private readonly long _startMs = time.GetUtcNow().ToUnixTimeMilliseconds();
    private readonly long _startStamp = time.GetTimestamp();

    /// <summary>Schedule time in Unix milliseconds.</summary>
    public long NowMs => _startMs + (long)time.GetElapsedTime(_startStamp).TotalMilliseconds;

    /// <summary>How far the wall clock is ahead of schedule time, in milliseconds; far from 0 once somebody set the wall clock.</summary>
    public long WallOffsetMs => time.GetUtcNow().ToUnixTimeMilliseconds() - NowMs;
}
