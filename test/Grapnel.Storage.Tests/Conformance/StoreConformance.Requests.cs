using Grapnel.Sending;

namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task Cancelling_ends_what_is_pending_and_leaves_what_has_ended()
    {
        var (done, waiting, fresh) = (NewLane(), NewLane(), NewLane());
        var message = await PublishAsync(done, waiting, fresh);
        var retried = (await PendingAsync(waiting)).Single();
        await SettleAsync(Delivered((await PendingAsync(done)).Single()), Retried(retried, TimeSpan.FromHours(1)));

        var ended = await Deliveries.CancelAsync(message, null, default);

        ended.Select(pair => pair.EndpointId).Order().ShouldBe(new[] { waiting, fresh }.Order());
        ended.Single(pair => pair.EndpointId == waiting).Seq.ShouldBe(retried.Seq);
        (await StateAsync(message, done))!.End.ShouldBe(DeliveryEnd.Delivered);
        (await StateAsync(message, waiting)).ShouldBe(new DeliveryState(waiting, DeliveryEnd.Cancelled, Start, 1, SendOutcome.Refused));
        (await StateAsync(message, fresh))!.End.ShouldBe(DeliveryEnd.Cancelled);
        (await Deliveries.CancelAsync(message, null, default)).ShouldBeEmpty();
        (await History.ReadBacklogAsync(default)).ShouldBe(new Backlog(0, null));
    }

    [Fact]
    public async Task What_is_cancelled_is_counted_at_its_endpoint_in_its_minute()
    {
        var (a, b) = (NewLane(), NewLane());
        await Deliveries.CancelAsync(await PublishAsync(a, b), null, default);
        Clock.Advance(TimeSpan.FromMinutes(1));
        await PublishAsync(a);
        await PublishAsync(a);
        await CancelOlderAsync(a, Clock.GetUtcNow().AddHours(1), limit: 1);

        async Task<int[]> Counts(Id<Endpoint> lane) =>
            [.. (await History.ReadRollupsAsync(lane, Start, Start.AddHours(1), default)).Select(minute => minute.Cancelled)];
        (await Counts(a)).ShouldBe([1, 2]);
        (await Counts(b)).ShouldBe([1]);
    }

    [Fact]
    public async Task Cancelling_at_one_endpoint_leaves_the_others()
    {
        var (a, b) = (NewLane(), NewLane());
        var message = await PublishAsync(a, b);

        (await Deliveries.CancelAsync(message, a, default)).Single().EndpointId.ShouldBe(a);

        (await PendingAsync(a)).ShouldBeEmpty();
        (await PendingAsync(b)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Cancelling_an_unknown_message_ends_nothing() =>
        (await Deliveries.CancelAsync(NewMessage(), null, default)).ShouldBeEmpty();

    [Fact]
    public async Task A_resend_adds_a_manual_delivery_at_the_end_of_the_lane_due_at_once()
    {
        var (lane, other) = (NewLane(), NewLane());
        var message = await PublishAsync(lane);
        await SettleAsync(Ended((await PendingAsync(lane)).Single(), DeliveryEnd.Exhausted));
        await PublishAsync(lane);

        var resent = await Deliveries.ResendAsync(message, [other, lane], default);

        resent.Select(delivery => delivery.EndpointId).ShouldBe([other, lane]);
        var last = (await PendingAsync(lane))[^1];
        (last.Seq, last.Trigger, last.DueAt, last.Attempts, last.Message.Id).ShouldBe((resent[1].Seq, Trigger.Manual, 0L, 0, message.Id));
        (await PendingAsync(other)).Single().Seq.ShouldBe(resent[0].Seq);
        (await StateAsync(message, lane))!.End.ShouldBeNull();
        (await History.ReadBacklogAsync(default)).Pending.ShouldBe(3);
    }

    [Fact]
    public async Task A_message_that_is_not_stored_cannot_be_resent() =>
        await Should.ThrowAsync<NotFoundException>(() => Deliveries.ResendAsync(NewMessage(), [NewLane()], default));

    [Fact]
    public async Task A_manual_delivery_that_fails_leaves_no_end_behind()
    {
        var (never, exhausted) = (NewLane(), NewLane());
        var message = await PublishAsync(exhausted);
        await SettleAsync(Ended((await PendingAsync(exhausted)).Single(), DeliveryEnd.Exhausted));
        var resent = await Deliveries.ResendAsync(message, [never, exhausted], default);

        await SettleAsync([.. resent.Select(delivery => Ended(delivery, DeliveryEnd.Gone))]);

        (await StateAsync(message, never)).ShouldBeNull();
        (await StateAsync(message, exhausted))!.End.ShouldBe(DeliveryEnd.Exhausted);
        (await History.ListAttemptsAsync(Tenant, new AttemptFilter(MessageId: message.Id), new PageRequest(), default)).Items.Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_manual_delivery_that_succeeds_makes_the_end_delivered()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        await SettleAsync(Ended((await PendingAsync(lane)).Single(), DeliveryEnd.Exhausted));

        await SettleAsync(Delivered((await Deliveries.ResendAsync(message, [lane], default)).Single()));

        (await StateAsync(message, lane))!.End.ShouldBe(DeliveryEnd.Delivered);
    }

    [Fact]
    public async Task Delivered_is_never_replaced_by_something_worse()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        var scheduled = (await PendingAsync(lane)).Single();
        var manual = (await Deliveries.ResendAsync(message, [lane], default)).Single();

        await SettleAsync(Delivered(manual));
        (await StateAsync(message, lane))!.End.ShouldBeNull("the scheduled delivery is still pending");
        await SettleAsync(Ended(scheduled, DeliveryEnd.Exhausted));

        (await StateAsync(message, lane))!.End.ShouldBe(DeliveryEnd.Delivered);
    }

    [Fact]
    public async Task A_scheduled_delivery_stays_pending_when_a_manual_one_settles()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        var scheduled = (await PendingAsync(lane)).Single();
        await SettleAsync(Retried(scheduled, TimeSpan.FromHours(1)));

        await SettleAsync(Delivered((await Deliveries.ResendAsync(message, [lane], default)).Single()));

        (await StateAsync(message, lane)).ShouldBe(new DeliveryState(lane, null, Start.AddHours(1), 1, SendOutcome.Success));
        Clock.Advance(TimeSpan.FromHours(1));
        (await PendingAsync(lane)).Single().Seq.ShouldBe(scheduled.Seq);
    }

    [Fact]
    public async Task Cancelling_reaches_every_manual_delivery_however_often_a_message_was_resent()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        for (var i = 0; i < 5; i++)
            await SettleAsync(Ended((await Deliveries.ResendAsync(message, [lane], default)).Single(), DeliveryEnd.Exhausted));
        await Deliveries.ResendAsync(message, [lane], default);
        await Deliveries.ResendAsync(message, [lane], default);

        (await Deliveries.CancelAsync(message, null, default)).Count.ShouldBe(3);

        (await PendingAsync(lane)).ShouldBeEmpty();
        (await StateAsync(message, lane))!.End.ShouldBe(DeliveryEnd.Cancelled);
    }

    [Fact]
    public async Task A_deleted_endpoints_lane_is_dropped_in_steps()
    {
        var application = await AddApplicationAsync("acme");
        var (kept, deleted) = (await AddEndpointAsync(application), await AddEndpointAsync(application));
        var messages = new List<Message>();
        for (var i = 0; i < 5; i++)
            messages.Add(await PublishAsync(kept.Id, deleted.Id));
        await SettleAsync(Retried((await PendingAsync(deleted.Id))[0], TimeSpan.FromHours(1)));
        (await Catalog.FindDeletedLanesAsync(10, default)).ShouldBeEmpty();

        await Catalog.DeleteEndpointAsync(deleted.Id, default);

        (await Catalog.FindDeletedLanesAsync(10, default)).ShouldBe([deleted.Id]);
        (await Deliveries.DropLaneAsync(deleted.Id, 2, default)).ShouldBe(2);
        (await Catalog.FindDeletedLanesAsync(10, default)).ShouldBe([deleted.Id]);
        (await Deliveries.DropLaneAsync(deleted.Id, 10, default)).ShouldBe(3);
        (await Deliveries.DropLaneAsync(deleted.Id, 10, default)).ShouldBe(0);
        (await Catalog.FindDeletedLanesAsync(10, default)).ShouldBeEmpty();
        foreach (var message in messages)
            (await StateAsync(message, deleted.Id))!.End.ShouldBe(DeliveryEnd.EndpointDeleted);
        (await PendingAsync(kept.Id)).Count.ShouldBe(5);
        (await History.ReadBacklogAsync(default)).Pending.ShouldBe(5);
    }
}
