using Grapnel.Dispatching;

namespace Grapnel.Tests.Engine;

public sealed class PauseTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task What_is_published_to_a_paused_endpoint_is_queued_and_sent_in_order_once_it_is_resumed()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/hook", e => e with { Ordered = true });
        await engine.Get<Lanes>().PauseAsync(endpoint.Id);
        var message = await engine.PublishedAsync("1");
        for (var i = 2; i <= 5; i++)
            await engine.PublishedAsync(i.ToString());
        await engine.AdvanceAsync(60 * Second, 10 * Second);

        engine.Receiver.Received.ShouldBeEmpty();
        (await engine.PendingAsync()).ShouldBe(5);
        var lane = await engine.Get<Lanes>().ReadAsync(endpoint.Id, default);
        (lane.State, lane.Stored.PausedAt is not null).ShouldBe((LaneState.Paused, true));
        var why = await engine.Get<Deliveries>().WhyAsync(message, endpoint.Id, default);
        (why.Reason, why.Cause).ShouldBe(("paused", WaitCause.Paused));

        await engine.Get<Lanes>().ResumeAsync(endpoint.Id);
        await engine.QuietAsync();
        engine.Receiver.Bodies("hook").ShouldBe(["1", "2", "3", "4", "5"]);
    }

    [Fact]
    public async Task An_endpoint_stays_paused_over_a_restart()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/hook");
        await engine.Get<Lanes>().PauseAsync(endpoint.Id);
        await engine.PublishedAsync("before");
        await engine.RestartAsync();
        await engine.PublishedAsync("after");
        await engine.AdvanceAsync(60 * Second, 10 * Second);
        engine.Receiver.Received.ShouldBeEmpty();

        await engine.Get<Lanes>().ResumeAsync(endpoint.Id);
        await engine.QuietAsync();
        engine.Receiver.Bodies("hook").Order().ShouldBe(["after", "before"]);
    }

    [Fact]
    public async Task A_pause_holds_retries_and_what_was_in_the_window_too()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/hook", e => e with { RateLimit = 1 });
        engine.Receiver.AnswerWith(_ => 500);
        await engine.PublishManyAsync(3);
        await engine.QuietAsync();
        var sent = engine.Receiver.Received.Count;
        sent.ShouldBe(1, "the rate limit");

        await engine.Get<Lanes>().PauseAsync(endpoint.Id);
        await engine.AdvanceAsync(120 * Second, 5 * Second);
        engine.Receiver.Received.Count.ShouldBe(sent);
        (await engine.PendingAsync()).ShouldBe(3);

        engine.Receiver.AnswerWith(_ => 200);
        await engine.Get<Lanes>().ResumeAsync(endpoint.Id);
        await engine.AdvanceAsync(10 * Second, Second);
        (await engine.PendingAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task To_resume_an_endpoint_closes_its_breaker()
    {
        await using var engine = await EngineHarness.StartAsync(o => { o.Jitter = 0; o.BreakerMinPause = 3600 * Second; o.BreakerMaxPause = 3600 * Second; });
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/hook", e => e with { RetrySchedule = [] });
        engine.Receiver.AnswerWith(_ => 500);
        await engine.PublishManyAsync(20);
        await engine.QuietAsync();
        engine.Dispatcher.FindLane(endpoint.Id)!.State.ShouldBe(LaneState.BreakerOpen);
        await engine.Get<Lanes>().PauseAsync(endpoint.Id);
        await engine.PublishedAsync("last");
        engine.Receiver.AnswerWith(_ => 200);

        await engine.Get<Lanes>().ResumeAsync(endpoint.Id);
        await engine.QuietAsync();
        engine.Receiver.Bodies("hook").ShouldContain("last");
        (await engine.PendingAsync()).ShouldBe(0);
    }
}
