using Grapnel.Sending;

namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task A_message_is_found_by_id_and_event_id_in_its_own_application_only()
    {
        var message = NewMessage("order-1", payload: [7]);
        await AcceptAsync(Owe(message));

        foreach (var key in new[] { message.Id.ToString(), "order-1" })
        {
            (await History.FindMessageAsync(Tenant, key, default))!.Payload!.Value.ToArray().ShouldBe([7]);
            (await History.FindMessageAsync(Ids.Next<Application>(), key, default)).ShouldBeNull();
        }
        (await History.FindMessageAsync(Tenant, "order-2", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Messages_are_listed_by_any_filter_and_any_mix_of_filters()
    {
        var ids = new List<Id<Message>>();
        for (var i = 0; i < 4; i++)
        {
            var message = NewMessage() with { EventType = $"type.{i % 2}", Channels = i < 2 ? ["red", "blue"] : null, Tags = i == 3 ? ["vip"] : null };
            await AcceptAsync(Owe(message));
            ids.Add(message.Id);
            Clock.Advance(TimeSpan.FromSeconds(1));
        }
        await AcceptAsync(Owe(NewMessage() with { ApplicationId = Ids.Next<Application>() }));
        async Task<int[]> Indexes(MessageFilter filter) =>
            [.. (await History.ListMessagesAsync(Tenant, filter, new PageRequest(), default)).Items.Select(message => ids.IndexOf(message.Id))];

        (await Indexes(new MessageFilter())).ShouldBe([3, 2, 1, 0]);
        (await Indexes(new MessageFilter(Channel: "blue"))).ShouldBe([1, 0]);
        (await Indexes(new MessageFilter(Tag: "vip"))).ShouldBe([3]);
        (await Indexes(new MessageFilter(EventTypes: ["type.1", "none"]))).ShouldBe([3, 1]);
        (await Indexes(new MessageFilter(EventTypes: ["type.1"], Channel: "red"))).ShouldBe([1]);
        (await Indexes(new MessageFilter(Before: Start.AddSeconds(2)))).ShouldBe([1, 0]);
        (await Indexes(new MessageFilter(After: Start.AddSeconds(1)))).ShouldBe([3, 2]);
        (await Indexes(new MessageFilter(After: Start, Before: Start.AddSeconds(3)))).ShouldBe([2, 1]);
    }

    [Fact]
    public async Task A_list_may_reach_from_the_beginning_of_time_to_its_end()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        await SettleAsync(Delivered((await PendingAsync(lane)).Single()));
        var (first, last) = (DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        async Task<int> Messages(MessageFilter filter) => (await History.ListMessagesAsync(Tenant, filter, new PageRequest(), default)).Items.Count;
        async Task<int> Attempts(AttemptFilter filter) => (await History.ListAttemptsAsync(Tenant, filter, new PageRequest(), default)).Items.Count;

        (await Messages(new MessageFilter(After: first, Before: last))).ShouldBe(1);
        (await Messages(new MessageFilter(After: last))).ShouldBe(0);
        (await Messages(new MessageFilter(Before: first))).ShouldBe(0);
        (await Attempts(new AttemptFilter(message.Id, After: first, Before: last))).ShouldBe(1);
        (await Attempts(new AttemptFilter(message.Id, After: last))).ShouldBe(0);
    }

    [Fact]
    public async Task A_time_that_is_finer_than_those_of_the_store_parts_a_list_where_it_says()
    {
        await PublishAsync();

        async Task<int> Count(MessageFilter filter) => (await History.ListMessagesAsync(Tenant, filter, new PageRequest(), default)).Items.Count;
        (await Count(new MessageFilter(Before: Start))).ShouldBe(0);
        (await Count(new MessageFilter(Before: Start.AddTicks(1)))).ShouldBe(1);
        (await Count(new MessageFilter(After: Start.AddTicks(-1)))).ShouldBe(1);
        (await Count(new MessageFilter(After: Start))).ShouldBe(0);
    }

    [Fact]
    public async Task Messages_are_read_by_id_in_their_own_application_only_with_or_without_their_payloads()
    {
        var (first, second, foreign) = (await PublishAsync(), await PublishAsync(), NewMessage() with { ApplicationId = Ids.Next<Application>() });
        await AcceptAsync(Owe(foreign));
        Id<Message>[] ids = [second.Id, foreign.Id, Ids.Next<Message>(), first.Id];

        var whole = await History.ReadMessagesAsync(Tenant, ids, withPayload: true, default);
        var bare = await History.ReadMessagesAsync(Tenant, ids, withPayload: false, default);

        whole.Select(message => message.Id).Order().ShouldBe([first.Id, second.Id]);
        whole.ShouldAllBe(message => message.Payload != null);
        bare.Select(message => message.Id).Order().ShouldBe([first.Id, second.Id]);
        bare.ShouldAllBe(message => message.Payload == null);
    }

    [Fact]
    public async Task Payloads_are_left_out_of_a_list_on_demand()
    {
        await PublishAsync();

        (await History.ListMessagesAsync(Tenant, new MessageFilter(), new PageRequest(), default)).Items.Single().Payload.ShouldNotBeNull();
        (await History.ListMessagesAsync(Tenant, new MessageFilter(WithPayload: false), new PageRequest(), default)).Items.Single().Payload.ShouldBeNull();
    }

    [Fact]
    public async Task Attempts_are_listed_by_any_filter()
    {
        var (a, b) = (NewLane(), NewLane());
        var first = NewMessage() with { EventType = "type.0", Channels = ["red"] };
        var second = NewMessage() with { EventType = "type.1", Tags = ["vip"] };
        await AcceptAsync(Owe(first, a, b), Owe(second, a));
        var atA = await PendingAsync(a);
        var atB = (await PendingAsync(b)).Single();
        var lost = Retried(atA[0], TimeSpan.FromSeconds(1));
        lost = lost with { Attempt = lost.Attempt with { Outcome = SendOutcome.ConnectionLost, StatusCode = 0 } };
        var all = new List<Id<Attempt>>();
        foreach (var settlement in new[] { lost, Delivered(atA[1]), Ended(atB, DeliveryEnd.Exhausted) })
        {
            var started = settlement.Attempt with { Id = Ids.Next<Attempt>(), StartedAt = Clock.GetUtcNow() };
            Clock.Advance(TimeSpan.FromSeconds(1));
            await SettleAsync(settlement with { Attempt = started });
            all.Add(started.Id);
        }
        async Task<int[]> Indexes(AttemptFilter filter) =>
            [.. (await History.ListAttemptsAsync(Tenant, filter, new PageRequest(), default)).Items.Select(attempt => all.IndexOf(attempt.Id))];

        (await Indexes(new AttemptFilter(EndpointId: a))).ShouldBe([1, 0]);
        (await Indexes(new AttemptFilter(MessageId: first.Id))).ShouldBe([2, 0]);
        (await Indexes(new AttemptFilter(MessageId: first.Id, EndpointId: b))).ShouldBe([2]);
        (await Indexes(new AttemptFilter(EndpointId: a, Succeeded: true))).ShouldBe([1]);
        (await Indexes(new AttemptFilter(EndpointId: a, Succeeded: false))).ShouldBe([0]);
        (await Indexes(new AttemptFilter(EndpointId: a, StatusCodeClass: 0))).ShouldBe([0]);
        (await Indexes(new AttemptFilter(EndpointId: a, StatusCodeClass: 200))).ShouldBe([1]);
        (await Indexes(new AttemptFilter(MessageId: first.Id, StatusCodeClass: 500))).ShouldBe([2]);
        (await Indexes(new AttemptFilter(EndpointId: a, Channel: "red"))).ShouldBe([0]);
        (await Indexes(new AttemptFilter(EndpointId: a, Tag: "vip"))).ShouldBe([1]);
        (await Indexes(new AttemptFilter(MessageId: first.Id, Channel: "red", Tag: "vip"))).ShouldBeEmpty();
        (await Indexes(new AttemptFilter(EndpointId: a, Succeeded: false, StatusCodeClass: 200))).ShouldBeEmpty();
        (await Indexes(new AttemptFilter(EndpointId: a, Succeeded: true, StatusCodeClass: 500))).ShouldBeEmpty();
        (await Indexes(new AttemptFilter(EndpointId: a, EventTypes: ["type.1"]))).ShouldBe([1]);
        (await Indexes(new AttemptFilter(EndpointId: a, Before: Start.AddSeconds(1)))).ShouldBe([0]);
        (await Indexes(new AttemptFilter(EndpointId: a, After: Start))).ShouldBe([1]);
        (await History.ListAttemptsAsync(Ids.Next<Application>(), new AttemptFilter(EndpointId: a), new PageRequest(), default)).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_states_of_a_message_come_in_order_of_endpoint_id()
    {
        var lanes = Enumerable.Range(0, 5).Select(_ => NewLane()).ToArray();
        var message = await PublishAsync([.. lanes.Reverse()]);
        await SettleAsync(Delivered((await PendingAsync(lanes[2])).Single()));

        (await History.ReadDeliveriesAsync(message, default)).Select(state => state.EndpointId).ShouldBe(lanes);
        (await History.ReadDeliveriesAsync(NewMessage(), default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_backlog_counts_what_is_pending_and_dates_the_oldest()
    {
        var (a, b) = (NewLane(), NewLane());
        await PublishAsync(a);
        Clock.Advance(TimeSpan.FromSeconds(1));
        await PublishAsync(a, b);
        var head = (await PendingAsync(a))[0];

        (await History.ReadBacklogAsync(default)).ShouldBe(new Backlog(3, Start));
        await SettleAsync(Retried(head, TimeSpan.FromHours(1)));
        (await History.ReadBacklogAsync(default)).ShouldBe(new Backlog(3, Start));
        await SettleAsync(Delivered(head));
        (await History.ReadBacklogAsync(default)).ShouldBe(new Backlog(2, Start.AddSeconds(1)));
    }

    [Fact]
    public async Task Pruning_forgets_old_messages_with_all_they_left_behind_and_keeps_the_rest()
    {
        var lane = NewLane();
        var (done, waiting) = (await PublishAsync(lane), await PublishAsync(lane));
        var settlement = Delivered((await PendingAsync(lane))[0]);
        await SettleAsync(settlement);
        Clock.Advance(TimeSpan.FromHours(1));
        var young = await PublishAsync();

        await PruneAsync(Start.AddMinutes(30));

        (await History.FindMessageAsync(Tenant, done.Id.ToString(), default)).ShouldBeNull();
        (await History.ReadDeliveriesAsync(done, default)).ShouldBeEmpty();
        (await History.FindAttemptAsync(done.Id, settlement.Attempt.Id, default)).ShouldBeNull();
        (await History.ListAttemptsAsync(Tenant, new AttemptFilter(EndpointId: lane), new PageRequest(), default)).Items.ShouldBeEmpty();
        (await History.ReadRollupsAsync(lane, Start.AddHours(-1), Start.AddHours(2), default)).ShouldBeEmpty();
        (await History.FindMessageAsync(Tenant, waiting.Id.ToString(), default)).ShouldNotBeNull();
        (await History.FindMessageAsync(Tenant, young.Id.ToString(), default)).ShouldNotBeNull();
        (await PendingAsync(lane)).Single().Message.Id.ShouldBe(waiting.Id);
    }

    [Fact]
    public async Task Pruning_takes_no_more_than_its_limit_and_says_when_it_is_done()
    {
        // A store may drop whole spans of time at once; this one lies outside of those that it has prepared.
        Clock.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 5; i++)
            await PublishAsync();
        var other = NewMessage() with { ApplicationId = Ids.Next<Application>() };
        await AcceptAsync(Owe(other));
        Clock.Advance(TimeSpan.FromHours(1));

        var next = (await History.PruneAsync(Clock.GetUtcNow(), null, 3, default)).ShouldNotBeNull();
        (await CountMessagesAsync()).ShouldBe(2);
        while (next is not null)
            next = await History.PruneAsync(Clock.GetUtcNow(), next, 3, default);

        (await CountMessagesAsync()).ShouldBe(0);
        (await History.FindMessageAsync(other.ApplicationId, other.Id.ToString(), default)).ShouldBeNull();
    }

    [Fact]
    public async Task Messages_that_are_still_pending_do_not_keep_what_lies_behind_them_from_being_pruned()
    {
        var lane = NewLane();
        for (var i = 0; i < 7; i++)
            await PublishAsync(i < 5 ? [lane] : []);
        Clock.Advance(TimeSpan.FromHours(1));

        await PruneAsync(Clock.GetUtcNow(), limit: 2);

        (await CountMessagesAsync()).ShouldBe(5);
        (await PendingAsync(lane)).Count.ShouldBe(5);
    }

    [Fact]
    public async Task However_many_roll_ups_are_old_all_of_them_are_pruned()
    {
        var lanes = Enumerable.Range(0, 5).Select(_ => NewLane()).ToArray();
        await Deliveries.CancelAsync(await PublishAsync(lanes), null, default);
        Clock.Advance(TimeSpan.FromHours(1));

        await PruneAsync(Clock.GetUtcNow(), limit: 2);

        foreach (var lane in lanes)
            (await History.ReadRollupsAsync(lane, Start.AddHours(-1), Start.AddHours(1), default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_message_from_a_clock_that_ran_ahead_does_not_keep_older_ones_from_being_pruned()
    {
        var ahead = NewMessage() with { Id = Id<Message>.FirstAt(Start.AddDays(365)) };
        await AcceptAsync(Owe(ahead));
        await PublishAsync();
        Clock.Advance(TimeSpan.FromHours(1));

        await PruneAsync(Clock.GetUtcNow());

        (await CountMessagesAsync()).ShouldBe(1);
        (await History.FindMessageAsync(Tenant, ahead.Id.ToString(), default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task An_event_id_is_free_again_once_its_message_was_pruned()
    {
        await AcceptAsync(Owe(NewMessage("order-1")));
        Clock.Advance(TimeSpan.FromHours(1));
        await PruneAsync(Clock.GetUtcNow());

        (await AcceptAsync(Owe(NewMessage("order-1")))).Receipts.Single().Status.ShouldBe(AcceptStatus.Accepted);
    }

    private async Task<int> CountMessagesAsync() =>
        (await History.ListMessagesAsync(Tenant, new MessageFilter(), new PageRequest(), default)).Items.Count;

    private async Task<int> PruneAsync(DateTimeOffset before, int limit = 10)
    {
        var steps = 0;
        PrunePosition? at = null;
        do
        {
            at = await History.PruneAsync(before, at, limit, default);
            steps++;
        }
        while (at is not null);
        return steps;
    }
}
