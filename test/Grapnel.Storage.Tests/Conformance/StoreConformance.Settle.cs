using Grapnel.Sending;

namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task A_delivered_message_is_no_longer_pending_and_its_attempt_is_on_record()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        var settlement = Delivered((await PendingAsync(lane)).Single());

        (await SettleAsync(settlement)).ShouldBeTrue();

        (await PendingAsync(lane)).ShouldBeEmpty();
        (await StateAsync(message, lane)).ShouldBe(
            new DeliveryState(lane, DeliveryEnd.Delivered, Start.AddMilliseconds(20), 1, SendOutcome.Success));
        var attempt = (await History.FindAttemptAsync(message.Id, settlement.Attempt.Id, default))!;
        attempt.ResponseBody.ToArray().ShouldBe(settlement.Attempt.ResponseBody.ToArray());
        (attempt with { ResponseBody = default }).ShouldBe(settlement.Attempt with { ResponseBody = default });
    }

    [Fact]
    public async Task An_attempt_comes_back_with_every_field()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        var settlement = Retried((await PendingAsync(lane)).Single(), TimeSpan.FromSeconds(5));
        var attempt = settlement.Attempt with
        {
            Outcome = SendOutcome.ConnectTimeout, StatusCode = 0, ResponseBody = default, Error = "no connection", NextAttemptAt = Start.AddSeconds(5),
        };

        await SettleAsync(settlement with { Attempt = attempt });

        var found = (await History.FindAttemptAsync(message.Id, attempt.Id, default))!;
        found.ResponseBody.Length.ShouldBe(0);
        (found with { ResponseBody = default }).ShouldBe(attempt);
    }

    [Fact]
    public async Task Every_end_is_kept_with_its_attempts()
    {
        foreach (var end in Enum.GetValues<DeliveryEnd>())
        {
            var lane = NewLane();
            var message = await PublishAsync(lane);
            var delivery = (await PendingAsync(lane)).Single() with { Attempts = 4 };

            await SettleAsync(end == DeliveryEnd.Delivered ? Delivered(delivery) : Ended(delivery, end));

            var state = (await StateAsync(message, lane))!;
            (state.End, state.Attempts).ShouldBe((end, 5));
        }
    }

    [Fact]
    public async Task A_retry_keeps_the_delivery_pending_with_its_attempts_and_due_time()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);

        await SettleAsync(Retried((await PendingAsync(lane)).Single(), TimeSpan.FromSeconds(5)));

        (await StateAsync(message, lane)).ShouldBe(new DeliveryState(lane, null, Start.AddSeconds(5), 1, SendOutcome.Refused));
        (await History.ReadBacklogAsync(default)).Pending.ShouldBe(1);
    }

    [Fact]
    public async Task Outcomes_of_one_message_at_several_endpoints_are_apart()
    {
        var (a, b) = (NewLane(), NewLane());
        var message = await PublishAsync(a, b);

        await SettleAsync(Delivered((await PendingAsync(a)).Single()));

        (await StateAsync(message, a))!.End.ShouldBe(DeliveryEnd.Delivered);
        (await StateAsync(message, b)).ShouldBe(new DeliveryState(b, null, DateTimeOffset.UnixEpoch, 0, null));
        (await PendingAsync(b)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_settle_of_a_delivery_that_is_gone_logs_the_attempt_and_changes_no_state()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        var delivery = (await PendingAsync(lane)).Single();
        await Deliveries.CancelAsync(message, null, default);

        foreach (var late in new[] { Delivered(delivery), Retried(delivery, TimeSpan.FromSeconds(1)) })
        {
            (await SettleAsync(late)).ShouldBeTrue();
            (await History.FindAttemptAsync(message.Id, late.Attempt.Id, default)).ShouldNotBeNull();
        }

        (await StateAsync(message, lane))!.End.ShouldBe(DeliveryEnd.Cancelled);
        (await History.ReadBacklogAsync(default)).Pending.ShouldBe(0);
    }

    [Fact]
    public async Task Roll_ups_count_per_endpoint_and_minute_and_leave_out_what_was_abandoned()
    {
        var (a, b) = (NewLane(), NewLane());
        await PublishAsync(a, b);
        var (atA, atB) = ((await PendingAsync(a)).Single(), (await PendingAsync(b)).Single());
        Settlement Abandoned() => Retried(atA, TimeSpan.Zero) with { Attempt = NewAttempt(atA, SendOutcome.Abandoned) };

        await SettleAsync(Retried(atA, TimeSpan.FromSeconds(1)), Abandoned(), Delivered(atB));
        var slow = Retried(atA, TimeSpan.FromSeconds(1));
        await SettleAsync(slow with { Attempt = slow.Attempt with { DurationMs = 500 } });
        Clock.Advance(TimeSpan.FromMinutes(1));
        await SettleAsync(Delivered(atA));

        (await History.ReadRollupsAsync(a, Start, Start.AddHours(1), default)).ShouldBe(
        [
            new Rollup(a, Start, 0, 2, 520, 500),
            new Rollup(a, Start.AddMinutes(1), 1, 0, 20, 20),
        ]);
        (await History.ReadRollupsAsync(b, Start, Start.AddMinutes(1), default)).ShouldBe([new Rollup(b, Start, 1, 0, 20, 20)]);
        (await History.ReadRollupsAsync(a, Start.AddMinutes(1), Start.AddMinutes(1), default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Health_is_replaced_and_survives_a_restart()
    {
        var lane = NewLane();
        await Deliveries.SettleAsync(new SettleBatch(_node, [], [new EndpointHealth(lane, Start, 6, 99)], []), default);
        await Deliveries.SettleAsync(new SettleBatch(_node, [], [new EndpointHealth(lane, null, 0, 0)], []), default);

        await _store.ReopenAsync();

        (await History.FindHealthAsync(lane, default)).ShouldBe(new EndpointHealth(lane, null, 0, 0));
    }

    [Fact]
    public async Task What_was_accepted_and_settled_survives_a_restart()
    {
        var lane = NewLane();
        var (done, retried, fresh) = (await PublishAsync(lane), await PublishAsync(lane), await PublishAsync(lane));
        var all = await PendingAsync(lane);
        await SettleAsync(Delivered(all[0]), Retried(all[1], TimeSpan.FromSeconds(5)));

        await _store.ReopenAsync();

        (await StateAsync(done, lane))!.End.ShouldBe(DeliveryEnd.Delivered);
        (await StateAsync(retried, lane))!.Attempts.ShouldBe(1);
        (await PendingAsync(lane)).Single().Message.Id.ShouldBe(fresh.Id);
        (await History.ReadBacklogAsync(default)).Pending.ShouldBe(2);
        _node = await Deliveries.JoinAsync("after the restart", NodeRoles.All, default);
        (await Deliveries.TakeLanesAsync(_node, 10, default)).ShouldBe([lane]);
    }
}
