using Grapnel.Housekeeping;
using Grapnel.Publishing;
using Grapnel.Registry;
using Grapnel.Storage;
using Grapnel.Tests.Engine;

namespace Grapnel.Tests.Publishing;

public sealed class PublisherTests
{
    [Fact]
    public async Task A_retention_counts_from_the_acceptance()
    {
        await using var engine = await EngineHarness.StartAsync();
        var message = await engine.PublishedAsync("{}", request => request with { PayloadRetention = TimeSpan.FromHours(3) });
        message.ContentExpiresAt.ShouldBe(message.AcceptedAt + TimeSpan.FromHours(3));
        (await engine.PublishedAsync()).ContentExpiresAt.ShouldBeNull();
    }

    [Fact]
    public async Task An_event_type_that_another_node_made_is_known_before_this_one_was_told_of_it()
    {
        await using var engine = await EngineHarness.StartAsync();
        await PublishAsync("order.created");
        var now = engine.Time.GetUtcNow();
        await engine.Get<ICatalogStore>().AddEventTypeAsync(new EventType { Name = "order.paid", Description = "", CreatedAt = now, UpdatedAt = now }, default);

        (await engine.Get<Publisher>().PreviewAsync(
            new PublishRequest { Application = Application.DefaultUid, EventType = "order.paid", Payload = "{}"u8.ToArray(), RequireEventType = true }, default))
            .Status.ShouldBe(PublishStatus.Accepted);
        await engine.Get<ICatalogStore>().AddEventTypeAsync(new EventType { Name = "order.sent", Description = "", CreatedAt = now, UpdatedAt = now }, default);
        (await PublishAsync("order.sent")).ShouldBe(PublishStatus.Accepted);
        (await PublishAsync("order.lost")).ShouldBe(PublishStatus.UnknownEventType);

        async Task<PublishStatus> PublishAsync(string type) =>
            (await engine.PublishAsync(change: request => request with { EventType = type, RequireEventType = true })).Status;
    }

    [Fact]
    public async Task What_a_schedule_publishes_is_held_against_the_schema_too()
    {
        await using var engine = await EngineHarness.StartAsync();
        var types = engine.Get<EventTypeRegistry>();
        await types.EditAsync("order.created", type => type with { Schemas = """{"1":{"required":["id"]}}""", Validation = SchemaValidation.Enforce }, default);
        var application = await engine.DefaultApplicationAsync();
        var schedule = new Schedule
        {
            Id = engine.Get<IdGenerator>().Next<Schedule>(), ApplicationId = application.Id, EventType = "order.created", Payload = "{}"u8.ToArray(),
            NextAt = engine.Time.GetUtcNow(), CreatedAt = engine.Time.GetUtcNow(), UpdatedAt = engine.Time.GetUtcNow(),
        };
        (await Should.ThrowAsync<NotFoundException>(() => ScheduledPublish.RunAsync(engine.Get<Publisher>(), schedule, schedule.NextAt, default)))
            .Message.ShouldContain(nameof(PublishStatus.PayloadDoesNotFit));
        await ScheduledPublish.RunAsync(engine.Get<Publisher>(), schedule with { Payload = """{"id":1}"""u8.ToArray() }, schedule.NextAt, default);
    }

    [Fact]
    public async Task Nothing_is_published_to_an_operator_who_did_not_ask_for_it()
    {
        await using var engine = await EngineHarness.StartAsync();
        var operational = await engine.Get<ApplicationRegistry>().GetAsync(Application.OperationalUid, default);
        await engine.Get<EndpointRegistry>().CreateAsync(
            operational.Id, new EndpointInput { Url = "http://127.0.0.1:1/ops", EventTypes = [OperationalEventTypes.EndpointDeleted] }, default);
        var told = engine.WhenOutcomes(1, o => o.Endpoint.ApplicationId == operational.Id);
        var endpoint = await engine.AddEndpointAsync("http://127.0.0.1:1/");
        await engine.EditAsync(endpoint, e => e with { Description = "x" });
        await engine.Get<EndpointRegistry>().DeleteAsync(endpoint.ApplicationId, endpoint.Id.ToString(), default);
        await told;
        var messages = await engine.Get<IHistoryStore>().ListMessagesAsync(operational.Id, new MessageFilter(), new PageRequest(), default);
        messages.Items.Select(message => message.EventType).ShouldBe([OperationalEventTypes.EndpointDeleted]);
    }

    [Fact]
    public async Task A_plan_without_filters_is_made_once_and_one_with_filters_looks_at_each_payload()
    {
        await using var engine = await EngineHarness.StartAsync();
        await engine.AddEndpointAsync("http://127.0.0.1:1/all");
        var routes = (await engine.Get<RouteCache>().FindAsync("default", default))!;
        var plan = routes.Plan("order.created", null);
        plan.For("no json"u8.ToArray()).ShouldBeSameAs(plan);

        var vip = await engine.AddEndpointAsync("http://127.0.0.1:1/vip", e => e with { Filter = "vip" });
        routes = (await engine.Get<RouteCache>().FindAsync("default", default))!;
        plan = routes.Plan("order.created", null);
        plan.For("""{"vip":true}"""u8.ToArray()).ShouldBeSameAs(plan);
        plan.For("""{"vip":false}"""u8.ToArray()).Owed.ShouldNotContain(vip.Id);
    }
}
