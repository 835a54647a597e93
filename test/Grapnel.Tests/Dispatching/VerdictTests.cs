using CsCheck;
using Grapnel.Dispatching;
using Grapnel.Sending;

namespace Grapnel.Tests.Dispatching;

public sealed class VerdictTests
{
    private static readonly DeliveryOptions Options = new() { Jitter = 0 };
    private static readonly IReadOnlyList<TimeSpan> Schedule = DeliveryOptions.DefaultRetrySchedule;

    private static readonly Gen<SendResult> AnyFailure =
        from outcome in Gen.OneOf(Enum.GetValues<SendOutcome>()
            .Except([SendOutcome.Success, SendOutcome.Gone, SendOutcome.Abandoned]).ToArray())
        from status in Gen.OneOf(0, 302, 404, 429, 500, 503)
        from retryAfterMs in Gen.Long[-1000, 200L * 3_600_000]
        from asks in Gen.Bool
        select new SendResult(outcome, status, default, RetryAfter: asks ? TimeSpan.FromMilliseconds(retryAfterMs) : null);

    [Fact]
    public void Success_ends_the_delivery_as_delivered() =>
        Judge(SendOutcome.Success, 204).ShouldBe(new Verdict(VerdictKind.Delivered, Sign: ReceiverSign.Alive));

    [Fact]
    public void Gone_ends_the_delivery_at_once_and_Retry_After_does_not_matter() =>
        Judge(SendOutcome.Gone, 410, retryAfter: TimeSpan.FromHours(1)).ShouldBe(new Verdict(VerdictKind.Gone));

    [Fact]
    public void An_abandoned_attempt_leaves_the_delivery_as_it_was() =>
        Judge(SendOutcome.Abandoned, 0).ShouldBe(new Verdict(VerdictKind.Abandoned));

    [Fact]
    public void A_failure_follows_the_schedule_until_it_is_exhausted()
    {
        var verdicts = Enumerable.Range(1, 10).Select(made => Judge(SendOutcome.Timeout, 0, attemptsMade: made)).ToList();
        verdicts.SkipLast(1).Select(v => TimeSpan.FromMilliseconds(v.DelayMs)).ShouldBe(Schedule);
        verdicts[^1].ShouldBe(new Verdict(VerdictKind.Exhausted, Sign: ReceiverSign.Failing));
    }

    [Fact]
    public void Retry_After_lengthens_the_delay_but_never_shortens_it() =>
        Gen.Select(AnyFailure, Gen.Int[1, 9], Gen.Double.Unit).Sample((result, made, random) =>
        {
            var options = new DeliveryOptions();
            var verdict = Verdict.Of(result, Trigger.Scheduled, made, Schedule, options, random);
            var scheduledMs = RetrySchedule.NextDelayMs(Schedule, made, options.Jitter, random)!.Value;
            var askedMs = Math.Clamp(result.RetryAfter?.TotalMilliseconds ?? 0, 0, options.MaxRetryAfter.TotalMilliseconds);
            return verdict.Kind == VerdictKind.Retry
                && verdict.DelayMs >= scheduledMs
                && verdict.DelayMs >= Math.Floor(askedMs)
                && verdict.DelayMs <= Math.Max(scheduledMs, options.MaxRetryAfter.TotalMilliseconds);
        });

    [Theory]
    [InlineData(-3600, 5), InlineData(0, 5), InlineData(4, 5), InlineData(90, 90), InlineData(31_536_000, 86_400)]
    public void Retry_After_is_honoured_between_the_schedule_and_the_cap(int askedSeconds, int delaySeconds) =>
        Judge(SendOutcome.Refused, 500, retryAfter: TimeSpan.FromSeconds(askedSeconds)).DelayMs.ShouldBe(delaySeconds * 1000);

    [Fact]
    public void The_longest_Retry_After_there_can_be_does_no_harm() =>
        Judge(SendOutcome.Throttled, 503, retryAfter: TimeSpan.MaxValue).ShouldBe(
            new Verdict(VerdictKind.Retry, 86_400_000, 86_400_000, ReceiverSign.Failing));

    [Fact]
    public void Endpoints_that_were_told_the_same_time_do_not_come_back_at_the_same_time()
    {
        var random = new Random(1);
        var result = new SendResult(SendOutcome.Throttled, 503, default, RetryAfter: TimeSpan.FromMinutes(10));
        Enumerable.Range(0, 10_000)
            .Select(_ => Verdict.Of(result, Trigger.Scheduled, 1, Schedule, new DeliveryOptions(), random.NextDouble()).LanePauseMs)
            .CountBy(ms => ms / 1000).Max(second => second.Value).ShouldBeLessThan(500);
    }

    [Fact]
    public void Throttling_pauses_the_lane_for_what_was_asked_or_for_a_second()
    {
        Judge(SendOutcome.Throttled, 429, retryAfter: TimeSpan.FromSeconds(30)).LanePauseMs.ShouldBe(30_000);
        Judge(SendOutcome.Throttled, 429, retryAfter: TimeSpan.Zero).LanePauseMs.ShouldBe(1000);
        Judge(SendOutcome.Throttled, 503).LanePauseMs.ShouldBe(1000);
        Judge(SendOutcome.Throttled, 503, attemptsMade: 10).LanePauseMs.ShouldBe(1000, "also when this delivery is exhausted");
    }

    [Fact]
    public void Only_throttling_pauses_the_lane() =>
        Judge(SendOutcome.Refused, 500, retryAfter: TimeSpan.FromSeconds(30)).LanePauseMs.ShouldBe(0);

    [Fact]
    public void A_manual_attempt_is_the_only_one_of_its_delivery() =>
        Gen.Select(AnyFailure, Gen.Int[0, 3]).Sample((result, made) =>
            Verdict.Of(result, Trigger.Manual, made, Schedule, Options, 0.5) is { Kind: VerdictKind.Exhausted, DelayMs: 0 });

    [Fact]
    public void Judging_allocates_nothing()
    {
        var result = new SendResult(SendOutcome.Success, 200, default);
        Verdict.Of(result, Trigger.Scheduled, 1, Schedule, Options, 0.5);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            Verdict.Of(result, Trigger.Scheduled, 1, Schedule, Options, 0.5);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    private static Verdict Judge(SendOutcome outcome, int status, TimeSpan? retryAfter = null, int attemptsMade = 1) =>
        Verdict.Of(new SendResult(outcome, status, default, RetryAfter: retryAfter), Trigger.Scheduled, attemptsMade, Schedule, Options, 0.5);
}
