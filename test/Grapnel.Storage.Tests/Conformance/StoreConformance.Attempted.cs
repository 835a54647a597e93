namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    private static readonly Func<Id<Endpoint>, long, bool> NothingInFlight = (_, _) => false;

    [Fact]
    public async Task Attempted_messages_are_paged_by_their_first_attempt_in_both_directions()
    {
        var lane = NewLane();
        var ids = new List<string>();
        while (ids.Count < 10)
        {
            var message = await PublishAsync(lane);
            var pending = (await PendingAsync(lane)).Single();
            await SettleAsync(Retried(pending, TimeSpan.Zero));
            await SettleAsync(Retried(pending with { Attempts = 1 }, TimeSpan.Zero));
            await SettleAsync(Delivered(pending with { Attempts = 2 }));
            ids.Insert(0, message.Id.ToString());
        }
        await PublishAsync(lane);

        await HoldPagesToTheirContractAsync(
            ids, descending: true,
            page => History.ListAttemptedMessagesAsync(
                Tenant, lane, new AttemptedFilter(NothingInFlight, null, new MessageFilter()), page, default),
            row => row.Message.Id.ToString());
    }

    [Fact]
    public async Task An_attempted_message_tells_where_it_stands()
    {
        var lane = NewLane();
        var messages = new List<Message>();
        for (var i = 0; i < 6; i++)
            messages.Add(await PublishAsync(lane));
        var pending = await PendingAsync(lane);
        var due = Start.AddHours(1);
        await SettleAsync(
            Delivered(pending[0]), Retried(pending[1], TimeSpan.FromHours(1)), Ended(pending[2], DeliveryEnd.Exhausted),
            Retried(pending[3], TimeSpan.FromHours(1)), Retried(pending[4], TimeSpan.FromHours(1)));
        await Deliveries.CancelAsync(messages[4], null, default);
        var inFlight = pending[3].Seq;
        async Task<(int, DateTimeOffset?)[]> List(DeliveryStatus? status)
        {
            var filter = new AttemptedFilter((endpoint, seq) => endpoint == lane && seq == inFlight, status, new MessageFilter());
            var page = await History.ListAttemptedMessagesAsync(Tenant, lane, filter, new PageRequest(), default);
            page.Items.ShouldAllBe(row => status == null || row.Destination.Status == status);
            return [.. page.Items.Select(row => (messages.FindIndex(m => m.Id == row.Message.Id), row.Destination.NextAttemptAt))];
        }

        (await List(null)).ShouldBe([(4, null), (3, null), (2, null), (1, due), (0, null)]);
        (await List(DeliveryStatus.Success)).ShouldBe([(0, null)]);
        (await List(DeliveryStatus.Pending)).ShouldBe([(1, due)]);
        (await List(DeliveryStatus.Fail)).ShouldBe([(2, null)]);
        (await List(DeliveryStatus.Sending)).ShouldBe([(3, null)]);
        (await List(DeliveryStatus.Canceled)).ShouldBe([(4, null)]);
    }

    [Fact]
    public async Task A_message_that_succeeded_once_stays_a_success_while_it_is_sent_again()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        await SettleAsync(Delivered((await PendingAsync(lane)).Single()));
        await Deliveries.ResendAsync(message, [lane], default);

        (await History.ListDestinationsAsync(message, NothingInFlight, new PageRequest(), default)).Items
            .ShouldBe([new Destination(lane, DeliveryStatus.Success, null, "https://receiver.example/hook")]);
    }

    [Fact]
    public async Task Attempted_messages_are_found_by_any_filter()
    {
        var (lane, other) = (NewLane(), NewLane());
        var messages = new List<Message>();
        for (var i = 0; i < 3; i++)
        {
            var message = NewMessage() with { EventType = $"type.{i}", Channels = i == 1 ? ["red"] : null, Tags = i == 2 ? ["vip"] : null };
            await AcceptAsync(Owe(message, lane, other));
            messages.Add(message);
            await SettleAsync(Ended((await PendingAsync(other)).Single(), DeliveryEnd.Exhausted), Delivered((await PendingAsync(lane)).Single()));
            Clock.Advance(TimeSpan.FromSeconds(1));
        }
        async Task<int[]> Indexes(MessageFilter filter) => [.. (await History.ListAttemptedMessagesAsync(
            Tenant, lane, new AttemptedFilter(NothingInFlight, null, filter), new PageRequest(), default)).Items
            .Select(row => messages.FindIndex(m => m.Id == row.Message.Id))];

        (await Indexes(new MessageFilter())).ShouldBe([2, 1, 0]);
        (await Indexes(new MessageFilter(Channel: "red"))).ShouldBe([1]);
        (await Indexes(new MessageFilter(Tag: "vip"))).ShouldBe([2]);
        (await Indexes(new MessageFilter(EventTypes: ["type.0", "type.2"]))).ShouldBe([2, 0]);
        (await Indexes(new MessageFilter(Before: Start.AddSeconds(2)))).ShouldBe([1, 0]);
        (await Indexes(new MessageFilter(After: Start))).ShouldBe([2, 1]);
        (await Indexes(new MessageFilter(Channel: "blue"))).ShouldBeEmpty();
    }

    [Fact]
    public async Task Destinations_are_paged_by_endpoint_id_in_both_orders_and_both_directions()
    {
        var lanes = Enumerable.Range(0, 10).Select(_ => NewLane()).ToArray();
        var message = await PublishAsync([.. lanes.Reverse()]);
        foreach (var lane in lanes)
            await SettleAsync(Delivered((await PendingAsync(lane)).Single()));

        await HoldListToItsContractAsync(
            [.. lanes.Select(lane => lane.ToString())], page => History.ListDestinationsAsync(message, NothingInFlight, page, default),
            row => row.EndpointId.ToString());
    }

    [Fact]
    public async Task Lanes_with_pending_deliveries_are_paged_by_endpoint_id_in_both_orders_and_both_directions()
    {
        var (acme, other) = (await AddApplicationAsync("acme"), await AddApplicationAsync("other"));
        var ids = new List<string>();
        while (ids.Count < 10)
        {
            var endpoint = await AddEndpointAsync(acme);
            await AcceptAsync(Owe(NewMessage() with { ApplicationId = acme.Id }, endpoint.Id));
            ids.Add(endpoint.Id.ToString());
            await AddEndpointAsync(acme);
        }
        await HoldListToItsContractAsync(ids, page => History.ListLanesAsync(null, page, default), row => row.EndpointId.ToString());
        await HoldListToItsContractAsync(ids, page => History.ListLanesAsync(acme.Id, page, default), row => row.EndpointId.ToString());
        (await History.ListLanesAsync(other.Id, new PageRequest(), default)).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_lane_tells_its_owner_its_backlog_and_its_health()
    {
        var endpoint = await AddEndpointAsync(await AddApplicationAsync("acme"));
        var lane = endpoint.Id;
        await Deliveries.AcceptAsync(new AcceptBatch(_node, [Owe(NewMessage(), lane), Owe(NewMessage(), lane)], [lane]), default);
        var health = new EndpointHealth(lane, Start, 3, 7);
        await Deliveries.SettleAsync(new SettleBatch(_node, [], [health], []), default);

        (await History.ReadLaneAsync(lane, default))
            .ShouldBe(new StoredLane(lane, endpoint.ApplicationId, _node, new CappedCount(2, false), Start, health));
        (await History.CountPendingAsync(lane, 1, default)).ShouldBe(new CappedCount(1, true));
        var nobody = NewLane();
        (await History.ReadLaneAsync(nobody, default)).ShouldBe(new StoredLane(nobody, null, null, default, null, null));
    }

    [Fact]
    public async Task Nodes_tell_when_they_were_heard_of_and_what_they_own()
    {
        Clock.Advance(TimeSpan.FromMinutes(1));
        var second = await Deliveries.JoinAsync("second", NodeRoles.All, default);
        await Deliveries.AcceptAsync(new AcceptBatch(_node, [Owe(NewMessage(), NewLane())], [NewLane(), NewLane()]), default);
        Clock.Advance(TimeSpan.FromSeconds(5));
        await Deliveries.HeartbeatAsync(second, default);
        Clock.Advance(TimeSpan.FromSeconds(5));

        (await Deliveries.ReadNodesAsync(default)).ShouldBe(
        [
            new NodeStatus(_node, "first", Start, Start, new CappedCount(2, false)),
            new NodeStatus(second, "second", Start.AddMinutes(1), Start.AddSeconds(65), default),
        ]);
    }

    [Fact]
    public async Task Rollups_are_added_up_over_spans_of_time()
    {
        var lane = NewLane();
        for (var i = 0; i < 4; i++)
            await PublishAsync(lane);
        var pending = await PendingAsync(lane);
        for (var i = 0; i < 4; i++)
        {
            await SettleAsync(i == 3 ? Ended(pending[i], DeliveryEnd.Exhausted) : Delivered(pending[i]));
            Clock.Advance(TimeSpan.FromMinutes(20));
        }

        (await History.SumRollupsAsync(lane, Start, Clock.GetUtcNow(), TimeSpan.FromHours(1), default))
            .ShouldBe([new Rollup(lane, Start, 3, 0, 60, 20), new Rollup(lane, Start.AddHours(1), 0, 1, 20, 20)]);
    }
}
