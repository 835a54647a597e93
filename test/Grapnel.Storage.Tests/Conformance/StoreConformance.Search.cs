namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task A_message_is_found_by_its_id_alone_also_when_ids_and_places_grew_apart()
    {
        var messages = Enumerable.Range(0, 40).Select(i => NewMessage() with { ApplicationId = i % 2 == 0 ? Tenant : Ids.Next<Application>() }).ToList();
        // As if publishers had overtaken each other.
        await AcceptAsync([.. messages.AsEnumerable().Reverse().Select(message => Owe(message))]);
        foreach (var message in messages)
            (await Search.FindMessageAsync(message.Id, default)).ShouldNotBeNull().ApplicationId.ShouldBe(message.ApplicationId);
        (await Search.FindMessageAsync(Ids.Next<Message>(), default)).ShouldBeNull();
    }

    [Fact]
    public async Task Messages_are_found_by_event_id_in_every_application()
    {
        var (one, two) = (NewMessage("order-1"), NewMessage("order-1") with { ApplicationId = Ids.Next<Application>() });
        await AcceptAsync(Owe(one), Owe(two), Owe(NewMessage("order-2")), Owe(NewMessage()));
        (await Search.FindByEventIdAsync("order-1", 10, default)).Select(message => message.Id).ShouldBe([one.Id, two.Id]);
        (await Search.FindByEventIdAsync("order-1", 1, default)).Count.ShouldBe(1);
        (await Search.FindByEventIdAsync("order-3", 10, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_last_event_id_with_a_beginning_is_found_within_its_application()
    {
        var (first, last) = (NewMessage("s.1000"), NewMessage("s.2000"));
        await AcceptAsync(Owe(last), Owe(first), Owe(NewMessage("s/9000")), Owe(NewMessage("s9")), Owe(NewMessage("s.3000") with { ApplicationId = Ids.Next<Application>() }));
        (await Search.FindLastByEventIdAsync(Tenant, "s.", default)).ShouldNotBeNull().Id.ShouldBe(last.Id);
        (await Search.FindLastByEventIdAsync(Tenant, "t.", default)).ShouldBeNull();
    }

    [Fact]
    public async Task An_attempt_is_found_by_its_id_alone()
    {
        var lanes = new[] { NewLane(), NewLane(), NewLane() };
        await PublishAsync(lanes);
        var settlement = Delivered((await PendingAsync(lanes[1])).Single());
        await SettleAsync(Delivered((await PendingAsync(lanes[0])).Single()), settlement, Delivered((await PendingAsync(lanes[2])).Single()));
        (await Search.FindAttemptAsync(settlement.Attempt.Id, default)).ShouldNotBeNull().EndpointId.ShouldBe(lanes[1]);
        (await Search.FindAttemptAsync(Ids.Next<Attempt>(), default)).ShouldBeNull();
    }

    [Fact]
    public async Task Endpoints_are_found_by_uid_and_by_the_beginning_of_their_url_exact_ones_first()
    {
        var acme = await AddApplicationAsync("acme");
        async Task<Endpoint> Add(string url, string? uid = null)
        {
            var now = Clock.GetUtcNow();
            var endpoint = new Endpoint
            {
                Id = Ids.Next<Endpoint>(), ApplicationId = acme.Id, Uid = uid, Url = url, Secrets = [], CreatedAt = now, UpdatedAt = now,
            };
            await Catalog.AddEndpointAsync(endpoint, default);
            return endpoint;
        }
        var (longer, exact, other) = (await Add("https://a.example/hook/2"), await Add("https://a.example/hook"), await Add("http://b.example/", "shop"));

        async Task ShouldFind(string text, params Endpoint[] expected) =>
            (await Search.FindEndpointsAsync(text, 10, default)).Select(hit => hit.Id).ShouldBe(expected.Select(endpoint => endpoint.Id), text);

        await ShouldFind("https://a.example/hook", exact, longer);
        await ShouldFind("a.example/hook", exact, longer);
        await ShouldFind("https://a.ex", longer, exact);
        await ShouldFind("b.example", other);
        await ShouldFind("shop", other);
        await ShouldFind("nothing");
        (await Search.FindEndpointsAsync("a.example/hook", 1, default)).Single().IsExact.ShouldBeTrue();
    }

    [Fact]
    public async Task The_application_of_a_schedule_is_found()
    {
        var acme = await AddApplicationAsync("acme");
        var schedule = NewSchedule(acme, Start);
        await Catalog.AddScheduleAsync(schedule, default);
        (await Search.FindScheduleOwnerAsync(schedule.Id, default)).ShouldBe(acme.Id);
        (await Search.FindScheduleOwnerAsync(Ids.Next<Schedule>(), default)).ShouldBeNull();
    }
}
