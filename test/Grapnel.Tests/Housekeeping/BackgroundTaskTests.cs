using Grapnel.Dispatching;
using Grapnel.Housekeeping;
using Grapnel.Registry;
using Grapnel.Storage;
using Grapnel.Tests.Engine;
using Grapnel.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Tests.Housekeeping;

/// <summary>Recover, replay, bulk replay and broadcast in the whole engine, over a real store.</summary>
public sealed class BackgroundTaskTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Recover_sends_what_failed_once_more_and_nothing_else()
    {
        await using var engine = await StartAsync();
        var endpoint = await AddEndpointAsync(engine);
        engine.Receiver.AnswerWith(r => r.Body.StartsWith("bad") ? 500 : 200);
        await engine.PublishManyAsync(20, "bad");
        await engine.PublishManyAsync(20, "good");
        await engine.QuietAsync();
        engine.Receiver.AnswerWith(_ => 200);

        var task = await EndOfAsync(engine, await ReplayAsync(engine, endpoint, BackgroundTaskKinds.Recover));

        (task.Status, task.Done, task.Total, task.Error).ShouldBe((BackgroundTaskStatus.Finished, 20, 20, null));
        await DrainedAsync(engine);
        engine.Receiver.Bodies().CountBy(body => body).ShouldAllBe(pair => pair.Value == (pair.Key.StartsWith("bad") ? 2 : 1));
        var again = await EndOfAsync(engine, await ReplayAsync(engine, endpoint, BackgroundTaskKinds.Recover));
        again.Done.ShouldBe(0, "all of it has been delivered since");
    }

    [Fact]
    public async Task Replaying_what_is_missing_follows_the_endpoint_as_it_is_now_and_the_whole_retry_schedule()
    {
        await using var engine = await StartAsync();
        await engine.Get<EventTypeRegistry>().CreateAsync(new EventTypeInput { Name = "order.paid", Description = "" }, default);
        await engine.PublishedAsync("created");
        await engine.PublishedAsync("paid", r => r with { EventType = "order.paid" });
        await engine.PublishedAsync("elsewhere", r => r with { EventType = "order.paid", Channels = ["us"] });
        await engine.PublishedAsync("here", r => r with { EventType = "order.paid", Channels = ["eu"] });
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with
        {
            EventTypes = ["order.paid"], Channels = ["eu"], RetrySchedule = [60 * Second],
        });
        var owed = await engine.PublishedAsync("owed", r => r with { EventType = "order.paid", Channels = ["eu"] });
        await engine.QuietAsync();
        engine.Receiver.AnswerWith(_ => 500);

        var task = await EndOfAsync(engine, await ReplayAsync(engine, endpoint, BackgroundTaskKinds.ReplayMissing));
        await engine.UntilAsync(() => Task.FromResult(engine.Receiver.Received.Count == 2));

        (task.Done, task.Scanned).ShouldBe((1, 5));
        engine.Receiver.Bodies().ShouldBe(["owed", "here"]);
        await engine.AdvanceAsync(80 * Second);
        engine.Receiver.Bodies().ShouldBe(["owed", "here", "here"]);
        (await engine.StateAsync(owed, endpoint)).End.ShouldBe(DeliveryEnd.Delivered);
    }

    [Fact]
    public async Task A_bulk_replay_sends_what_was_delivered_too()
    {
        await using var engine = await StartAsync();
        var endpoint = await AddEndpointAsync(engine);
        await engine.PublishManyAsync(450);
        await engine.QuietAsync();

        var task = await EndOfAsync(engine, await ReplayAsync(engine, endpoint, BackgroundTaskKinds.BulkReplay));
        await DrainedAsync(engine);

        task.Done.ShouldBe(450);
        engine.Receiver.Bodies().CountBy(body => body).ShouldAllBe(pair => pair.Value == 2);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_store_that_fails_before_or_after_any_step_makes_a_replay_neither_lose_nor_repeat_a_message(int seed)
    {
        var random = new Random(seed);
        ChaosStore chaos = null!;
        // The answer that says who owns a lane may get lost, too; here the lane is owned all along.
        await using var engine = await StartAsync(o => { o.LaneWindow = 7; o.LaneLinger = TimeSpan.FromDays(30); }, s => s.AddSingleton<IDeliveryStore>(
            p => chaos ??= new ChaosStore(p.GetRequiredService<IStore>().Deliveries)));
        var endpoint = await AddEndpointAsync(engine);
        engine.Receiver.AnswerWith(_ => 500);
        await engine.PublishManyAsync(700);
        await engine.QuietAsync();
        engine.Receiver.AnswerWith(_ => 200);
        Task Fail(string verb) => verb == "Replay" && random.NextDouble() < 0.4 ? throw new StoreUnavailableException("broken") : Task.CompletedTask;
        (chaos.Before, chaos.After) = (Fail, Fail);

        var task = await EndOfAsync(engine, await ReplayAsync(engine, endpoint, BackgroundTaskKinds.Recover), advance: Second / 2);
        await DrainedAsync(engine);

        (task.Status, task.Done).ShouldBe((BackgroundTaskStatus.Finished, 700));
        engine.Receiver.Bodies().CountBy(body => body).ShouldAllBe(pair => pair.Value == 2);
    }

    [Fact]
    public async Task A_replay_in_the_middle_of_other_traffic_delivers_all_of_both_once()
    {
        await using var engine = await StartAsync(o => { o.LaneWindow = 5; o.EndpointConcurrency = 3; });
        var endpoint = await AddEndpointAsync(engine);
        engine.Receiver.AnswerWith(_ => 500);
        await engine.PublishManyAsync(600, "old");
        await engine.QuietAsync();
        engine.Receiver.AnswerWith(_ => 200);

        var task = await ReplayAsync(engine, endpoint, BackgroundTaskKinds.Recover);
        for (var n = 0; n < 30; n++)
            await engine.PublishManyAsync(20, $"new{n}.");
        await EndOfAsync(engine, task);
        await DrainedAsync(engine);

        engine.Receiver.Bodies().CountBy(body => body).ShouldAllBe(pair => pair.Value == (pair.Key.StartsWith("old") ? 2 : 1));
        engine.Receiver.Received.Count.ShouldBe(1_800);
    }

    [Fact]
    public async Task A_rate_is_kept_and_a_restart_goes_on_where_the_task_was()
    {
        await using var engine = await StartAsync();
        var endpoint = await AddEndpointAsync(engine);
        await engine.PublishManyAsync(30);
        await engine.QuietAsync();

        var task = await ReplayAsync(engine, endpoint, BackgroundTaskKinds.BulkReplay, rate: 10);
        var start = engine.Time.GetUtcNow();
        await UntilDoneAsync(engine, task, 1);
        await engine.UntilAsync(async () =>
        {
            engine.Time.Advance(Second / 20);
            var done = (await GetAsync(engine, task)).Done;
            done.ShouldBeLessThanOrEqualTo(1 + (int)((engine.Time.GetUtcNow() - start).TotalSeconds * 10));
            return done >= 10;
        });
        await engine.RestartAsync();
        var end = await EndOfAsync(engine, task, advance: 0.2 * Second);
        await DrainedAsync(engine);

        end.Done.ShouldBe(30);
        engine.Receiver.Bodies().CountBy(body => body).ShouldAllBe(pair => pair.Value == 2);
    }

    [Fact]
    public async Task A_replay_that_was_begun_without_a_rate_when_that_meant_no_limit_goes_on()
    {
        await using var engine = await StartAsync();
        var endpoint = await AddEndpointAsync(engine);
        await engine.PublishManyAsync(30);
        await engine.QuietAsync();
        var now = engine.Time.GetUtcNow();
        var task = new BackgroundTask
        {
            Id = engine.Get<IdGenerator>().Next<BackgroundTask>(),
            Kind = BackgroundTaskKinds.BulkReplay,
            ApplicationId = endpoint.ApplicationId,
            EndpointId = endpoint.Id,
            Arguments = $$"""{"since":"{{now.AddHours(-1):O}}","until":"{{now.AddHours(1):O}}","rate":null}""",
            CreatedAt = now,
            UpdatedAt = now,
        };
        await engine.Get<IBackgroundTaskStore>().AddAsync(task, default);

        var end = await EndOfAsync(engine, task);

        (end.Status, end.Done).ShouldBe((BackgroundTaskStatus.Finished, 30));
    }

    [Fact]
    public async Task A_large_task_does_not_hold_up_a_small_one_and_stops_where_it_is_cancelled()
    {
        await using var engine = await StartAsync();
        var (large, small) = (await AddEndpointAsync(engine, "large"), await AddEndpointAsync(engine, "small"));
        await engine.PublishManyAsync(30);
        await engine.QuietAsync();

        var slow = await ReplayAsync(engine, large, BackgroundTaskKinds.BulkReplay, rate: 1);
        await UntilDoneAsync(engine, slow, 1);
        (await EndOfAsync(engine, await ReplayAsync(engine, small, BackgroundTaskKinds.BulkReplay), advance: TimeSpan.Zero)).Done.ShouldBe(30);

        await engine.Get<BackgroundTasks>().CancelAsync(slow.Id.ToString(), default);
        for (var n = 0; n < 10; n++)
            await engine.AdvanceAsync(Second);
        var cancelled = await GetAsync(engine, slow);
        (cancelled.Status, cancelled.Done).ShouldBe((BackgroundTaskStatus.Cancelled, 1));
        engine.Receiver.Bodies("large").Count().ShouldBe(31);
        await Should.ThrowAsync<ConflictException>(() => engine.Get<BackgroundTasks>().CancelAsync(slow.Id.ToString(), default));
    }

    [Theory]
    [InlineData(true, "deleted")]
    [InlineData(false, "disabled")]
    public async Task A_replay_to_an_endpoint_that_is_there_no_more_fails_and_says_why(bool delete, string reason)
    {
        await using var engine = await StartAsync();
        var endpoint = await AddEndpointAsync(engine);
        await engine.PublishManyAsync(30);
        await engine.QuietAsync();
        var task = await ReplayAsync(engine, endpoint, BackgroundTaskKinds.BulkReplay, rate: 1);
        await UntilDoneAsync(engine, task, 1);

        if (delete)
            await engine.Get<EndpointRegistry>().DeleteAsync(endpoint.ApplicationId, endpoint.Id.ToString(), default);
        else
            await engine.EditAsync(endpoint, e => e with { Enabled = false });

        var failed = await EndOfAsync(engine, task, advance: Second / 5);
        failed.Status.ShouldBe(BackgroundTaskStatus.Failed);
        failed.Error.ShouldNotBeNull().ShouldContain(reason);
    }

    [Fact]
    public async Task A_disabled_endpoint_is_not_replayed_to()
    {
        await using var engine = await StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { Enabled = false });
        foreach (var kind in new[] { BackgroundTaskKinds.Recover, BackgroundTaskKinds.ReplayMissing, BackgroundTaskKinds.BulkReplay })
            (await Should.ThrowAsync<ConflictException>(() => ReplayAsync(engine, endpoint, kind))).Code.ShouldBe("endpoint_disabled");
    }

    [Fact]
    public async Task A_task_of_a_node_that_was_expelled_goes_on_under_its_new_name_and_repeats_nothing()
    {
        await using var engine = await StartAsync();
        var endpoint = await AddEndpointAsync(engine);
        await engine.PublishManyAsync(30);
        await engine.QuietAsync();
        var task = await ReplayAsync(engine, endpoint, BackgroundTaskKinds.BulkReplay, rate: 10);
        await UntilDoneAsync(engine, task, 1);
        await engine.Get<IDeliveryStore>().LeaveAsync(engine.Dispatcher.Node, default);
        (await EndOfAsync(engine, task, advance: Second / 5)).Done.ShouldBe(30);
        await DrainedAsync(engine);

        // What is in flight at an expulsion is made again, from its same place; a replay that was repeated would have another.
        var made = engine.Outcomes.Where(o => o.Delivery.Trigger == Trigger.Manual).Select(o => (o.Delivery.Message.Id, o.Delivery.Seq)).Distinct();
        await engine.UntilAsync(() => Task.FromResult(made.DistinctBy(pair => pair.Id).Count() == 30));
        made.CountBy(pair => pair.Id).Select(pair => pair.Value).ShouldBe(Enumerable.Repeat(1, 30));
    }

    [Fact]
    public async Task A_broadcast_reaches_every_application_once_although_the_store_fails_and_the_engine_restarts()
    {
        ChaosStore chaos = null!;
        await using var engine = await StartAsync(services: s => s.AddSingleton<IDeliveryStore>(
            p => chaos = new ChaosStore(p.GetRequiredService<IStore>().Deliveries)));
        var urls = new List<string>();
        for (var n = 0; n < 120; n++)
            urls.Add(await AddTenantAsync(engine, n));
        await engine.Get<EndpointRegistry>().CreateAsync(
            (await engine.Get<ApplicationRegistry>().GetAsync(Application.OperationalUid, default)).Id,
            new EndpointInput { Url = "http://127.0.0.1:1/operator", EventTypes = null }, default);
        var failures = 3;
        chaos.After = verb => verb == "Accept" && failures-- > 0 ? throw new StoreUnavailableException("done, and nobody was told") : Task.CompletedTask;

        var task = await engine.Get<BackgroundTasks>().BroadcastAsync(
            new Grapnel.Publishing.PublishRequest { Application = "", EventType = "order.created", Payload = "{ \"n\": 1.0 }"u8.ToArray(), Tags = ["a"] }, default);
        // One at least: how many there are before the task waits for the clock depends on how many messages go into one transaction.
        await engine.UntilAsync(() => Task.FromResult(failures < 3));
        await engine.RestartAsync();
        var end = await EndOfAsync(engine, task, advance: Second / 2);
        await DrainedAsync(engine);

        (end.Status, end.Done, end.Total).ShouldBe((BackgroundTaskStatus.Finished, 121, 121), "120 tenants, and the default application");
        var received = engine.Receiver.Received.Where(r => r.Body == "{ \"n\": 1.0 }").ToList();
        received.Select(r => r.Url).ShouldBe(urls, ignoreOrder: true, "the application of the operator is not among them");
    }

    [Fact]
    public async Task The_end_of_a_task_is_an_operational_event()
    {
        await using var engine = await StartAsync();
        var operational = await engine.Get<ApplicationRegistry>().GetAsync(Application.OperationalUid, default);
        await engine.Get<EndpointRegistry>().CreateAsync(
            operational.Id, new EndpointInput { Url = "http://127.0.0.1:1/operator", EventTypes = [OperationalEventTypes.BackgroundTaskFinished] }, default);
        var endpoint = await AddEndpointAsync(engine);

        var task = await EndOfAsync(engine, await ReplayAsync(engine, endpoint, BackgroundTaskKinds.Recover));
        await engine.UntilAsync(() => Task.FromResult(engine.Receiver.Bodies("operator").Any()));

        var body = engine.Receiver.Bodies("operator").Single();
        body.ShouldContain($"\"taskId\":\"{task.Id}\"");
        body.ShouldContain("\"status\":\"finished\"");
    }

    [Fact]
    public async Task Cancelling_what_is_older_also_empties_the_window_of_the_lane()
    {
        await using var engine = await StartAsync();
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/", e => e with { MaxConcurrency = 1 });
        var release = new TaskCompletionSource();
        engine.Receiver.Answer = async (_, _) => { await release.Task; return ScriptedHandler.Status(200); };
        await engine.PublishManyAsync(1_200, "old");
        engine.Time.Advance(Second);
        var before = engine.Time.GetUtcNow();
        await engine.PublishedAsync("new");

        await engine.Get<Deliveries>().CancelOlderAsync(endpoint, before);
        release.SetResult();
        await engine.QuietAsync();

        engine.Receiver.Received.Count.ShouldBe(2, "one that was in flight, and the new one");
        engine.Receiver.Bodies().ShouldContain("new");
        (await engine.PendingAsync()).ShouldBe(0);
    }

    private static Task<EngineHarness> StartAsync(Action<DeliveryOptions>? configure = null, Action<IServiceCollection>? services = null) =>
        EngineHarness.StartAsync(o => { o.BreakerThreshold = 1_000_000; configure?.Invoke(o); }, services);

    private static Task<Endpoint> AddEndpointAsync(EngineHarness engine, string name = "a") =>
        engine.AddEndpointAsync($"http://127.0.0.1:1/{name}", e => e with { RetrySchedule = [] });

    private static async Task<string> AddTenantAsync(EngineHarness engine, int n)
    {
        var application = await engine.Get<ApplicationRegistry>().CreateAsync(new ApplicationInput { Name = $"Tenant {n}" });
        var url = $"http://127.0.0.1:1/{n}";
        await engine.Get<EndpointRegistry>().CreateAsync(application.Id, new EndpointInput { Url = url }, default);
        return url;
    }

    private static Task<BackgroundTask> ReplayAsync(EngineHarness engine, Endpoint endpoint, string kind, int? rate = null) =>
        engine.Get<BackgroundTasks>().ReplayAsync(
            endpoint, kind, new ReplayInput { Since = engine.Time.GetUtcNow().AddHours(-1), Rate = rate }, default);

    private static Task<BackgroundTask> GetAsync(EngineHarness engine, BackgroundTask task) =>
        engine.Get<BackgroundTasks>().GetAsync(task.Id.ToString(), default);

    private static Task UntilDoneAsync(EngineHarness engine, BackgroundTask task, int done) =>
        engine.UntilAsync(async () =>
        {
            var now = (await GetAsync(engine, task)).Done;
            now.ShouldBeLessThanOrEqualTo(done);
            return now == done;
        });

    // The dispatcher hears of a step after the store has it, so being quiet says nothing yet. What came while its lane was given back is looked for after a
    // moment.
    private static Task DrainedAsync(EngineHarness engine) => engine.UntilAsync(async () =>
    {
        engine.Time.Advance(Second / 20);
        return await engine.PendingAsync() == 0;
    });

    private static async Task<BackgroundTask> EndOfAsync(EngineHarness engine, BackgroundTask task, TimeSpan? advance = null)
    {
        await engine.UntilAsync(async () =>
        {
            engine.Time.Advance(advance ?? Second);
            return (await GetAsync(engine, task)).Status != BackgroundTaskStatus.Running;
        });
        return await GetAsync(engine, task);
    }
}
