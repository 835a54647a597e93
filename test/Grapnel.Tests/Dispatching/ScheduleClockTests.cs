using Grapnel.Dispatching;

namespace Grapnel.Tests.Dispatching;

public sealed class ScheduleClockTests
{
    [Theory]
    [InlineData(+1), InlineData(-1), InlineData(-24 * 365)]
    public void A_jump_of_the_wall_clock_does_not_move_schedule_time(int hours)
    {
        var time = new TwoClocks();
        var clock = new ScheduleClock(time);
        var start = clock.NowMs;
        start.ShouldBe(time.Wall.ToUnixTimeMilliseconds());

        time.Wall += TimeSpan.FromHours(hours);

        clock.NowMs.ShouldBe(start);
        clock.WallOffsetMs.ShouldBe(hours * 3_600_000L);
    }

    [Theory]
    [InlineData(3), InlineData(1000), InlineData(10_000_019), InlineData(1_000_000_000), InlineData(3_579_545_000_000)]
    public void It_advances_with_the_monotonic_clock_whatever_its_frequency(long frequency)
    {
        var time = new TwoClocks { Frequency = frequency, Stamp = 77 };
        var clock = new ScheduleClock(time);
        var start = clock.NowMs;

        time.Stamp += frequency * 86_400;

        (clock.NowMs - start).ShouldBe(86_400_000);
    }

    [Fact]
    public void It_never_goes_back()
    {
        var time = new TwoClocks { Frequency = 1_193_182 };
        var clock = new ScheduleClock(time);
        var random = new Random(49);
        var last = clock.NowMs;
        for (var i = 0; i < 10_000; i++)
        {
            time.Stamp += random.Next(2000);
            time.Wall += TimeSpan.FromMinutes(random.Next(-60, 60));
            clock.NowMs.ShouldBeGreaterThanOrEqualTo(last);
            last = clock.NowMs;
        }
    }

    /// <summary>A machine whose wall clock and monotonic clock go their own ways.</summary>
    private sealed class TwoClocks : TimeProvider
    {
        public DateTimeOffset Wall { get; set; } = new(2026, 3, 29, 0, 59, 59, TimeSpan.Zero);

        public long Stamp { get; set; }

        public long Frequency { get; init; } = 1_000_000_000;

        public override long TimestampFrequency => Frequency;

        public override DateTimeOffset GetUtcNow() => Wall;

        public override long GetTimestamp() => Stamp;
    }
}
