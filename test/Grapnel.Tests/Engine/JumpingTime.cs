namespace Grapnel.Tests.Engine;

/// <summary>A clock whose wall time can jump while its monotonic time and its timers go on as if nothing had happened.</summary>
internal sealed class JumpingTime(TimeProvider inner) : TimeProvider
{
    public TimeSpan Jump { get; set; }

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + Jump;

    public override long GetTimestamp() => inner.GetTimestamp();

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        inner.CreateTimer(callback, state, dueTime, period);
}
