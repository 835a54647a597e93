namespace Grapnel.Tests.Engine;

/// <summary>A clock whose wall time jumps while its monotonic time and its timers go on as if nothing had happened.</summary>
internal sealed class JumpingTime : TimeProvider
{
    public TimeProvider Inner { get; set; } = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public TimeSpan Jump { get; set; }

    public override DateTimeOffset GetUtcNow() => Inner.GetUtcNow() + Jump;

    public override long GetTimestamp() => Inner.GetTimestamp();

    public override long TimestampFrequency => Inner.TimestampFrequency;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        Inner.CreateTimer(callback, state, dueTime, period);
}
