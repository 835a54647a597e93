using Grapnel.Dispatching;
using Grapnel.Registry;

namespace Grapnel.Tests.Engine;

public sealed class DeliveryTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_message_goes_once_to_every_endpoint_it_is_owed_to_and_to_no_other()
    {
        await using var engine = await EngineHarness.StartAsync();
        await engine.Get<EventTypeRegistry>().CreateAsync(new EventTypeInput { Name = "order.paid", Description = "" }, default);
        await engine.AddEndpointAsync("http://127.0.0.1:1/all");
        await engine.AddEndpointAsync("http://127.0.0.1:1/created", e => e with { EventTypes = ["order.created"] });
        await engine.AddEndpointAsync("http://127.0.0.1:1/paid", e => e with { EventTypes = ["order.paid"] });
        await engine.AddEndpointAsync("http://127.0.0.1:1/channel", e => e with { Channels = ["eu"] });
        await engine.AddEndpointAsync("http://127.0.0.1:1/off", e => e with { Enabled = false });

        var message = await engine.PublishedAsync("{ \"a\" :  1.0 }");
        await engine.QuietAsync();

        engine.Receiver.Received.Select(r => r.Url).ShouldBe(["http://127.0.0.1:1/all", "http://127.0.0.1:1/created"], ignoreOrder: true);
        engine.Receiver.Received.ShouldAllBe(r => r.Body == "{ \"a\" :  1.0 }" && r.MessageId == message.Id.ToString());
        (await engine.PendingAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task A_new_endpoint_gets_the_very_next_message()
    {
        await using var engine = await EngineHarness.StartAsync();
        await engine.PublishedAsync("before");
        await engine.AddEndpointAsync("http://127.0.0.1:1/new");
        await engine.PublishedAsync("after");
        await engine.QuietAsync();
        engine.Receiver.Bodies().ShouldBe(["after"]);
    }

    [Fact]
    public async Task A_failing_delivery_follows_the_retry_schedule_to_its_end()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { RetrySchedule = [5 * Second, 300 * Second] });
        engine.Receiver.AnswerWith(_ => 500);
        var message = await engine.PublishedAsync();

        await engine.AdvanceAsync(3.9 * Second);
        engine.Receiver.Received.Count.ShouldBe(1);
        await engine.AdvanceAsync(2.2 * Second);
        engine.Receiver.Received.Count.ShouldBe(2);
        await engine.AdvanceAsync(239 * Second);
        engine.Receiver.Received.Count.ShouldBe(2);
        await engine.AdvanceAsync(122 * Second);

        var attempts = await engine.AttemptsAsync(message);
        attempts.Select(a => a.Number).ShouldBe([1, 2, 3]);
        attempts[^1].NextAttemptAt.ShouldBeNull();
        (await engine.StateAsync(message, endpoint)).End.ShouldBe(DeliveryEnd.Exhausted);
        (await engine.PendingAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task The_id_of_a_message_is_the_same_on_every_attempt()
    {
        await using var engine = await EngineHarness.StartAsync();
        await engine.AddEndpointAsync("http://127.0.0.1:1/");
        engine.Receiver.AnswerWith(_ => engine.Receiver.Received.Count < 3 ? 500 : 200);
        var message = await engine.PublishedAsync();
        await engine.AdvanceAsync(400 * Second, 10 * Second);
        engine.Receiver.Received.Count.ShouldBe(3);
        engine.Receiver.Received.ShouldAllBe(r => r.MessageId == message.Id.ToString());
    }

    [Fact]
    public async Task Gone_ends_the_delivery_and_disables_the_endpoint_and_the_rest_of_its_queue_waits()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { MaxConcurrency = 1 });
        engine.Receiver.AnswerWith(_ => 410);
        var disabled = engine.WhenChanged(endpoint.Id);
        var results = await Task.WhenAll(engine.PublishedAsync("1"), engine.PublishedAsync("2"));
        await engine.QuietAsync();
        (await disabled).DisabledReason.ShouldBe(EndpointDisabledReason.Gone);

        engine.Receiver.Received.Count.ShouldBe(1);
        (await engine.PendingAsync()).ShouldBe(1);
        var ended = results.Single(m => m.Id.ToString() == engine.Receiver.Received[0].MessageId);
        (await engine.StateAsync(ended, endpoint)).End.ShouldBe(DeliveryEnd.Gone);

        engine.Receiver.AnswerWith(_ => 200);
        await engine.EditAsync(endpoint, e => e with { Enabled = true });
        await engine.QuietAsync();
        engine.Receiver.Received.Count.ShouldBe(2);
        (await engine.PendingAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Retry_after_holds_the_whole_lane_and_nothing_is_lost()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { MaxConcurrency = 1, RetrySchedule = [Second, Second] });
        engine.Receiver.Answer = (_, _) => Task.FromResult(ScriptedHandler.Status(429, ("Retry-After", "30")));
        await engine.PublishManyAsync(3);
        await engine.QuietAsync();
        engine.Receiver.Received.Count.ShouldBe(1);

        engine.Receiver.AnswerWith(_ => 200);
        await engine.AdvanceAsync(29 * Second, Second);
        engine.Receiver.Received.Count.ShouldBe(1);
        await engine.AdvanceAsync(3 * Second, Second);
        engine.Receiver.Received.Count.ShouldBe(4);
        (await engine.PendingAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task What_is_expunged_while_it_waits_in_its_lane_is_never_sent()
    {
        await using var engine = await EngineHarness.StartAsync();
        var release = new TaskCompletionSource();
        engine.Receiver.Answer = async (_, _) =>
        {
            await release.Task;
            return ScriptedHandler.Status(200);
        };
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { MaxConcurrency = 1 });
        await engine.PublishedAsync("first");
        var expunged = await engine.PublishedAsync("second");
        await engine.PublishedAsync("third");

        await engine.Get<Deliveries>().ExpungeAsync(expunged);
        release.SetResult();
        await engine.QuietAsync();

        engine.Receiver.Bodies().ShouldBe(["first", "third"]);
        (await engine.StateAsync(expunged, endpoint)).End.ShouldBe(DeliveryEnd.Cancelled);
        (await engine.PendingAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Content_goes_by_itself_when_its_time_is_over()
    {
        await using var engine = await EngineHarness.StartAsync();
        var message = await engine.PublishedAsync();
        var history = engine.Get<Storage.IHistoryStore>();
        await ((Storage.Sqlite.SqliteStore)engine.Get<Storage.IStore>()).Gate.RunAsync(session => session.Prepare("UPDATE message SET content_expires_at = ?")
            .Bind(engine.Time.GetUtcNow().AddMinutes(5).ToUnixTimeMilliseconds()).Run());

        engine.Time.Advance(TimeSpan.FromMinutes(10));

        await engine.UntilAsync(async () =>
            (await history.FindMessageAsync(message.ApplicationId, message.Id.ToString(), default))!.Payload is null);
    }

    [Fact]
    public async Task A_manual_resend_never_disturbs_the_schedule()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { RetrySchedule = [60 * Second] });
        engine.Receiver.AnswerWith(_ => 500);
        var message = await engine.PublishedAsync();
        await engine.QuietAsync();
        var due = (await engine.StateAsync(message, endpoint)).At;

        await engine.Get<Deliveries>().ResendAsync(message, endpoint);
        await engine.QuietAsync();

        engine.Receiver.Received.Count.ShouldBe(2);
        var state = await engine.StateAsync(message, endpoint);
        (state.End, state.At, state.Attempts).ShouldBe((null, due, 1));
        await engine.AdvanceAsync(61 * Second);
        (await engine.AttemptsAsync(message)).Select(a => (a.Trigger, a.Number))
            .ShouldBe([(Trigger.Scheduled, 1), (Trigger.Manual, 0), (Trigger.Scheduled, 2)]);
    }

    [Fact]
    public async Task A_scheduled_message_is_not_sent_before_its_time_and_a_cancelled_one_never()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/");
        var at = engine.Time.GetUtcNow() + TimeSpan.FromDays(29);
        var kept = await engine.PublishedAsync("kept", r => r with { DeliverAt = at });
        var cancelled = await engine.PublishedAsync("cancelled", r => r with { DeliverAt = at });
        (await engine.Get<Deliveries>().CancelAsync(cancelled, endpoint.Id)).ShouldBe(1);

        await engine.AdvanceAsync(TimeSpan.FromDays(29) - Second);
        engine.Receiver.Received.ShouldBeEmpty();
        await engine.AdvanceAsync(2 * Second);
        engine.Receiver.Bodies().ShouldBe(["kept"]);
        (await engine.StateAsync(cancelled, endpoint)).End.ShouldBe(DeliveryEnd.Cancelled);
        (await engine.StateAsync(kept, endpoint)).End.ShouldBe(DeliveryEnd.Delivered);
    }

    [Fact]
    public async Task A_clock_that_jumps_makes_no_retry_early_or_late()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { RetrySchedule = [60 * Second, 60 * Second] });
        engine.Receiver.AnswerWith(_ => 500);
        await engine.PublishedAsync("first");
        await engine.QuietAsync();

        engine.Wall.Jump = TimeSpan.FromHours(1);
        await engine.AdvanceAsync(50 * Second, 10 * Second);
        engine.Receiver.Received.Count.ShouldBe(1, "an hour ahead, the retry is not early");
        engine.Wall.Jump = TimeSpan.FromHours(-1);
        await engine.AdvanceAsync(11 * Second);
        engine.Receiver.Received.Count.ShouldBe(2, "an hour behind, the retry is not late");

        engine.Receiver.AnswerWith(_ => 200);
        await engine.PublishedAsync("second");
        await engine.QuietAsync();
        engine.Receiver.Bodies().ShouldContain("second", "a fresh message waits for no clock");
        var stamp = long.Parse(engine.Receiver.Received[^1].Headers["webhook-timestamp"]);
        stamp.ShouldBe(engine.Wall.GetUtcNow().ToUnixTimeSeconds(), "the timestamp follows the wall clock");
    }

    [Fact]
    public async Task An_endpoint_that_did_nothing_but_fail_for_five_days_is_disabled_and_its_queue_kept()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { RetrySchedule = [.. Enumerable.Repeat(TimeSpan.FromDays(1), 9)] });
        engine.Receiver.AnswerWith(_ => 500);
        await engine.PublishedAsync();
        var disabled = engine.WhenChanged(endpoint.Id);
        await engine.AdvanceAsync(TimeSpan.FromDays(4), TimeSpan.FromHours(6));
        disabled.IsCompleted.ShouldBeFalse();
        await engine.AdvanceAsync(TimeSpan.FromDays(2.5), TimeSpan.FromHours(6));
        (await disabled).DisabledReason.ShouldBe(EndpointDisabledReason.FailingForTooLong);
        (await engine.PendingAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task One_success_forgives_all_earlier_failures()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { RetrySchedule = [.. Enumerable.Repeat(TimeSpan.FromDays(1), 9)] });
        var disabled = engine.WhenChanged(endpoint.Id);
        engine.Receiver.AnswerWith(r => r.Body == "good" ? 200 : 500);
        await engine.PublishedAsync("bad");
        for (var day = 0; day < 8; day++)
        {
            await engine.AdvanceAsync(TimeSpan.FromDays(1), TimeSpan.FromHours(6));
            await engine.PublishedAsync("good");
        }
        await engine.QuietAsync();
        disabled.IsCompleted.ShouldBeFalse();
    }
}
