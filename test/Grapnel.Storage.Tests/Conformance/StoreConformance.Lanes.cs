namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task A_lane_is_given_to_one_node_only()
    {
        var lanes = Enumerable.Range(0, 20).Select(_ => NewLane()).ToArray();
        await PublishAsync(lanes);
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);

        var taken = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Deliveries.TakeLanesAsync(i % 2 == 0 ? _node : other, 5, default)));

        var all = taken.SelectMany(some => some).ToList();
        all.Distinct().Count().ShouldBe(all.Count);
        all.AddRange(await Deliveries.TakeLanesAsync(_node, 100, default));
        all.Order().ShouldBe(lanes.Order());
    }

    [Fact]
    public async Task Taking_lanes_gives_no_more_than_the_limit_and_none_without_pending_deliveries()
    {
        var done = NewLane();
        await PublishAsync(done);
        await SettleAsync(Delivered((await PendingAsync(done)).Single()));
        await PublishAsync(NewLane(), NewLane(), NewLane());

        (await Deliveries.TakeLanesAsync(_node, 2, default)).Count.ShouldBe(2);
        (await Deliveries.TakeLanesAsync(_node, 2, default)).Count.ShouldBe(1);
        (await Deliveries.TakeLanesAsync(_node, 2, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Accepting_takes_the_lanes_it_asks_for_unless_another_node_has_them()
    {
        var (mine, theirs, free) = (NewLane(), NewLane(), NewLane());
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);
        await Deliveries.AcceptAsync(new AcceptBatch(other, [Owe(NewMessage(), theirs)], [theirs]), default);
        await Deliveries.AcceptAsync(new AcceptBatch(_node, [Owe(NewMessage(), mine)], [mine]), default);

        var result = await Deliveries.AcceptAsync(new AcceptBatch(_node, [Owe(NewMessage(), mine, theirs, free)], [mine, theirs, free]), default);

        result.LanesTaken.Order().ShouldBe(new[] { mine, free }.Order());
        (await Deliveries.TakeLanesAsync(_node, 10, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_idle_lane_given_back_can_be_taken_again_and_one_with_deliveries_is_found_by_the_sweep()
    {
        var (idle, busy) = (NewLane(), NewLane());
        await Deliveries.AcceptAsync(new AcceptBatch(_node, [Owe(NewMessage(), busy)], [busy, idle]), default);
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);

        (await ReleaseAsync(_node, idle, busy)).ShouldBeTrue();

        (await Deliveries.TakeLanesAsync(other, 10, default)).ShouldBe([busy]);
        var taken = (await Deliveries.AcceptAsync(new AcceptBatch(other, [Owe(NewMessage(), idle)], [idle]), default)).LanesTaken;
        taken.ShouldBe([idle]);
    }

    [Fact]
    public async Task A_node_cannot_give_back_what_another_owns()
    {
        var lane = NewLane();
        await Deliveries.AcceptAsync(new AcceptBatch(_node, [Owe(NewMessage(), lane)], [lane]), default);
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);

        await ReleaseAsync(other, lane);

        (await Deliveries.TakeLanesAsync(other, 10, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Fresh_deliveries_are_read_page_by_page_in_order_of_place()
    {
        var lane = NewLane();
        var messages = new List<Id<Message>>();
        for (var i = 0; i < 7; i++)
            messages.Add((await PublishAsync(lane)).Id);

        var first = await ReadAsync(lane, limit: 5);
        var second = await ReadAsync(lane, afterSeq: first.Deliveries[^1].Seq, limit: 5);

        first.More.ShouldBeTrue();
        second.More.ShouldBeFalse();
        first.Deliveries.Concat(second.Deliveries).Select(delivery => delivery.Message.Id).ShouldBe(messages);
    }

    [Fact]
    public async Task Deliveries_that_the_caller_holds_are_left_out_and_count_against_nothing()
    {
        var lane = NewLane();
        for (var i = 0; i < 4; i++)
            await PublishAsync(lane);
        var all = await PendingAsync(lane);
        var held = all.Take(2).Select(delivery => delivery.Seq).ToHashSet();

        foreach (var ordered in new[] { false, true })
        {
            var page = await ReadAsync(lane, ordered, limit: 2, held: held);
            page.Deliveries.Select(delivery => delivery.Seq).ShouldBe(all.Skip(2).Select(delivery => delivery.Seq));
            page.More.ShouldBeFalse();
        }
    }

    [Fact]
    public async Task A_page_ends_at_its_byte_limit_but_holds_at_least_one_delivery()
    {
        var lane = NewLane();
        for (var i = 0; i < 3; i++)
            await AcceptAsync(Owe(NewMessage(payload: new byte[100]), lane));

        (await ReadAsync(lane, bytes: 1)).Deliveries.Count.ShouldBe(1);
        (await ReadAsync(lane, bytes: 1000)).Deliveries.Count.ShouldBe(2);
        (await ReadAsync(lane, bytes: 1000)).More.ShouldBeTrue();
        (await ReadAsync(lane, bytes: 2000)).More.ShouldBeFalse();
    }

    [Fact]
    public async Task A_delivery_to_be_retried_comes_back_when_it_is_due_and_not_before()
    {
        var lane = NewLane();
        await PublishAsync(lane);
        await SettleAsync(Retried((await PendingAsync(lane)).Single(), TimeSpan.FromSeconds(5)));

        var early = await ReadAsync(lane);
        Clock.Advance(TimeSpan.FromSeconds(5));
        var due = await ReadAsync(lane);

        early.Deliveries.ShouldBeEmpty();
        early.NextDueAt.ShouldBe((Start + TimeSpan.FromSeconds(5)).ToUnixTimeMilliseconds());
        due.Deliveries.Single().Attempts.ShouldBe(1);
        due.NextDueAt.ShouldBeNull();
    }

    [Fact]
    public async Task Due_retries_come_in_order_of_due_time_whatever_has_been_read_of_the_fresh()
    {
        var lane = NewLane();
        for (var i = 0; i < 3; i++)
            await PublishAsync(lane);
        var all = await PendingAsync(lane);
        await SettleAsync(Retried(all[0], TimeSpan.FromSeconds(9)), Retried(all[1], TimeSpan.FromSeconds(3)));
        Clock.Advance(TimeSpan.FromSeconds(10));

        var page = await ReadAsync(lane, afterSeq: all[2].Seq);

        page.Deliveries.Select(delivery => delivery.Seq).ShouldBe([all[1].Seq, all[0].Seq]);
    }

    [Fact]
    public async Task Neither_fresh_deliveries_nor_due_retries_crowd_out_the_other()
    {
        var lane = NewLane();
        for (var i = 0; i < 8; i++)
            await PublishAsync(lane);
        await SettleAsync([.. (await PendingAsync(lane)).Take(4).Select(delivery => Retried(delivery, TimeSpan.FromSeconds(1)))]);
        Clock.Advance(TimeSpan.FromSeconds(2));

        var page = (await ReadAsync(lane, limit: 4)).Deliveries;

        page.Count(delivery => delivery.DueAt == 0).ShouldBe(2);
        page.Count(delivery => delivery.DueAt > 0).ShouldBe(2);
    }

    [Fact]
    public async Task Ordered_reading_ignores_due_times()
    {
        var lane = NewLane();
        for (var i = 0; i < 3; i++)
            await PublishAsync(lane);
        var all = await PendingAsync(lane);
        await SettleAsync(Retried(all[0], TimeSpan.FromHours(1)));

        var page = await ReadAsync(lane, ordered: true, afterSeq: all[2].Seq);

        page.Deliveries.Select(delivery => delivery.Seq).ShouldBe(all.Select(delivery => delivery.Seq));
        page.Deliveries[0].DueAt.ShouldBeGreaterThan(Clock.GetUtcNow().ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task Ordered_reading_passes_over_scheduled_messages_until_they_are_due()
    {
        var lane = NewLane();
        var scheduled = NewMessage(deliverAt: Start.AddHours(1));
        await AcceptAsync(Owe(scheduled, lane));
        var next = await PublishAsync(lane);

        var before = await ReadAsync(lane, ordered: true);
        Clock.Advance(TimeSpan.FromHours(1));
        var after = await ReadAsync(lane, ordered: true);

        before.Deliveries.Single().Message.Id.ShouldBe(next.Id);
        before.NextDueAt.ShouldBe(Start.AddHours(1).ToUnixTimeMilliseconds());
        after.Deliveries.Select(delivery => delivery.Message.Id).ShouldBe([scheduled.Id, next.Id]);
    }

    [Fact]
    public async Task An_ordered_head_that_was_scheduled_and_tried_stays_the_head()
    {
        var lane = NewLane();
        var scheduled = NewMessage(deliverAt: Start);
        await AcceptAsync(Owe(scheduled, lane));
        await PublishAsync(lane);
        await SettleAsync(Retried((await ReadAsync(lane, ordered: true)).Deliveries[0], TimeSpan.FromHours(1)));

        (await ReadAsync(lane, ordered: true)).Deliveries[0].Message.Id.ShouldBe(scheduled.Id);
    }

    [Fact]
    public async Task A_scheduled_message_is_not_read_before_its_time()
    {
        var lane = NewLane();
        await AcceptAsync(Owe(NewMessage(deliverAt: Start.AddMinutes(1)), lane));

        (await PendingAsync(lane)).ShouldBeEmpty();
        Clock.Advance(TimeSpan.FromMinutes(1));
        (await PendingAsync(lane)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_next_due_time_leaves_out_what_the_caller_holds()
    {
        var lane = NewLane();
        await AcceptAsync(Owe(NewMessage(deliverAt: Start.AddMinutes(1)), lane), Owe(NewMessage(deliverAt: Start.AddMinutes(2)), lane));
        Clock.Advance(TimeSpan.FromMinutes(1));
        var first = (await PendingAsync(lane)).Single();

        var page = await ReadAsync(lane, held: new HashSet<long> { first.Seq });

        page.Deliveries.ShouldBeEmpty();
        page.NextDueAt.ShouldBe(Start.AddMinutes(2).ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task A_lane_that_is_read_brings_the_stored_health()
    {
        var lane = NewLane();
        var health = new EndpointHealth(lane, Start, 6, 1234);
        (await ReadAsync(lane)).Health.ShouldBeNull();

        await Deliveries.SettleAsync(new SettleBatch(_node, [], [health], []), default);

        (await ReadAsync(lane)).Health.ShouldBe(health);
        (await History.FindHealthAsync(lane, default)).ShouldBe(health);
    }
}
