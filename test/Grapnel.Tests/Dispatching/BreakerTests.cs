using CsCheck;
using Grapnel.Dispatching;
using Grapnel.Storage;

namespace Grapnel.Tests.Dispatching;

public sealed class BreakerTests
{
    private static readonly DeliveryOptions Options = new() { Jitter = 0 };

    [Fact]
    public void It_opens_after_the_threshold_of_failures_in_a_row_and_not_before()
    {
        var breaker = new Breaker(Options);
        Fail(breaker, times: 4);
        breaker.Record(ReceiverSign.Alive, 0, 0);
        Fail(breaker, times: 4);
        breaker.IsClosed.ShouldBeTrue();

        Fail(breaker);

        breaker.IsClosed.ShouldBeFalse();
        breaker.OpenUntilMs.ShouldBe(1000);
    }

    [Fact]
    public void Every_failed_probe_doubles_the_pause_up_to_the_longest()
    {
        var breaker = Opened();
        var pauses = new List<long>();
        for (var nowMs = breaker.OpenUntilMs; pauses.Count < 8; nowMs = breaker.OpenUntilMs)
        {
            Probe(breaker, ReceiverSign.Failing);
            pauses.Add(breaker.OpenUntilMs - nowMs);
        }
        pauses.ShouldBe([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    }

    [Fact]
    public void No_probe_starts_before_the_pause_is_over_or_while_an_attempt_from_before_runs()
    {
        var breaker = Opened();
        breaker.TryEnter(999, inFlight: 0, limit: 32).ShouldBeFalse();
        breaker.TryEnter(1000, inFlight: 1, limit: 32).ShouldBeFalse();
        breaker.TryEnter(1000, inFlight: 0, limit: 32).ShouldBeTrue();
        breaker.TryEnter(1000, inFlight: 1, limit: 32).ShouldBeFalse();
    }

    [Theory]
    [InlineData((int)ReceiverSign.Alive), InlineData((int)ReceiverSign.Throttling), InlineData((int)ReceiverSign.Failing)]
    public void Results_of_attempts_from_before_it_opened_change_nothing(int sign)
    {
        var breaker = Opened();
        breaker.Record((ReceiverSign)sign, 500, 0.5);
        breaker.IsClosed.ShouldBeFalse();
        breaker.OpenUntilMs.ShouldBe(1000);
        breaker.Failures.ShouldBe(5);
    }

    [Fact]
    public void After_recovery_concurrency_grows_by_one_with_every_success_up_to_the_limit()
    {
        var breaker = Opened();
        Probe(breaker, ReceiverSign.Alive);
        var allowances = new List<int>();
        for (var i = 0; i < 6; i++)
        {
            allowances.Add(breaker.Allowance(limit: 4));
            breaker.Record(ReceiverSign.Alive, 2000, 0);
        }
        allowances.ShouldBe([1, 2, 3, 4, 4, 4]);
    }

    [Fact]
    public void A_relapse_soon_after_recovery_meets_a_long_pause_and_a_late_one_a_short_pause()
    {
        PauseOfRelapseAfter(successes: 0).ShouldBe(60_000);
        PauseOfRelapseAfter(successes: 20).ShouldBe(1000);
    }

    [Fact]
    public void A_throttling_answer_never_opens_it_but_starts_the_lane_slowly_again()
    {
        var breaker = new Breaker(Options);
        for (var i = 0; i < 100; i++)
            breaker.Record(ReceiverSign.Throttling, i, 0);
        breaker.IsClosed.ShouldBeTrue();
        breaker.Allowance(limit: 32).ShouldBe(1);
    }

    [Fact]
    public void A_probe_that_is_throttled_proves_the_receiver_alive()
    {
        var breaker = Opened();
        Probe(breaker, ReceiverSign.Throttling);
        breaker.IsClosed.ShouldBeTrue();
        breaker.Allowance(limit: 32).ShouldBe(1);
    }

    [Fact]
    public void A_probe_that_told_nothing_is_followed_by_another_at_once()
    {
        var breaker = Opened();
        Probe(breaker, ReceiverSign.None);
        breaker.IsClosed.ShouldBeFalse();
        breaker.Failures.ShouldBe(5);
        breaker.TryEnter(1000, inFlight: 0, limit: 32).ShouldBeTrue();
    }

    [Fact]
    public void A_new_owner_of_the_lane_goes_on_where_the_last_one_was()
    {
        var breaker = new Breaker(Options);
        breaker.Restore(new EndpointHealth(default, default, Failures: 8, PausedUntil: 30_000), nowMs: 25_000);
        breaker.TryEnter(29_999, inFlight: 0, limit: 32).ShouldBeFalse();

        Probe(breaker, ReceiverSign.Failing);

        breaker.OpenUntilMs.ShouldBe(30_000 + 16_000);
    }

    [Fact]
    public void A_stored_pause_from_a_clock_that_was_wrong_lasts_no_longer_than_the_longest_pause()
    {
        var breaker = new Breaker(Options);
        breaker.Restore(new EndpointHealth(default, default, Failures: 8, PausedUntil: long.MaxValue), nowMs: 25_000);
        breaker.OpenUntilMs.ShouldBe(85_000);
    }

    [Fact]
    public void A_few_failures_that_were_stored_count_towards_the_threshold()
    {
        var breaker = new Breaker(Options);
        breaker.Restore(new EndpointHealth(default, default, Failures: 4, PausedUntil: 0), nowMs: 0);
        breaker.IsClosed.ShouldBeTrue();
        Fail(breaker);
        breaker.IsClosed.ShouldBeFalse();
    }

    [Fact]
    public void An_edited_endpoint_is_tried_at_once_and_slowly()
    {
        var breaker = Opened();
        breaker.Reset();
        breaker.TryEnter(0, inFlight: 0, limit: 32).ShouldBeTrue();
        breaker.TryEnter(0, inFlight: 1, limit: 32).ShouldBeFalse();
    }

    [Fact]
    public void Whatever_happens_it_keeps_its_limits_and_probes_again_in_the_end() =>
        Gen.Select(Gen.Int[1, 40], Gen.Select(Gen.Int[0, 9], Gen.Double.Unit).Array[1, 400]).Sample((limit, steps) =>
        {
            var lane = new LaneModel(limit);
            foreach (var (kind, random) in steps)
                lane.Step(kind, random);
            lane.ShouldProbeInTheEnd();
        }, iter: 2000);

    private static Breaker Opened()
    {
        var breaker = new Breaker(Options);
        Fail(breaker, times: 5);
        return breaker;
    }

    private static void Fail(Breaker breaker, int times = 1)
    {
        for (var i = 0; i < times; i++)
            breaker.Record(ReceiverSign.Failing, 0, 0.5);
    }

    private static void Probe(Breaker breaker, ReceiverSign sign)
    {
        var nowMs = breaker.OpenUntilMs;
        breaker.TryEnter(nowMs, inFlight: 0, limit: 32).ShouldBeTrue();
        breaker.Record(sign, nowMs, 0.5);
    }

    private static long PauseOfRelapseAfter(int successes)
    {
        var breaker = Opened();
        for (var i = 0; i < 8; i++)
            Probe(breaker, ReceiverSign.Failing);
        Probe(breaker, ReceiverSign.Alive);
        for (var i = 0; i < successes; i++)
            breaker.Record(ReceiverSign.Alive, 0, 0);
        Fail(breaker, times: 5);
        return breaker.OpenUntilMs;
    }

    /// <summary>A lane that starts whatever it may, and a receiver that answers in any order and any way.</summary>
    private sealed class LaneModel(int limit)
    {
        private readonly Breaker _breaker = new(new DeliveryOptions());
        private long _nowMs;
        private int _inFlight;
        private int? _successesSinceRecovery;

        public void Step(int kind, double random)
        {
            if (kind <= 3)
                Start();
            else if (kind == 4)
                _nowMs += (long)(random * 70_000);
            else if (_inFlight > 0)
                End(SignOf(kind), random);
        }

        public void ShouldProbeInTheEnd()
        {
            while (_inFlight > 0)
                End(ReceiverSign.Failing, 0.5);
            (_breaker.OpenUntilMs - _nowMs).ShouldBeLessThanOrEqualTo(72_000, "the longest pause with its jitter");
            _breaker.TryEnter(Math.Max(_nowMs, _breaker.OpenUntilMs), 0, limit).ShouldBeTrue();
        }

        private void Start()
        {
            var open = !_breaker.IsClosed;
            if (!_breaker.TryEnter(_nowMs, _inFlight, limit))
                return;
            _inFlight++;
            (open ? _inFlight : 0).ShouldBeLessThanOrEqualTo(1, "only one attempt in flight while it is not closed");
            _inFlight.ShouldBeLessThanOrEqualTo(limit);
            if (_successesSinceRecovery is { } successes)
                _inFlight.ShouldBeLessThanOrEqualTo(successes + 1, "slow start");
        }

        private static ReceiverSign SignOf(int kind) => kind switch
        {
            5 => ReceiverSign.Alive,
            6 => ReceiverSign.Throttling,
            7 => ReceiverSign.None,
            _ => ReceiverSign.Failing,
        };

        private void End(ReceiverSign sign, double random)
        {
            var wasClosed = _breaker.IsClosed;
            _inFlight--;
            _breaker.Record(sign, _nowMs, random);
            if (!_breaker.IsClosed) _successesSinceRecovery = null;
            else if (!wasClosed || sign == ReceiverSign.Throttling) _successesSinceRecovery = 0;
            else if (sign == ReceiverSign.Alive) _successesSinceRecovery++;
        }
    }
}
