using CsCheck;
using Grapnel.Dispatching;

namespace Grapnel.Tests.Dispatching;

public sealed class RetryScheduleTests
{
    private static readonly Gen<TimeSpan> Delay = Gen.Long[0, TimeSpan.FromDays(30).Ticks].Select(TimeSpan.FromTicks);

    [Fact]
    public void A_delay_stays_within_its_jitter_on_either_side() =>
        Gen.Select(Delay.Array[1, 12], Gen.Int[1, 12], Gen.Double[0, 0.5], Gen.Double.Unit).Sample((delays, made, jitter, random) =>
        {
            if (RetrySchedule.NextDelayMs(delays, made, jitter, random) is not { } ms)
                return made > delays.Length;
            var exact = delays[made - 1].TotalMilliseconds;
            return made <= delays.Length && ms >= Math.Floor(exact * (1 - jitter)) - 1 && ms <= exact * (1 + jitter) + 1;
        });

    [Fact]
    public void Without_jitter_the_delay_is_the_one_of_the_schedule() =>
        Enumerable.Range(1, 9).Select(made => RetrySchedule.NextDelayMs(DeliveryOptions.DefaultRetrySchedule, made, 0, 0.7))
            .ShouldBe(DeliveryOptions.DefaultRetrySchedule.Select(d => (long?)d.TotalMilliseconds));

    [Fact]
    public void The_schedule_ends_after_its_last_delay()
    {
        RetrySchedule.NextDelayMs(DeliveryOptions.DefaultRetrySchedule, 9, 0.2, 0.5).ShouldNotBeNull();
        RetrySchedule.NextDelayMs(DeliveryOptions.DefaultRetrySchedule, 10, 0.2, 0.5).ShouldBeNull();
    }

    [Fact]
    public void An_empty_schedule_means_a_single_attempt() => RetrySchedule.NextDelayMs([], 1, 0.2, 0.5).ShouldBeNull();

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(9)]
    public void What_failed_together_comes_back_spread_evenly_over_the_whole_jitter(int attemptsMade)
    {
        var spanMs = DeliveryOptions.DefaultRetrySchedule[attemptsMade - 1].TotalMilliseconds * 0.4;
        MostInOneSliceOf(spanMs / 20, attemptsMade).ShouldBeLessThan(600, "a twentieth of the span should hold about 5 % of 10,000 retries");
    }

    [Theory]
    [InlineData(2), InlineData(3), InlineData(9)]
    public void From_the_five_minute_step_on_no_second_holds_more_than_a_twentieth_of_what_failed_together(int attemptsMade) =>
        MostInOneSliceOf(1000, attemptsMade).ShouldBeLessThan(500);

    private static int MostInOneSliceOf(double sliceMs, int attemptsMade)
    {
        var random = new Random(19);
        return Enumerable.Range(0, 10_000)
            .Select(_ => RetrySchedule.NextDelayMs(DeliveryOptions.DefaultRetrySchedule, attemptsMade, 0.2, random.NextDouble())!.Value)
            .CountBy(ms => (long)(ms / sliceMs))
            .Max(slice => slice.Value);
    }
}
