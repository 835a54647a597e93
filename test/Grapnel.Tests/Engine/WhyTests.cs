using System.Text.Json;
using Grapnel.Dispatching;
using Grapnel.Housekeeping;
using Grapnel.Registry;

namespace Grapnel.Tests.Engine;

public sealed class WhyTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static async Task<string> WhyAsync(EngineHarness engine, Message message, Endpoint endpoint) =>
        (await engine.Get<Deliveries>().WhyAsync(message, endpoint.Id, default)).Reason;

    [Fact]
    public async Task What_was_not_owed_is_explained_by_the_settings_of_the_time_not_by_those_of_today()
    {
        await using var engine = await EngineHarness.StartAsync();
        await engine.Get<EventTypeRegistry>().CreateAsync(new EventTypeInput { Name = "order.paid", Description = "" }, default);
        var paid = await engine.AddEndpointAsync("http://127.0.0.1:1/paid", e => e with { EventTypes = ["order.paid"] });
        var channel = await engine.AddEndpointAsync("http://127.0.0.1:1/eu", e => e with { Channels = ["eu"] });
        var off = await engine.AddEndpointAsync("http://127.0.0.1:1/off", e => e with { Enabled = false });
        var message = await engine.PublishedAsync();
        var late = await engine.AddEndpointAsync("http://127.0.0.1:1/late");
        await engine.EditAsync(paid, e => e with { EventTypes = null });
        await engine.EditAsync(channel, e => e with { Channels = null });
        await engine.EditAsync(off, e => e with { Enabled = true });

        (await WhyAsync(engine, message, paid)).ShouldBe("eventTypeNotSubscribed");
        (await WhyAsync(engine, message, channel)).ShouldBe("noCommonChannel");
        (await WhyAsync(engine, message, off)).ShouldBe("endpointDisabled");
        (await WhyAsync(engine, message, late)).ShouldBe("endpointNotCreated");
    }

    [Fact]
    public async Task What_is_pending_is_explained_by_what_holds_it()
    {
        await using var engine = await EngineHarness.StartAsync(o => { o.Jitter = 0; o.BreakerMinPause = 60 * Second; });
        var retrying = await engine.AddEndpointAsync("http://127.0.0.1:1/retrying");
        var broken = await engine.AddEndpointAsync("http://127.0.0.1:1/broken", e => e with { MaxConcurrency = 5 });
        var throttled = await engine.AddEndpointAsync("http://127.0.0.1:1/throttled", e => e with { MaxConcurrency = 1 });
        var limited = await engine.AddEndpointAsync("http://127.0.0.1:1/limited", e => e with { RateLimit = 1 });
        engine.Receiver.Answer = (r, _) => Task.FromResult(
            r.Url.EndsWith("limited") ? ScriptedHandler.Status(200)
            : r.Url.EndsWith("throttled") ? ScriptedHandler.Status(429, ("Retry-After", "99"))
            : ScriptedHandler.Status(r.Url.EndsWith("retrying") && r.Body != "first" ? 200 : 500));
        var message = await engine.PublishedAsync("first");
        await engine.QuietAsync();
        await engine.PublishManyAsync(10);
        await engine.QuietAsync();

        (await WhyAsync(engine, message, retrying)).ShouldBe("retrying");
        (await WhyAsync(engine, message, broken)).ShouldBe("breakerOpen");
        (await WhyAsync(engine, message, throttled)).ShouldBe("throttled");
        var last = await engine.PublishedAsync("last");
        await engine.QuietAsync();
        (await WhyAsync(engine, last, limited)).ShouldBe("rateLimited");
        (await WhyAsync(engine, message, limited)).ShouldBe("delivered");
        await engine.EditAsync(limited, e => e with { Enabled = false });
        (await WhyAsync(engine, last, limited)).ShouldBe("endpointDisabled");
        var later = await engine.PublishedAsync("later", r => r with { DeliverAt = engine.Time.GetUtcNow() + TimeSpan.FromDays(1) });
        (await WhyAsync(engine, later, retrying)).ShouldBe("scheduled");
        await engine.Get<Deliveries>().CancelAsync(later, null);
        (await WhyAsync(engine, later, retrying)).ShouldBe("cancelled");
    }

    [Fact]
    public async Task The_operators_own_endpoints_hear_of_disabled_exhausted_and_recovered()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        var operational = await engine.Get<ApplicationRegistry>().GetAsync(Application.OperationalUid, default);
        string[] types = [OperationalEventTypes.EndpointDisabled, OperationalEventTypes.AttemptExhausted, OperationalEventTypes.AttemptRecovered];
        await engine.Get<EndpointRegistry>().CreateAsync(
            operational.Id, new EndpointInput { Url = "http://127.0.0.1:1/ops", EventTypes = types }, default);
        var gone = await engine.AddEndpointAsync("http://127.0.0.1:1/gone");
        await engine.AddEndpointAsync("http://127.0.0.1:1/dead", e => e with { RetrySchedule = [] });
        await engine.AddEndpointAsync("http://127.0.0.1:1/back", e => e with { RetrySchedule = [Second] });
        engine.Receiver.AnswerWith(r => r.Url.EndsWith("ops") ? 200
            : r.Url.EndsWith("gone") ? 410
            : r.Url.EndsWith("dead") || engine.Receiver.Bodies("back").Count() == 1 ? 500 : 200);
        var told = engine.WhenOutcomes(4, o => o.Endpoint.Url.EndsWith("ops"));
        await engine.PublishedAsync();
        await engine.AdvanceAsync(2 * Second);
        await told;

        var events = engine.Receiver.Bodies("ops").Select(b => JsonDocument.Parse(b).RootElement).ToList();
        events.Select(e => e.GetProperty("type").GetString()).Order().ShouldBe(
            [OperationalEventTypes.EndpointDisabled, OperationalEventTypes.AttemptExhausted, OperationalEventTypes.AttemptExhausted, OperationalEventTypes.AttemptRecovered]);
        events.Single(e => e.GetProperty("type").GetString() == OperationalEventTypes.EndpointDisabled)
            .GetProperty("data").GetProperty("endpointId").GetString().ShouldBe(gone.Id.ToString());
    }

    [Fact]
    public async Task A_schedule_publishes_by_itself()
    {
        await using var engine = await EngineHarness.StartAsync();
        await engine.AddEndpointAsync("http://127.0.0.1:1/");
        var application = await engine.DefaultApplicationAsync();
        var delivered = engine.WhenOutcomes(1, _ => true);
        await engine.Get<ScheduleRegistry>().CreateAsync(
            application.Id, new ScheduleInput { EventType = "order.created", Cron = "*/5 * * * *" }, default);
        await engine.UntilAsync(async () =>
        {
            engine.Time.Advance(10 * Second);
            await Task.Yield();
            return delivered.IsCompleted;
        });
        engine.Receiver.Received[0].Body.ShouldContain("\"type\":\"order.created\"");
    }
}
