namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_silent_node_is_expelled_and_its_lanes_are_free_at_once()
    {
        var lane = NewLane();
        await Deliveries.AcceptAsync(new AcceptBatch(_node, [Owe(NewMessage(), lane)], [lane]), default);
        Clock.Advance(Limit + TimeSpan.FromSeconds(1));
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);

        (await Deliveries.ExpelAsync(other, Limit, default)).ShouldBe(["first"]);

        (await Deliveries.TakeLanesAsync(other, 10, default)).ShouldBe([lane]);
        (await Deliveries.HeartbeatAsync(_node, default)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_node_that_keeps_its_heartbeat_is_not_expelled_and_nobody_expels_itself()
    {
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);
        Clock.Advance(Limit + TimeSpan.FromSeconds(1));
        (await Deliveries.HeartbeatAsync(_node, default)).ShouldBeTrue();

        (await Deliveries.ExpelAsync(other, Limit, default)).Count.ShouldBe(0);

        (await Deliveries.HeartbeatAsync(other, default)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_wall_clock_that_jumps_expels_nobody()
    {
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);
        Clock.WallSkew = TimeSpan.FromHours(1);

        (await Deliveries.ExpelAsync(other, Limit, default)).Count.ShouldBe(0);
    }

    [Fact]
    public async Task A_late_settle_of_an_expelled_node_changes_nothing()
    {
        var lane = NewLane();
        await PublishAsync(lane);
        var delivery = (await PendingAsync(lane)).Single();
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);
        await Deliveries.LeaveAsync(_node, default);

        var batch = new SettleBatch(_node, [Delivered(delivery)], [new EndpointHealth(lane, null, 0, 0)], []);
        (await Deliveries.SettleAsync(batch, default)).ShouldBeFalse();

        (await PendingAsync(lane)).Single().Seq.ShouldBe(delivery.Seq);
        (await StateAsync(delivery.Message, lane))!.End.ShouldBeNull();
        (await StateAsync(delivery.Message, lane))!.LastOutcome.ShouldBeNull();
        (await History.FindHealthAsync(lane, default)).ShouldBeNull();
        (await History.ReadRollupsAsync(lane, Start.AddHours(-1), Start.AddHours(1), default)).ShouldBeEmpty();
        (await SettleAsync(other, Delivered(delivery))).ShouldBeTrue();
    }

    [Fact]
    public async Task An_expelled_node_takes_no_lanes_but_what_it_accepts_is_kept()
    {
        var (lane, swept) = (NewLane(), NewLane());
        await Deliveries.LeaveAsync(_node, default);

        var result = await Deliveries.AcceptAsync(new AcceptBatch(_node, [Owe(NewMessage(), lane, swept)], [lane]), default);

        result.Receipts.Single().Status.ShouldBe(AcceptStatus.Accepted);
        result.LanesTaken.ShouldBeEmpty();
        (await Deliveries.TakeLanesAsync(_node, 10, default)).ShouldBeEmpty();
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);
        (await Deliveries.TakeLanesAsync(other, 10, default)).Order().ShouldBe(new[] { lane, swept }.Order());
    }

    [Fact]
    public async Task Leaving_frees_the_lanes_and_may_be_repeated()
    {
        var lane = NewLane();
        await Deliveries.AcceptAsync(new AcceptBatch(_node, [Owe(NewMessage(), lane)], [lane]), default);
        var other = await Deliveries.JoinAsync("second", NodeRoles.All, default);

        await Deliveries.LeaveAsync(_node, default);
        await Deliveries.LeaveAsync(_node, default);

        (await Deliveries.TakeLanesAsync(other, 10, default)).ShouldBe([lane]);
    }

    [Fact]
    public async Task A_node_that_is_the_only_one_to_need_a_rate_limit_has_all_of_it()
    {
        var application = Ids.Next<Application>();

        (await Deliveries.ShareLimitsAsync(_node, [new LimitDemand(application, 2)], default))
            .ShouldBe([new LimitShare(application, LimitShare.Whole, IsShort: false)]);
    }
}
