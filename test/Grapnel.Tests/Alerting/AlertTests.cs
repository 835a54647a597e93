using Grapnel.Alerting;
using Grapnel.Registry;
using Grapnel.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Tests.Alerting;

public sealed class AlertTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_failing_endpoint_is_told_once_over_restarts_too_again_after_some_time_and_when_it_is_over()
    {
        await using var rig = await AlertRig.StartAsync();
        var endpoint = await rig.Engine.AddEndpointAsync("http://127.0.0.1:1/", input => input with { Uid = "shop", RetrySchedule = [.. Enumerable.Repeat(20 * Minute, 10)] });
        rig.Engine.Receiver.AnswerWith(request => request.Url.Contains(":1/") ? 500 : 200);
        await rig.Engine.PublishedAsync();
        await rig.Engine.QuietAsync();
        await rig.NothingForAsync(5 * Minute);

        await rig.TurnAsync(5 * Minute);
        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 1 && rig.Events.Count == 1);
        rig.Mailbox.Sent[0].ShouldStartWith("[Grapnel] Endpoint shop has done nothing but fail since 2030-01-01 00:00 UTC");
        (rig.Events[0].Type, rig.Events[0].Status).ShouldBe(("alert.endpoint", "raised"));
        await rig.NothingForAsync(10 * Minute);
        await rig.Engine.RestartAsync();
        await rig.NothingForAsync(10 * Minute);

        await rig.TurnAsync(AlertRig.RepeatAfter);
        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 2 && rig.Events.Count == 2);
        rig.Events[1].ShouldBe(rig.Events[0]);
        await rig.NothingForAsync(10 * Minute);

        rig.Engine.Receiver.AnswerWith(_ => 200);
        await rig.TurnAsync(30 * Minute);
        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 3 && rig.Events.Count == 3);
        rig.Mailbox.Sent[2].ShouldStartWith("[Grapnel] Over: Endpoint shop");
        (rig.Events[2].Type, rig.Events[2].Status).ShouldBe(("alert.endpoint", "resolved"));
        await rig.Engine.UntilAsync(async () => (await rig.Engine.Get<IAlertStore>().ReadAsync(default)).Count == 0);
        await rig.NothingForAsync(10 * Minute);
        (await rig.Engine.Get<IHistoryStore>().FindHealthAsync(endpoint.Id, default))?.FailingSince.ShouldBeNull();
    }

    [Fact]
    public async Task An_endpoint_that_the_engine_disables_is_told_once_and_when_a_person_enables_it()
    {
        await using var rig = await AlertRig.StartAsync();
        var endpoint = await rig.Engine.AddEndpointAsync("http://127.0.0.1:1/", input => input with { Uid = "shop" });
        rig.Engine.Receiver.AnswerWith(request => request.Url.Contains(":1/") ? 410 : 200);
        var disabled = rig.Engine.WhenChanged(endpoint.Id);
        await rig.Engine.PublishedAsync();
        await disabled;

        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 1);
        rig.Mailbox.Sent[0].ShouldBe("[Grapnel] Endpoint shop was disabled: the receiver answered 410");
        await rig.TurnAsync(2 * AlertRig.RepeatAfter);
        await rig.NothingForAsync(10 * Minute);
        await rig.Engine.EditAsync(endpoint, input => input with { Enabled = true });
        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 2);
        rig.Mailbox.Sent[1].ShouldStartWith("[Grapnel] Over: Endpoint shop was disabled");
    }

    [Fact]
    public async Task An_endpoint_that_is_disabled_after_it_was_told_as_failing_is_told_as_disabled_and_only_that_is_over_in_the_end()
    {
        await using var rig = await AlertRig.StartAsync();
        var endpoint = await rig.Engine.AddEndpointAsync("http://127.0.0.1:1/", input => input with { Uid = "shop" });
        await FailSinceAsync(rig, 20 * Minute, endpoint);
        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 1 && rig.Events.Count == 1);
        rig.Mailbox.Sent[0].ShouldStartWith("[Grapnel] Endpoint shop has done nothing but fail");

        await rig.Engine.Get<EndpointRegistry>().DisableAsync(endpoint.Id, EndpointDisabledReason.FailingForTooLong, default);
        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 2 && rig.Events.Count == 2);
        rig.Mailbox.Sent[1].ShouldBe("[Grapnel] Endpoint shop was disabled: it did nothing but fail for too long");
        (rig.Events[1].Type, rig.Events[1].Status).ShouldBe(("alert.endpoint", "raised"));
        await rig.NothingForAsync(2 * AlertRig.RepeatAfter);

        await rig.Engine.EditAsync(endpoint, input => input with { Enabled = true });
        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 3 && rig.Events.Count == 3);
        rig.Mailbox.Sent[2].ShouldStartWith("[Grapnel] Over: Endpoint shop was disabled");
        await rig.NothingForAsync(10 * Minute);
    }

    [Fact]
    public async Task An_endpoint_that_fails_now_and_then_after_it_did_nothing_else_is_over()
    {
        await using var rig = await AlertRig.StartAsync();
        var endpoint = await rig.Engine.AddEndpointAsync("http://127.0.0.1:1/", input => input with { Uid = "shop" });
        await FailSinceAsync(rig, 20 * Minute, endpoint);
        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 1);

        // An attempt succeeded, and the next one failed.
        await FailSinceAsync(rig, TimeSpan.Zero, endpoint);
        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 2);
        rig.Mailbox.Sent[1].ShouldStartWith("[Grapnel] Over: Endpoint shop has done nothing but fail");
    }

    [Fact]
    public async Task Each_of_many_endpoints_is_told_and_those_that_are_disabled_never_again()
    {
        const int Disabled = 30, Failing = 80;
        await using var rig = await AlertRig.StartAsync();
        foreach (var endpoint in await AddManyAsync(rig, Disabled))
            await rig.Engine.Get<EndpointRegistry>().DisableAsync(endpoint.Id, EndpointDisabledReason.Gone, default);
        await rig.UntilAsync(() => rig.Events.Count == Disabled);

        await FailSinceAsync(rig, 20 * Minute, await AddManyAsync(rig, Failing));
        await rig.UntilAsync(() => rig.Events.Count == Disabled + Failing);
        rig.Events.Select(told => told.Text).Distinct().Count().ShouldBe(Disabled + Failing);

        await rig.TurnAsync(AlertRig.RepeatAfter);
        await rig.UntilAsync(() => rig.Events.Count == Disabled + 2 * Failing);
        await rig.TurnAsync();
        await rig.Engine.QuietAsync();
        rig.Events.Skip(Disabled + Failing).Select(told => told.Text).ShouldBe(rig.Events.Skip(Disabled).Take(Failing).Select(told => told.Text), ignoreOrder: true);
    }

    [Fact]
    public async Task Messages_that_wait_although_their_endpoint_is_well_are_told_until_they_are_sent()
    {
        await using var rig = await AlertRig.StartAsync(services => services
            .Configure<AlertOptions>(alerts => alerts.BacklogAge = TimeSpan.FromMinutes(2)).Configure<NodeOptions>(node => node.Sweep = TimeSpan.FromMinutes(10)));
        var endpoint = await rig.Engine.AddEndpointAsync("http://127.0.0.1:1/");
        // As if it had come to a lane that nobody looks after.
        await rig.Engine.Get<IDeliveryStore>().AcceptAsync(new AcceptBatch(rig.Engine.Dispatcher.Node, [new AcceptItem(await MessageAsync(rig), [endpoint.Id], null)], []), default);

        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 1);
        rig.Mailbox.Sent[0].ShouldStartWith("[Grapnel] Messages wait for their first attempt, the oldest for ");
        await rig.TurnAsync(TimeSpan.FromMinutes(8));
        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 2);
        rig.Mailbox.Sent[1].ShouldStartWith("[Grapnel] Over: Messages wait");
    }

    [Fact]
    public async Task A_node_that_was_given_up_is_told_and_forgotten_when_it_does_not_come_back()
    {
        await using var rig = await AlertRig.StartAsync();
        await rig.Engine.Get<IDeliveryStore>().JoinAsync("other", NodeRoles.All, default);

        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 1);
        rig.Mailbox.Sent[0].ShouldBe("[Grapnel] Node other was lost: it sent no heartbeat any more");
        await rig.TurnAsync(AlertRig.RepeatAfter + Minute);
        await rig.NothingForAsync(10 * Minute);
        (await rig.Engine.Get<IAlertStore>().ReadAsync(default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_node_is_told_once_whoever_gave_it_up_unless_it_is_back()
    {
        await using var rig = await AlertRig.StartAsync();
        var nodes = rig.Engine.Get<IDeliveryStore>();
        await nodes.JoinAsync("other", NodeRoles.All, default);
        await nodes.JoinAsync(Environment.MachineName, NodeRoles.All, default);

        // As another node does, which may do nothing else, and stop right after it.
        (await nodes.ExpelAsync(rig.Engine.Dispatcher.Node, -Minute, default)).Order().ShouldBe(new[] { Environment.MachineName, "other" }.Order());

        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 1 && rig.Events.Count == 1);
        rig.Mailbox.Sent[0].ShouldBe("[Grapnel] Node other was lost: it sent no heartbeat any more");
        (rig.Events[0].Type, rig.Events[0].Status).ShouldBe(("alert.node", "raised"));
        await rig.NothingForAsync(10 * Minute);
        (await rig.Engine.Get<IStore>().Alerts.ReadAsync(default)).Select(alert => alert.Subject).ShouldBe(["other"]);
    }

    [Fact]
    public async Task A_mail_that_was_not_taken_is_sent_later_and_holds_nothing_up()
    {
        await using var rig = await AlertRig.StartAsync(services => services.Configure<HealthOptions>(health => health.MinFreeDiskBytes = long.MaxValue));
        rig.Mailbox.IsFull = true;
        await rig.UntilAsync(() => rig.Mailbox.Refused == 2 && rig.Events.Count == 1);
        rig.Events[0].Type.ShouldBe("alert.disk");

        rig.Mailbox.IsFull = false;
        await rig.UntilAsync(() => rig.Mailbox.Sent.Count == 1);
        rig.Mailbox.Sent[0].ShouldStartWith($"[Grapnel] The disk of {Environment.MachineName} runs low");
        await rig.NothingForAsync(10 * Minute);
    }

    private static async Task<Endpoint[]> AddManyAsync(AlertRig rig, int count)
    {
        var endpoints = new Endpoint[count];
        for (var i = 0; i < count; i++)
            endpoints[i] = await rig.Engine.AddEndpointAsync("http://127.0.0.1:1/");
        return endpoints;
    }

    private static async Task FailSinceAsync(AlertRig rig, TimeSpan ago, params Endpoint[] endpoints)
    {
        var health = Array.ConvertAll(endpoints, endpoint => new EndpointHealth(endpoint.Id, rig.Engine.Time.GetUtcNow() - ago, 3, 0));
        (await rig.Engine.Get<IDeliveryStore>().SettleAsync(new SettleBatch(rig.Engine.Dispatcher.Node, [], health, []), default)).ShouldBeTrue();
    }

    private static async Task<Message> MessageAsync(AlertRig rig) => new()
    {
        Id = rig.Engine.Get<IdGenerator>().Next<Message>(), ApplicationId = (await rig.Engine.DefaultApplicationAsync()).Id, EventType = "order.created",
        Payload = "{}"u8.ToArray(), AcceptedAt = rig.Engine.Time.GetUtcNow(), RouteVersion = 1,
    };
}
