using Grapnel.Dispatching;
using Grapnel.History;
using Grapnel.Registry;
using Grapnel.Storage;
using Grapnel.Tests.Engine;

namespace Grapnel.Tests.History;

/// <summary>What the console reads, over the whole engine.</summary>
public sealed class ConsoleReadsTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_message_tells_of_every_endpoint_what_came_of_it_and_why_the_others_did_not_get_it()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        var good = await engine.AddEndpointAsync("http://127.0.0.1:1/good");
        var bad = await engine.AddEndpointAsync("http://127.0.0.1:1/bad", e => e with { RetrySchedule = [Second] });
        var deleted = await engine.AddEndpointAsync("http://127.0.0.1:1/deleted");
        var other = await engine.AddEndpointAsync("http://127.0.0.1:1/eu", e => e with { Channels = ["eu"] });
        engine.Receiver.AnswerWith(r => r.Url.EndsWith("bad") ? 500 : 200);
        var message = await engine.PublishedAsync("body");
        await engine.AdvanceAsync(2 * Second, Second);
        await engine.Get<EndpointRegistry>().DeleteAsync(deleted.ApplicationId, deleted.Id.ToString(), default);

        var view = (await engine.Get<MessageDetails>().FindAsync(message.ApplicationId, message.Id.ToString(), default)).ShouldNotBeNull();

        view.Message.Payload!.Value.ToArray().ShouldBe("body"u8.ToArray());
        view.Application!.Uid.ShouldBe(Application.DefaultUid);
        view.Progress.ShouldBe(new DeliveryProgress(2, 0, 1, 0));
        view.Owed.Select(owed => (owed.Destination.EndpointId, owed.Endpoint is null, owed.Why.State, owed.Attempts.Count)).ShouldBe(
        [
            (good.Id, false, WhyState.Delivered, 1), (bad.Id, false, WhyState.Exhausted, 2), (deleted.Id, true, WhyState.Delivered, 1),
        ]);
        view.Owed[1].Attempts.Select(attempt => attempt.Number).ShouldBe([1, 2]);
        view.NotOwed.Single().Endpoint.Id.ShouldBe(other.Id);
        view.NotOwed.Single().Why.Reason.ShouldBe("noCommonChannel");
        var exchange = (await engine.Get<MessageDetails>().FindExchangeAsync(message.Id, view.Owed[0].Attempts[0].Id, default)).ShouldNotBeNull();
        exchange.Attempt.StatusCode.ShouldBe(200);
        (await engine.Get<MessageDetails>().FindAsync(message.ApplicationId, "nothing", default)).ShouldBeNull();
    }

    [Fact]
    public async Task A_wait_names_who_asked_for_it()
    {
        await using var engine = await EngineHarness.StartAsync(o => { o.Jitter = 0; o.EndpointConcurrency = 1; });
        var asked = await engine.AddEndpointAsync("http://127.0.0.1:1/asked");
        var plain = await engine.AddEndpointAsync("http://127.0.0.1:1/plain");
        var ordered = await engine.AddEndpointAsync("http://127.0.0.1:1/ordered", e => e with { Ordered = true });
        var slow = await engine.AddEndpointAsync("http://127.0.0.1:1/slow");
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.Receiver.Answer = async (r, _) =>
        {
            if (r.Url.EndsWith("slow"))
            {
                arrived.TrySetResult();
                await answer.Task;
                return ScriptedHandler.Status(200);
            }
            return r.Url.EndsWith("asked") ? ScriptedHandler.Status(500, ("Retry-After", "90")) : ScriptedHandler.Status(500);
        };
        var settled = engine.WhenOutcomes(3, _ => true);
        var first = await engine.PublishedAsync("1");
        await settled;
        await arrived.Task;
        var second = await engine.PublishedAsync("2");

        async Task<WaitCause?> CauseAsync(Message message, Endpoint endpoint) =>
            (await engine.Get<Deliveries>().WhyAsync(message, endpoint.Id, default)).Cause;

        (await CauseAsync(first, asked)).ShouldBe(WaitCause.RetryAfter);
        (await CauseAsync(first, plain)).ShouldBe(WaitCause.RetrySchedule);
        (await CauseAsync(first, ordered)).ShouldBe(WaitCause.RetrySchedule);
        var behind = await engine.Get<Deliveries>().WhyAsync(second, ordered.Id, default);
        (behind.Cause, behind.Behind, behind.Reason).ShouldBe((WaitCause.Order, first.Id, "ordered"));
        (await CauseAsync(first, slow)).ShouldBe(WaitCause.Sending);
        (await CauseAsync(second, slow)).ShouldBe(WaitCause.Concurrency);
        answer.SetResult();
        await engine.QuietAsync();
    }

    [Fact]
    public async Task Messages_of_all_applications_are_paged_to_the_end_and_back()
    {
        await using var engine = await EngineHarness.StartAsync();
        var list = engine.Get<MessageList>();
        await engine.Get<ApplicationRegistry>().CreateAsync(new ApplicationInput { Name = "Acme", Uid = "acme" });
        for (var i = 0; i < 7; i++)
            await engine.PublishedAsync($"{i}", r => r with { Application = i % 2 == 0 ? "acme" : Application.DefaultUid });
        var all = await list.ReadAsync(new MessageRowFilter(), new PageRequest(50), default);
        (all.Rows.Count, all.Next, all.Previous, all.IsComplete, all.Applications.Count).ShouldBe((7, null, null, true, 2));

        var pages = new List<MessagePage> { await list.ReadAsync(new MessageRowFilter(), new PageRequest(3), default) };
        while (pages[^1].Next is { } next)
            pages.Add(await list.ReadAsync(new MessageRowFilter(), new PageRequest(3, next), default));
        pages.SelectMany(page => page.Rows).Select(row => row.Message.Id).ShouldBe(all.Rows.Select(row => row.Message.Id));
        pages.Count.ShouldBe(3);
        var back = await list.ReadAsync(new MessageRowFilter(), new PageRequest(3, pages[2].Previous), default);
        back.Rows.ShouldBe(pages[1].Rows);
        (await list.ReadAsync(new MessageRowFilter(), new PageRequest(3, back.Previous), default)).Rows.ShouldBe(pages[0].Rows);

        var found = (await list.FindAsync(null, all.Rows[4].Message.Id.ToString(), default)).Rows.Single();
        found.Message.Id.ShouldBe(all.Rows[4].Message.Id);
    }

    [Fact]
    public async Task Whatever_a_person_pastes_is_found_for_what_it_is()
    {
        await using var engine = await EngineHarness.StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/hook", e => e with { Uid = "shop" });
        var message = await engine.PublishedAsync("{}", r => r with { EventId = "order-44" });
        await engine.QuietAsync();
        var attempt = (await engine.AttemptsAsync(message)).Single();
        var application = await engine.DefaultApplicationAsync();
        var schedule = await engine.Get<ScheduleRegistry>().CreateAsync(
            application.Id, new ScheduleInput { EventType = "order.created", Cron = "0 0 1 1 *" }, default);

        async Task ShouldFind(string text, HitKind kind, string id)
        {
            var hit = (await engine.Get<Finder>().FindAsync(text, default))[0];
            (hit.Kind, hit.Id).ShouldBe((kind, id), text);
        }
        await ShouldFind(application.Id.ToString(), HitKind.Application, application.Id.ToString());
        await ShouldFind("default", HitKind.Application, application.Id.ToString());
        await ShouldFind(endpoint.Id.ToString(), HitKind.Endpoint, endpoint.Id.ToString());
        await ShouldFind("shop", HitKind.Endpoint, endpoint.Id.ToString());
        await ShouldFind(" http://127.0.0.1:1/ho ", HitKind.Endpoint, endpoint.Id.ToString());
        await ShouldFind(message.Id.ToString(), HitKind.Message, message.Id.ToString());
        await ShouldFind("order-44", HitKind.Message, message.Id.ToString());
        await ShouldFind(attempt.Id.ToString(), HitKind.Attempt, attempt.Id.ToString());
        await ShouldFind("order.created", HitKind.EventType, "order.created");
        await ShouldFind(schedule.Id.ToString(), HitKind.Schedule, schedule.Id.ToString());
        (await engine.Get<Finder>().FindAsync("nothing at all", default)).ShouldBeEmpty();
        (await engine.Get<Finder>().FindAsync("  ", default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_listener_hears_of_what_is_accepted_settled_cancelled_and_paused()
    {
        await using var engine = await EngineHarness.StartAsync(o => o.Jitter = 0);
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/hook");
        var signal = engine.Get<ChangeSignal>();
        async Task ShouldBeHeardOf(Func<Task> change)
        {
            await engine.QuietAsync();
            var before = signal.Version;
            await change();
            await signal.WhenAfterAsync(before, default).WaitAsync(TimeSpan.FromSeconds(30));
        }
        engine.Receiver.AnswerWith(_ => 500);
        Message? message = null;
        await ShouldBeHeardOf(async () => message = await engine.PublishedAsync());
        await ShouldBeHeardOf(() => engine.AdvanceAsync(10 * Second));
        await ShouldBeHeardOf(() => engine.Get<Deliveries>().CancelAsync(message!, null));
        await ShouldBeHeardOf(() => engine.Get<Lanes>().PauseAsync(endpoint.Id));
        await ShouldBeHeardOf(() => engine.EditAsync(endpoint, e => e with { Description = "x" }));
    }
}
