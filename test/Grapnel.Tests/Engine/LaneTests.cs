using Grapnel.Dispatching;
using Grapnel.Registry;
using Grapnel.Storage;
using Grapnel.Tests.Sending;
using Grapnel.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Tests.Engine;

public sealed class LaneTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Whatever_does_not_fit_into_the_window_waits_in_the_store_and_is_delivered_once_each()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.LaneWindow = 10);
        await engine.AddEndpointAsync("http://127.0.0.1:1/");
        await engine.PublishManyAsync(500);
        await engine.QuietAsync();
        engine.Receiver.Bodies().Order().ShouldBe(Enumerable.Range(0, 500).Select(n => n.ToString()).Order());
        (await engine.PendingAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Memory_for_payloads_is_bounded_over_all_lanes_and_every_lane_still_moves()
    {
        await using var engine = await EngineHarness.StartAsync(o => { o.WindowBytes = 2_000; o.LaneWindowBytes = 1_000; });
        for (var n = 0; n < 20; n++)
            await engine.AddEndpointAsync($"http://127.0.0.1:1/{n}");
        await Task.WhenAll(Enumerable.Range(0, 30).Select(n => engine.PublishedAsync(n.ToString().PadRight(300))));
        await engine.QuietAsync();
        engine.Receiver.Received.Count.ShouldBe(600);
        engine.Receiver.Received.GroupBy(r => r.Url + r.MessageId).ShouldAllBe(g => g.Count() == 1);
    }

    [Fact]
    public async Task However_small_the_payloads_a_window_takes_no_more_memory_than_it_may()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { MaxConcurrency = 1_000 });
        var message = await engine.PublishedAsync("tiny");
        var options = new DeliveryOptions { LaneWindow = 100_000, LaneWindowBytes = 10_000 };
        var lane = new Lane(endpoint, SendFixture.Prepare(endpoint), options, new WindowBudget(long.MaxValue), isShared: false, now: 0);
        lane.EndRead(new LanePage([], More: false, NextDueAt: null, Health: null), now: 0);

        for (var seq = 1; seq <= 1_000; seq++)
            lane.Offer(new Delivery { EndpointId = endpoint.Id, Seq = seq, Message = message }, now: 0);

        var held = 0;
        for (; lane.Decide(now: 0).Kind == LaneStepKind.Start; held++)
            lane.Take(now: 0);
        held.ShouldBeInRange(10, 20);
        lane.Decide(now: 0).Kind.ShouldBe(LaneStepKind.Read, "the others wait in the store");
    }

    [Fact]
    public async Task A_delivery_that_ends_while_a_page_with_it_is_being_read_is_not_taken_from_that_page()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/");
        var message = await engine.PublishedAsync();
        var lane = new Lane(endpoint, SendFixture.Prepare(endpoint), new DeliveryOptions(), new WindowBudget(long.MaxValue), isShared: false, now: 0);
        Delivery At(long seq) => new() { EndpointId = endpoint.Id, Seq = seq, Message = message };

        lane.BeginRead(now: 0, byteLimit: 1_000);
        lane.Forget(new HashSet<long> { 2 });
        lane.EndRead(new LanePage([At(1), At(2), At(3)], More: false, NextDueAt: null, Health: null), now: 0);

        lane.Decide(now: 0).Kind.ShouldBe(LaneStepKind.Start);
        lane.Take(now: 0).Seq.ShouldBe(1);
        lane.Decide(now: 0).Kind.ShouldBe(LaneStepKind.Start);
        lane.Take(now: 0).Seq.ShouldBe(3);
        lane.Decide(now: 0).Kind.ShouldBe(LaneStepKind.Blocked);
        (lane.IsSending(1), lane.IsSending(2), lane.IsSending(3)).ShouldBe((true, false, true));
    }

    [Fact]
    public async Task Ten_thousand_deliveries_that_fail_in_the_same_second_do_not_come_back_in_the_same_second()
    {
        await using var engine = await EngineHarness.StartAsync(o => { o.BreakerThreshold = int.MaxValue; o.EndpointConcurrency = 1_000; });
        for (var n = 0; n < 10; n++)
            await engine.AddEndpointAsync($"http://127.0.0.1:1/{n}", e => e with { RetrySchedule = [300 * Second] });
        engine.Receiver.AnswerWith(_ => 500);
        await engine.PublishManyAsync(1_000);
        await engine.QuietAsync();
        engine.Receiver.Received.Count.ShouldBe(10_000);

        engine.Receiver.AnswerWith(_ => 200);
        var bySecond = new List<int>();
        for (var (second, before) = (0, 10_000); second < 361; second++, before = engine.Receiver.Received.Count)
        {
            await engine.AdvanceAsync(Second);
            bySecond.Add(engine.Receiver.Received.Count - before);
        }
        bySecond.Sum().ShouldBe(10_000);
        bySecond.Max().ShouldBeLessThan(500);
        bySecond.Take(239).Sum().ShouldBe(0, "the jitter is a fifth of the delay, to either side");
    }

    [Fact]
    public async Task No_more_attempts_are_in_flight_to_an_endpoint_than_its_limit()
    {
        await using var engine = await EngineHarness.StartAsync();
        await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { MaxConcurrency = 3 });
        engine.Receiver.Answer = async (_, _) => { await Task.Yield(); return ScriptedHandler.Status(200); };
        await engine.PublishManyAsync(100);
        await engine.QuietAsync();
        engine.Receiver.Received.Count.ShouldBe(100);
        engine.Receiver.MostOpen.ShouldBeLessThanOrEqualTo(3);
    }

    [Fact]
    public async Task No_more_attempts_are_in_flight_in_total_than_the_limit()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.MaxConcurrency = 4);
        for (var n = 0; n < 10; n++)
            await engine.AddEndpointAsync($"http://127.0.0.1:1/{n}");
        engine.Receiver.Answer = async (_, _) => { await Task.Yield(); return ScriptedHandler.Status(200); };
        await engine.PublishManyAsync(20);
        await engine.QuietAsync();
        engine.Receiver.Received.Count.ShouldBe(200);
        engine.Receiver.MostOpen.ShouldBeLessThanOrEqualTo(4);
    }

    [Fact]
    public async Task A_rate_limit_is_kept_over_any_stretch_of_time()
    {
        await using var engine = await EngineHarness.StartAsync();
        await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { RateLimit = 5 });
        await engine.PublishManyAsync(40);
        await engine.QuietAsync();
        engine.Receiver.Received.Count.ShouldBe(5);
        await engine.AdvanceAsync(2 * Second, 0.05 * Second);
        engine.Receiver.Received.Count.ShouldBeInRange(14, 15);
        await engine.AdvanceAsync(6 * Second, 0.05 * Second);
        engine.Receiver.Received.Count.ShouldBe(40);
    }

    [Fact]
    public async Task The_rate_limit_of_an_application_is_shared_by_its_endpoints_in_turn_and_leaves_other_applications_alone()
    {
        await using var engine = await EngineHarness.StartAsync();
        var applications = engine.Get<ApplicationRegistry>();
        await applications.CreateAsync(new ApplicationInput { Name = "Other", Uid = "other" });
        await engine.AddEndpointAsync("http://127.0.0.1:1/other", application: "other");
        await applications.EditAsync(Application.DefaultUid, a => a with { RateLimit = 6 }, default);
        string[] mine = ["red", "green", "blue"];
        foreach (var name in mine)
            await engine.AddEndpointAsync("http://127.0.0.1:1/" + name);
        await engine.PublishManyAsync(40);
        await engine.PublishManyAsync(40, application: "other");

        await engine.QuietAsync();
        engine.Receiver.Bodies("other").Count().ShouldBe(40);
        Sent().ShouldBe(6);
        await engine.AdvanceAsync(2 * Second, 0.05 * Second);
        Sent().ShouldBeInRange(17, 18);
        await engine.AdvanceAsync(8 * Second, 0.05 * Second);
        // The first six may be of one endpoint, when the others come a little later; from then on they take turns.
        foreach (var name in mine)
            engine.Receiver.Bodies(name).Count().ShouldBeInRange(19, 27, "each gets its turn");

        int Sent() => engine.Receiver.Received.Count - engine.Receiver.Bodies("other").Count();
    }

    [Theory]
    [InlineData(null, 60)]
    [InlineData(40, 40)]
    public async Task A_changed_rate_limit_of_an_application_holds_at_once_for_those_that_wait(int? limit, int sent)
    {
        await using var engine = await EngineHarness.StartAsync();
        var applications = engine.Get<ApplicationRegistry>();
        await engine.AddEndpointAsync("http://127.0.0.1:1/a");
        await engine.AddEndpointAsync("http://127.0.0.1:1/b");
        await applications.EditAsync(Application.DefaultUid, a => a with { RateLimit = 1 }, default);
        await engine.PublishManyAsync(30);
        await engine.QuietAsync();
        engine.Receiver.Received.Count.ShouldBe(1);

        await applications.EditAsync(Application.DefaultUid, a => a with { RateLimit = limit }, default);
        await engine.QuietAsync();

        engine.Receiver.Received.Count.ShouldBeInRange(sent, sent + 1);
    }

    [Fact]
    public async Task A_lane_that_is_called_but_has_nothing_to_send_leaves_its_token_to_the_next()
    {
        await using var engine = await EngineHarness.StartAsync();
        await engine.Get<ApplicationRegistry>().EditAsync(Application.DefaultUid, a => a with { RateLimit = 1 }, default);
        var first = await engine.AddEndpointAsync("http://127.0.0.1:1/first");
        await engine.AddEndpointAsync("http://127.0.0.1:1/second");
        await engine.PublishManyAsync(10);
        await engine.QuietAsync();
        await engine.EditAsync(first, e => e with { Enabled = false });
        var before = engine.Receiver.Bodies("second").Count();

        await engine.AdvanceAsync(5 * Second, 0.05 * Second);

        (engine.Receiver.Bodies("second").Count() - before).ShouldBeInRange(4, 6);
    }

    [Fact]
    public async Task The_rate_limit_of_an_application_holds_after_a_restart()
    {
        await using var engine = await EngineHarness.StartAsync();
        await engine.AddEndpointAsync("http://127.0.0.1:1/");
        await engine.Get<ApplicationRegistry>().EditAsync(Application.DefaultUid, a => a with { RateLimit = 1 }, default);
        await engine.RestartAsync();

        await engine.PublishManyAsync(10);
        await engine.QuietAsync();

        engine.Receiver.Received.Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_endpoint_that_hangs_does_not_stand_in_the_way_of_another()
    {
        await using var engine = await EngineHarness.StartAsync(o => { o.MaxConcurrency = 8; o.EndpointConcurrency = 4; });
        await engine.AddEndpointAsync("http://127.0.0.1:1/hangs");
        await engine.AddEndpointAsync("http://127.0.0.1:1/well");
        using var held = new HeldAnswers(engine.Receiver, "hangs");
        var well = engine.WhenOutcomes(200, o => o.Endpoint.Url.EndsWith("well"));
        await engine.PublishManyAsync(200);
        await well;
        engine.Receiver.Bodies("hangs").Count().ShouldBe(4);
        held.Dispose();
        await engine.QuietAsync();
        engine.Receiver.Bodies("hangs").Count().ShouldBe(200);
    }

    [Fact]
    public async Task Endpoints_that_hang_together_leave_a_quarter_of_all_attempts_to_those_that_answer()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.MaxConcurrency = 16);
        for (var n = 0; n < 3; n++)
            await engine.AddEndpointAsync($"http://127.0.0.1:1/hangs{n}");
        using var held = new HeldAnswers(engine.Receiver, "hangs");
        await engine.PublishManyAsync(20);
        await engine.AddEndpointAsync("http://127.0.0.1:1/well");

        var well = engine.WhenOutcomes(20, o => o.Endpoint.Url.EndsWith("well"));
        await engine.PublishManyAsync(20);
        await well;

        engine.Receiver.Bodies("hangs").Count().ShouldBeInRange(12, 14, "three quarters, and one for each that had none");
        held.Dispose();
        await engine.QuietAsync();
        engine.Receiver.Bodies("hangs").Count().ShouldBe(120);
    }

    [Fact]
    public async Task An_endpoint_that_answers_may_have_all_attempts_there_are()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.MaxConcurrency = 16);
        await engine.AddEndpointAsync("http://127.0.0.1:1/");
        await engine.PublishManyAsync(1);
        await engine.QuietAsync();
        using var held = new HeldAnswers(engine.Receiver, "");

        await engine.PublishManyAsync(20);
        await engine.UntilAsync(() => Task.FromResult(engine.Receiver.MostOpen == 16));

        held.Dispose();
        await engine.QuietAsync();
        engine.Receiver.Received.Count.ShouldBe(21);
    }

    [Fact]
    public async Task A_slow_endpoint_that_stood_aside_goes_on_when_attempts_are_free_again()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.MaxConcurrency = 16);
        await engine.AddEndpointAsync("http://127.0.0.1:1/first");
        using var slow = new HeldAnswers(engine.Receiver, "slow");
        using var first = new HeldAnswers(engine.Receiver, "first");
        await engine.PublishManyAsync(20);
        await engine.UntilAsync(() => Task.FromResult(engine.Receiver.Bodies("first").Count() == 12));
        await engine.AddEndpointAsync("http://127.0.0.1:1/slow");
        await engine.PublishManyAsync(20);
        await engine.UntilAsync(() => Task.FromResult(engine.Receiver.Bodies("slow").Count() == 1));

        first.Dispose();

        await engine.UntilAsync(() => Task.FromResult(engine.Receiver.Bodies("slow").Count() == 12));
    }

    [Fact]
    public async Task An_open_breaker_keeps_the_backlog_probes_one_at_a_time_and_starts_slowly()
    {
        await using var engine = await EngineHarness.StartAsync(o => { o.Jitter = 0; o.BreakerMinPause = 10 * Second; });
        await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { MaxConcurrency = 5, RetrySchedule = [600 * Second, 600 * Second] });
        engine.Receiver.AnswerWith(_ => 500);
        await engine.PublishManyAsync(200);
        await engine.QuietAsync();
        var opened = engine.Receiver.Received.Count;
        opened.ShouldBeInRange(5, 9, "five failures in a row, and those that were in flight beside them");

        await engine.AdvanceAsync(10.1 * Second);
        engine.Receiver.Received.Count.ShouldBe(opened + 1, "one probe after the first pause");
        await engine.AdvanceAsync(15 * Second);
        engine.Receiver.Received.Count.ShouldBe(opened + 1, "the pause has doubled");

        var open = 0;
        var most = new List<int>();
        engine.Receiver.Answer = async (_, _) =>
        {
            lock (most)
                most.Add(Interlocked.Increment(ref open));
            await Task.Yield();
            Interlocked.Decrement(ref open);
            return ScriptedHandler.Status(200);
        };
        await engine.AdvanceAsync(6 * Second, Second);
        engine.Receiver.Received.Count.ShouldBe(200);
        most.Take(2).ShouldAllBe(n => n == 1);
        await engine.AdvanceAsync(601 * Second, 10 * Second);
        (await engine.PendingAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task After_a_recovery_new_events_are_not_starved_behind_old_retries()
    {
        await using var engine = await EngineHarness.StartAsync(o => { o.Jitter = 0; o.LaneWindow = 20; });
        await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { MaxConcurrency = 1, RateLimit = 10, RetrySchedule = [Second, Second, Second] });
        engine.Receiver.AnswerWith(r => r.Body.StartsWith("old") && engine.Receiver.Received.Count <= 4 ? 500 : 200);
        await engine.PublishManyAsync(300, "old");
        await engine.PublishManyAsync(20, "new");
        await engine.AdvanceAsync(40 * Second, 0.1 * Second);
        engine.Receiver.Bodies().Distinct().Count().ShouldBe(320);
    }

    [Fact]
    public async Task A_disabled_endpoint_keeps_its_queue_and_goes_on_with_it_when_enabled()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { RetrySchedule = [Second, Second] });
        engine.Receiver.AnswerWith(_ => 500);
        await engine.PublishManyAsync(3);
        await engine.QuietAsync();
        await engine.EditAsync(endpoint, e => e with { Enabled = false });
        engine.Receiver.AnswerWith(_ => 200);
        await engine.AdvanceAsync(100 * Second, 10 * Second);
        engine.Receiver.Received.Count.ShouldBe(3);
        (await engine.PendingAsync()).ShouldBe(3);
        await engine.EditAsync(endpoint, e => e with { Enabled = true });
        await engine.QuietAsync();
        engine.Receiver.Received.Count.ShouldBe(6);
        (await engine.PendingAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task After_a_url_edit_nothing_goes_to_the_old_url()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/old", e => e with { RetrySchedule = [Second, Second], RateLimit = 5 });
        engine.Receiver.AnswerWith(_ => 500);
        await engine.PublishManyAsync(50);
        await engine.QuietAsync();
        var before = engine.Receiver.Received.Count;
        await engine.EditAsync(endpoint, e => e with { Url = "http://127.0.0.1:1/new", RateLimit = null });
        engine.Receiver.AnswerWith(_ => 200);
        await engine.AdvanceAsync(100 * Second, Second);
        engine.Receiver.Received.Skip(before).ShouldAllBe(r => r.Url.EndsWith("/new"));
        (await engine.PendingAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task After_a_deletion_nothing_is_sent_and_what_was_pending_has_its_end()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { RateLimit = 5 });
        await engine.PublishManyAsync(100);
        var last = await engine.PublishedAsync("last");
        await engine.QuietAsync();
        var before = engine.Receiver.Received.Count;
        await engine.Get<EndpointRegistry>().DeleteAsync(endpoint.ApplicationId, endpoint.Id.ToString(), default);
        await engine.AdvanceAsync(20 * Second, Second);
        engine.Receiver.Received.Count.ShouldBe(before);
        await engine.UntilAsync(async () => await engine.PendingAsync() == 0);
        (await engine.StateAsync(last, endpoint)).End.ShouldBe(DeliveryEnd.EndpointDeleted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_edit_that_overtakes_a_message_on_its_way_into_the_store_holds_for_it(bool delete)
    {
        ChaosStore chaos = null!;
        await using var engine = await EngineHarness.StartAsync(services: s => s.AddSingleton<IDeliveryStore>(
            p => chaos ??= new ChaosStore(p.GetRequiredService<IStore>().Deliveries)));
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/old");
        chaos.Before = async verb =>
        {
            if (verb != "Accept")
                return;
            if (delete)
                await engine.Get<EndpointRegistry>().DeleteAsync(endpoint.ApplicationId, endpoint.Id.ToString(), default);
            else
                await engine.EditAsync(endpoint, e => e with { Url = "http://127.0.0.1:1/new" });
        };
        await engine.PublishedAsync();
        chaos.Before = _ => Task.CompletedTask;
        await engine.AdvanceAsync(20 * Second, Second);
        engine.Receiver.Received.Select(r => r.Url).ShouldBe(delete ? [] : ["http://127.0.0.1:1/new"]);
        await engine.UntilAsync(async () => await engine.PendingAsync() == 0);
    }

    [Fact]
    public async Task An_idle_lane_is_given_back_and_taken_again_when_there_is_work()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.LaneLinger = 5 * Second);
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/");
        await engine.PublishedAsync("1");
        await engine.QuietAsync();
        engine.Dispatcher.FindLane(endpoint.Id).ShouldNotBeNull();
        await engine.UntilAsync(async () =>
        {
            await engine.AdvanceAsync(5 * Second);
            return engine.Dispatcher.FindLane(endpoint.Id) is null;
        });
        // It may come while the lane is on its way back to the store.
        await engine.PublishedAsync("2");
        await engine.UntilAsync(() => Task.FromResult(engine.Receiver.Received.Count == 2));
        engine.Receiver.Bodies().ShouldBe(["1", "2"]);
    }

    [Fact]
    public async Task A_node_that_does_not_dispatch_takes_no_lane_for_a_resend_and_sends_nothing()
    {
        await using var engine = await EngineHarness.StartAsync(services: services => services.Configure<NodeOptions>(options => options.Roles = NodeRoles.Api));
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/");
        var message = await engine.PublishedAsync();

        await engine.Get<Deliveries>().ResendAsync(message, endpoint);

        engine.Dispatcher.LaneCount.ShouldBe(0);
        await engine.QuietAsync();
        engine.Receiver.Received.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_lane_that_was_taken_for_a_resend_and_given_back_is_taken_again_with_the_next_message()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.LaneLinger = 5 * Second);
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/");
        var message = await engine.PublishedAsync("1");
        await engine.QuietAsync();
        await GivenBackAsync();
        await engine.Get<Deliveries>().ResendAsync(message, endpoint);
        await engine.UntilAsync(() =>
        {
            engine.Time.Advance(Second / 20);
            return Task.FromResult(engine.Receiver.Received.Count == 2);
        });
        await engine.QuietAsync();
        await GivenBackAsync();

        await engine.PublishedAsync("2");

        // The clock stands still: no sweep finds it.
        await engine.UntilAsync(() => Task.FromResult(engine.Receiver.Received.Count == 3));

        Task GivenBackAsync()
        {
            engine.Time.Advance(6 * Second);
            return engine.UntilAsync(() => Task.FromResult(engine.Dispatcher.LaneCount == 0));
        }
    }

    /// <summary>Answers to URLs with a text in them are held back until this is disposed of, also by a test that fails: the engine would wait for them.</summary>
    private sealed class HeldAnswers : IDisposable
    {
        private readonly TaskCompletionSource _released = new();

        public HeldAnswers(ScriptedHandler receiver, string url)
        {
            var answer = receiver.Answer;
            receiver.Answer = async (request, cancel) =>
            {
                if (request.Url.Contains(url))
                    await _released.Task.WaitAsync(cancel);
                return await answer(request, cancel);
            };
        }

        public void Dispose() => _released.TrySetResult();
    }
}
