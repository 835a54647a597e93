using Grapnel.Publishing;
using Grapnel.Storage;
using Grapnel.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Tests.Engine;

public sealed class LifetimeTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(60), InlineData(30 * 24 * 3600)]
    public async Task What_was_pending_goes_on_after_a_restart_with_its_attempts_and_its_time(int seconds)
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        var delay = seconds * Second;
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { RetrySchedule = [delay, delay] });
        engine.Receiver.AnswerWith(_ => 500);
        var message = await engine.PublishedAsync();
        await engine.QuietAsync();

        await engine.RestartAsync();
        await engine.AdvanceAsync(delay - Second);
        engine.Receiver.Received.Count.ShouldBe(1);
        engine.Receiver.AnswerWith(_ => 200);
        await engine.AdvanceAsync(2 * Second);

        (await engine.StateAsync(message, endpoint)).ShouldSatisfyAllConditions(
            s => s.End.ShouldBe(DeliveryEnd.Delivered), s => s.Attempts.ShouldBe(2));
    }

    [Fact]
    public async Task An_open_breaker_stays_open_over_a_restart()
    {
        await using var engine = await EngineHarness.StartAsync(o => { o.Jitter = 0; o.BreakerMinPause = 60 * Second; });
        await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { MaxConcurrency = 1 });
        engine.Receiver.AnswerWith(_ => 500);
        await engine.PublishManyAsync(50);
        await engine.QuietAsync();
        await engine.RestartAsync();
        await engine.AdvanceAsync(50 * Second, 10 * Second);
        engine.Receiver.Received.Count.ShouldBe(5);
        await engine.AdvanceAsync(11 * Second);
        engine.Receiver.Received.Count.ShouldBe(6);
    }

    [Fact]
    public async Task A_pause_that_the_receiver_asked_for_is_kept_over_a_restart()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { MaxConcurrency = 1 });
        engine.Receiver.Answer = (_, _) => Task.FromResult(ScriptedHandler.Status(429, ("Retry-After", "600")));
        await engine.PublishManyAsync(2);
        await engine.QuietAsync();
        await engine.RestartAsync();
        await engine.AdvanceAsync(599 * Second, 60 * Second);
        engine.Receiver.Received.Count.ShouldBe(1);
        engine.Receiver.AnswerWith(_ => 200);
        await engine.AdvanceAsync(2 * Second, Second);
        engine.Receiver.Received.Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_node_that_stops_lets_attempts_in_flight_finish_and_records_them()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/");
        var arrived = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        engine.Receiver.Answer = async (_, _) => { arrived.TrySetResult(); await release.Task; return ScriptedHandler.Status(200); };
        var message = await engine.PublishedAsync();
        await arrived.Task;

        var restart = engine.RestartAsync();
        restart.IsCompleted.ShouldBeFalse();
        release.SetResult();
        await restart;
        await engine.QuietAsync();
        engine.Receiver.Received.Count.ShouldBe(1);
        (await engine.StateAsync(message, endpoint)).End.ShouldBe(DeliveryEnd.Delivered);
    }

    [Fact]
    public async Task What_does_not_finish_within_the_grace_is_given_up_stays_pending_and_is_not_counted()
    {
        // No other timer runs as long.
        var grace = 7 * Second;
        await using var engine = await EngineHarness.StartAsync(o => o.ShutdownGrace = grace);
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { Timeout = 60 * Second });
        var arrived = new TaskCompletionSource();
        engine.Receiver.Answer = async (_, cancel) =>
        {
            arrived.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
            return ScriptedHandler.Status(200);
        };
        var message = await engine.PublishedAsync();
        await arrived.Task;

        var stop = engine.StopAsync();
        await engine.UntilAsync(() => Task.FromResult(engine.Wall.Timers.Contains(grace)));
        engine.Time.Advance(grace);
        await stop;
        engine.Receiver.AnswerWith(_ => 200);
        await engine.BootAsync();
        await engine.QuietAsync();
        (await engine.AttemptsAsync(message)).Single().Number.ShouldBe(1);
        (await engine.StateAsync(message, endpoint)).End.ShouldBe(DeliveryEnd.Delivered);
    }

    [Fact]
    public async Task While_the_store_takes_nothing_publishing_is_refused_and_outcomes_are_kept_and_not_sent_again()
    {
        ChaosStore chaos = null!;
        await using var engine = await EngineHarness.StartAsync(services: s => s.AddSingleton<IDeliveryStore>(
            p => chaos ??= new ChaosStore(p.GetRequiredService<IStore>().Deliveries)));
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/");
        var full = true;
        chaos.Before = verb => verb == "Settle" && full ? throw new StoreUnavailableException("disk full") : Task.CompletedTask;
        var message = await engine.PublishedAsync();
        chaos.Before = verb => verb is "Accept" or "Settle" && full ? throw new StoreUnavailableException("disk full") : Task.CompletedTask;
        (await engine.PublishAsync("refused")).Status.ShouldBe(PublishStatus.Unavailable);

        full = false;
        await engine.UntilAsync(async () =>
        {
            engine.Time.Advance(0.1 * Second);
            return await engine.PendingAsync() == 0;
        });
        (await engine.StateAsync(message, endpoint)).End.ShouldBe(DeliveryEnd.Delivered);
        (await engine.PublishAsync("fine")).Status.ShouldBe(PublishStatus.Accepted);
        await engine.QuietAsync();
        engine.Receiver.Bodies().ShouldBe(["{}", "fine"]);
    }

    [Fact]
    public async Task A_lane_that_cannot_be_read_is_read_again_later()
    {
        ChaosStore chaos = null!;
        await using var engine = await EngineHarness.StartAsync(services: s => s.AddSingleton<IDeliveryStore>(
            p => chaos ??= new ChaosStore(p.GetRequiredService<IStore>().Deliveries)));
        await engine.AddEndpointAsync("http://127.0.0.1:1/");
        var failures = 2;
        chaos.Before = verb => verb == "ReadLane" && failures-- > 0 ? throw new StoreUnavailableException("broken") : Task.CompletedTask;
        await engine.PublishedAsync();
        await engine.AdvanceAsync(5 * Second, Second);
        engine.Receiver.Received.Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_expelled_node_drops_its_late_results_joins_anew_and_makes_the_deliveries_again()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/");
        var release = new TaskCompletionSource();
        var arrived = new TaskCompletionSource();
        engine.Receiver.Answer = async (_, _) => { arrived.TrySetResult(); await release.Task; return ScriptedHandler.Status(200); };
        var message = await engine.PublishedAsync();
        await arrived.Task;
        var store = engine.Get<IDeliveryStore>();
        var old = engine.Dispatcher.Node;
        await store.LeaveAsync(old, default);

        release.SetResult();
        await engine.UntilAsync(() => Task.FromResult(engine.Dispatcher.Node != old));
        await engine.UntilAsync(async () => await engine.PendingAsync() == 0);
        engine.Receiver.Received.Count.ShouldBe(2, "the first outcome was not known to the others");
        engine.Receiver.Received.ShouldAllBe(r => r.MessageId == message.Id.ToString());
        (await engine.StateAsync(message, endpoint)).End.ShouldBe(DeliveryEnd.Delivered);
    }

    [Fact]
    public async Task A_message_is_forgotten_when_its_time_is_over_and_one_that_is_younger_is_not()
    {
        var kept = TimeSpan.FromDays(3);
        await using var engine = await EngineHarness.StartAsync(services: s => s.Configure<RetentionOptions>(o => o.Messages = kept));
        await engine.AddEndpointAsync("http://127.0.0.1:1/");
        var old = await engine.PublishedAsync();
        await engine.AdvanceAsync(TimeSpan.FromHours(1));
        var younger = await engine.PublishedAsync();
        await engine.QuietAsync();
        async Task<bool> IsKnownAsync(Message message) =>
            await engine.Get<IHistoryStore>().FindMessageAsync(message.ApplicationId, message.Id.ToString(), default) is not null;

        engine.Time.Advance(kept - TimeSpan.FromMinutes(30));

        await engine.UntilAsync(async () => !await IsKnownAsync(old));
        (await IsKnownAsync(younger)).ShouldBeTrue();
    }

    [Fact]
    public async Task Payloads_and_attempts_go_when_their_own_time_is_over_and_the_message_still_tells_how_it_ended()
    {
        await using var engine = await EngineHarness.StartAsync(
            delivery => delivery.RetrySchedule = [Second, Second, Second],
            services => services.Configure<RetentionOptions>(o => (o.Payloads, o.Attempts) = (TimeSpan.FromDays(2), TimeSpan.FromDays(5))));
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/");
        engine.Receiver.Answer = (request, _) => Task.FromResult(ScriptedHandler.Status(500));
        var message = await engine.PublishedAsync();
        await engine.AdvanceAsync(30 * Second, Second);
        var before = await engine.StateAsync(message, endpoint);
        before.Attempts.ShouldBe(4);
        async Task<bool> HasPayloadAsync() =>
            (await engine.Get<IHistoryStore>().FindMessageAsync(message.ApplicationId, message.Id.ToString(), default))!.Payload is not null;

        await engine.AdvanceAsync(TimeSpan.FromDays(1.9));
        (await HasPayloadAsync()).ShouldBeTrue();
        engine.Time.Advance(TimeSpan.FromDays(0.2));
        await engine.UntilAsync(async () => !await HasPayloadAsync());
        (await engine.AttemptsAsync(message)).Count.ShouldBe(4);

        engine.Time.Advance(TimeSpan.FromDays(3));
        await engine.UntilAsync(async () => (await engine.AttemptsAsync(message)).Count == 2);
        (await engine.StateAsync(message, endpoint)).ShouldBe(before);
    }
}
