using System.Collections.Concurrent;

namespace Grapnel.Tests.Engine;

/// <summary>A clock whose wall time can jump while its monotonic time and its timers go on as if nothing had happened.</summary>
internal sealed class JumpingTime(TimeProvider inner) : TimeProvider
{
    public TimeSpan Jump { get; set; }

    /// <summary>How long each timer was set to run when it was made.</summary>
    public ConcurrentQueue<TimeSpan> Timers { get; } = new();

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + Jump;

    public override long GetTimestamp() => inner.GetTimestamp();

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = inner.CreateTimer(callback, state, dueTime, period);
        Timers.Enqueue(dueTime);
        return timer;
    }
}
