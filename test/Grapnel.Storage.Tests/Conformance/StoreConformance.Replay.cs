using Grapnel.Sending;

namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task Failed_messages_are_those_that_ended_badly_and_were_not_delivered_since_and_are_not_pending()
    {
        var (lane, elsewhere) = (NewLane(), NewLane());
        var exhausted = await EndAsync(lane, DeliveryEnd.Exhausted);
        var gone = await EndAsync(lane, DeliveryEnd.Gone);
        await EndAsync(lane, DeliveryEnd.Delivered);
        await EndAsync(elsewhere, DeliveryEnd.Exhausted);
        var recovered = await EndAsync(lane, DeliveryEnd.Exhausted);
        await SettleAsync(Delivered(await ResendAsync(recovered, lane)));
        var failedAgain = await EndAsync(lane, DeliveryEnd.Exhausted);
        await SettleAsync(Ended(await ResendAsync(failedAgain, lane), DeliveryEnd.Exhausted));
        await ResendAsync(await EndAsync(lane, DeliveryEnd.Exhausted), lane);
        await SettleAsync(Retried(await DeliverAsync(await PublishAsync(lane), lane), TimeSpan.FromHours(1)));

        (await WalkAsync(Query(lane, ReplaySet.Failed))).ShouldBe([exhausted.Id, gone.Id, failedAgain.Id]);
    }

    [Fact]
    public async Task Missing_messages_are_those_that_an_endpoint_was_never_owed_whatever_became_of_the_others()
    {
        var (lane, elsewhere) = (NewLane(), NewLane());
        var missing = await PublishAsync(elsewhere);
        await EndAsync(lane, DeliveryEnd.Delivered);
        await EndAsync(lane, DeliveryEnd.Exhausted);
        await Deliveries.CancelAsync(await PublishAsync(lane), null, default);
        await ResendAsync(await PublishAsync(), lane);
        await PublishAsync(lane);
        var nobodys = await PublishAsync();

        (await WalkAsync(Query(lane, ReplaySet.NeverOwed))).ShouldBe([missing.Id, nobodys.Id]);
    }

    [Fact]
    public async Task A_range_begins_with_its_first_moment_and_ends_before_its_last()
    {
        var lane = NewLane();
        var messages = new List<Message>();
        for (var i = 0; i < 4; i++)
        {
            messages.Add(await EndAsync(lane, DeliveryEnd.Exhausted));
            Clock.Advance(TimeSpan.FromMinutes(1));
        }
        foreach (var set in new[] { ReplaySet.Failed, ReplaySet.Owed })
            (await WalkAsync(Query(lane, set) with { Since = Start.AddMinutes(1), Until = Start.AddMinutes(3) })).ShouldBe([messages[1].Id, messages[2].Id]);
        (await WalkAsync(Query(NewLane(), ReplaySet.NeverOwed) with { Since = Start.AddMinutes(3) })).ShouldBe([messages[3].Id]);
        (await WalkAsync(Query(lane, ReplaySet.Failed) with { AttemptsBefore = Start.AddMinutes(1) })).ShouldBe([messages[0].Id]);
    }

    [Fact]
    public async Task Owed_messages_are_chosen_by_what_they_are_and_by_where_they_stand()
    {
        var lane = NewLane();
        await PublishAsync();
        var delivered = await EndAsync(lane, DeliveryEnd.Delivered);
        var failed = await EndAsync(lane, DeliveryEnd.Exhausted);
        var cancelled = await PublishAsync(lane);
        await Deliveries.CancelAsync(cancelled, null, default);
        var retried = await PublishAsync(lane);
        await SettleAsync(Retried(await DeliverAsync(retried, lane), TimeSpan.FromHours(1)));
        var paid = NewMessage() with { EventType = "order.paid", Channels = ["eu", "us"], Tags = ["big"] };
        await AcceptAsync(Owe(paid, lane));
        var query = Query(lane, ReplaySet.Owed);

        (await WalkAsync(query)).ShouldBe([delivered.Id, failed.Id, cancelled.Id, retried.Id, paid.Id]);
        (await WalkAsync(query with { Status = ReplayStatus.Success })).ShouldBe([delivered.Id]);
        (await WalkAsync(query with { Status = ReplayStatus.Fail })).ShouldBe([failed.Id]);
        (await WalkAsync(query with { Status = ReplayStatus.Canceled })).ShouldBe([cancelled.Id]);
        (await WalkAsync(query with { Status = ReplayStatus.Pending })).ShouldBe([retried.Id]);
        (await WalkAsync(query with { Status = ReplayStatus.Sending })).ShouldBe([paid.Id]);
        (await WalkAsync(query with { StatusCodeClass = 500 })).ShouldBe([failed.Id, retried.Id]);
        (await WalkAsync(query with { EventTypes = ["order.paid", "x"] })).ShouldBe([paid.Id]);
        (await WalkAsync(query with { Channel = "us" })).ShouldBe([paid.Id]);
        (await WalkAsync(query with { Tag = "big" })).ShouldBe([paid.Id]);
        (await WalkAsync(query with { Tag = "small" })).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(ReplaySet.Failed)]
    [InlineData(ReplaySet.Owed)]
    [InlineData(ReplaySet.NeverOwed)]
    public async Task A_walk_goes_on_after_a_page_and_after_a_candidate_and_counts_what_it_saw(ReplaySet set)
    {
        var lane = NewLane();
        var ids = new List<Id<Message>>();
        while (ids.Count < 7)
            ids.Add((await EndAsync(lane, DeliveryEnd.Exhausted)).Id);
        var query = Query(set == ReplaySet.NeverOwed ? NewLane() : lane, set);

        var first = await History.ReadReplayAsync(query, null, 3, default);
        (first.Candidates.Count, first.End.Scanned, first.Done).ShouldBe((3, 3, false));
        first.Candidates[1].At.Scanned.ShouldBe(2);
        first.Candidates.ShouldAllBe(candidate => candidate.Message.Payload == null);
        var second = await History.ReadReplayAsync(query with { WithPayload = true }, first.Candidates[1].At.Cursor, 3, default);
        second.Candidates.Select(candidate => candidate.Message.Id).ShouldBe(ids[2..5]);
        second.Candidates.ShouldAllBe(candidate => candidate.Message.Payload != null);
        var last = await History.ReadReplayAsync(query, second.End.Cursor, 3, default);
        (last.Candidates.Count, last.Done).ShouldBe((2, true));
        (await History.ReadReplayAsync(query, last.End.Cursor, 3, default)).Candidates.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_page_with_payloads_takes_little_memory_however_large_they_are()
    {
        for (var i = 0; i < 8; i++)
            await AcceptAsync(Owe(NewMessage(payload: new byte[1 << 20])));

        var page = await History.ReadReplayAsync(Query(NewLane(), ReplaySet.NeverOwed) with { WithPayload = true }, null, 100, default);

        (page.Candidates.Count, page.Done).ShouldBe((4, false));
    }

    [Theory]
    [InlineData(ReplaySet.Failed, Trigger.Manual)]
    [InlineData(ReplaySet.Owed, Trigger.Manual)]
    [InlineData(ReplaySet.NeverOwed, Trigger.Scheduled)]
    public async Task A_replay_adds_deliveries_at_the_end_of_the_lane_and_moves_its_task_on_with_them(ReplaySet set, Trigger trigger)
    {
        var lane = NewLane();
        var owed = set == ReplaySet.NeverOwed ? NewLane() : lane;
        var messages = new[] { await EndAsync(owed, DeliveryEnd.Exhausted), await EndAsync(owed, DeliveryEnd.Exhausted) };
        await PublishAsync(lane);
        var task = await TakeTaskAsync(lane);

        var result = await ReplayAsync(task, set, [.. messages.Select(message => message.Id)]);

        result.ShouldNotBeNull().Added.ShouldBe(2);
        var pending = (await PendingAsync(lane)).Skip(1).ToList();
        pending.Select(delivery => (delivery.Seq, delivery.Trigger, delivery.DueAt, delivery.Attempts, delivery.Message.Id)).ShouldBe(
            [(result.FirstSeq, trigger, 0L, 0, messages[0].Id), (result.FirstSeq + 1, trigger, 0L, 0, messages[1].Id)]);
        (await History.ReadBacklogAsync(default)).Pending.ShouldBe(3);
        var moved = (await Tasks.FindAsync(task.Id, default))!;
        (moved.Done, moved.Scanned).ShouldBe((2, 5));
        moved.Cursor!.Value.ToArray().ShouldBe(FirstCursor);
        await SettleAsync([.. pending.Select(Delivered)]);
        (await StateAsync(messages[0], lane))!.End.ShouldBe(DeliveryEnd.Delivered);
        (await WalkAsync(Query(lane, ReplaySet.NeverOwed))).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_step_of_a_replay_that_was_taken_before_or_may_not_be_taken_adds_nothing()
    {
        var lane = NewLane();
        var message = await EndAsync(lane, DeliveryEnd.Exhausted);
        var task = await TakeTaskAsync(lane);
        (await ReplayAsync(task, ReplaySet.Owed, message.Id)).ShouldNotBeNull();

        (await ReplayAsync(task, ReplaySet.Owed, message.Id)).ShouldBeNull("the cursor has moved on");
        await Tasks.CancelAsync(task.Id, default);
        (await ReplayAsync(task with { Cursor = FirstCursor }, ReplaySet.Owed, message.Id)).ShouldBeNull("it was cancelled");

        (await PendingAsync(lane)).Count.ShouldBe(1);
        (await Tasks.FindAsync(task.Id, default))!.Done.ShouldBe(1);
    }

    [Fact]
    public async Task A_replay_passes_over_what_changed_since_it_was_read()
    {
        var (lane, other) = (NewLane(), NewLane());
        var (pending, owed, foreign) = (await EndAsync(lane, DeliveryEnd.Exhausted), await EndAsync(lane, DeliveryEnd.Delivered), NewMessage());
        await ResendAsync(pending, lane);

        (await ReplayAsync(await TakeTaskAsync(lane), ReplaySet.Failed, pending.Id, foreign.Id))!.Added.ShouldBe(0);
        (await ReplayAsync(await TakeTaskAsync(lane), ReplaySet.NeverOwed, pending.Id, owed.Id))!.Added.ShouldBe(0);
        (await ReplayAsync(await TakeTaskAsync(other), ReplaySet.NeverOwed, pending.Id, pending.Id))!.Added.ShouldBe(1);

        (await PendingAsync(lane)).Count.ShouldBe(1);
        (await History.ReadBacklogAsync(default)).Pending.ShouldBe(2);
    }

    [Theory]
    [InlineData(ReplaySet.Failed)]
    [InlineData(ReplaySet.Owed)]
    [InlineData(ReplaySet.NeverOwed)]
    public async Task Messages_whose_content_was_removed_are_neither_found_nor_replayed(ReplaySet set)
    {
        var lane = NewLane();
        var (gone, kept) = (await EndAsync(lane, DeliveryEnd.Exhausted), await EndAsync(lane, DeliveryEnd.Exhausted));
        var target = set == ReplaySet.NeverOwed ? NewLane() : lane;
        await Deliveries.ExpungeAsync(gone, default);

        (await WalkAsync(Query(target, set))).ShouldBe([kept.Id]);
        (await ReplayAsync(await TakeTaskAsync(target), set, gone.Id))!.Added.ShouldBe(0);
        (await PendingAsync(target)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_missing_message_that_is_to_come_later_comes_no_earlier()
    {
        var lane = NewLane();
        var message = NewMessage(deliverAt: Start.AddHours(1));
        await AcceptAsync(Owe(message));

        await ReplayAsync(await TakeTaskAsync(lane), ReplaySet.NeverOwed, message.Id);

        (await PendingAsync(lane)).ShouldBeEmpty();
        (await ReadAsync(lane)).NextDueAt.ShouldBe(Start.AddHours(1).ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task What_is_replayed_as_due_crowds_out_neither_fresh_deliveries_nor_due_retries_nor_they_it()
    {
        var lane = NewLane();
        var messages = new List<Message>();
        for (var i = 0; i < 12; i++)
            messages.Add(await PublishAsync(lane));
        var all = await PendingAsync(lane);
        await SettleAsync([.. all.Take(4).Select(Delivered), .. all.Skip(4).Take(4).Select(delivery => Retried(delivery, TimeSpan.FromSeconds(1)))]);
        var batch = BatchOf(await TakeTaskAsync(lane), ReplaySet.Owed, [.. messages.Take(4).Select(message => message.Id)]);
        var due = Start.ToUnixTimeMilliseconds();

        (await Deliveries.ReplayAsync(batch with { DueAt = due }, default))!.Added.ShouldBe(4);
        Clock.Advance(TimeSpan.FromSeconds(2));

        var page = (await ReadAsync(lane, limit: 6)).Deliveries;
        page.Count(delivery => delivery.DueAt == 0).ShouldBe(2);
        page.Count(delivery => delivery.Attempts > 0).ShouldBe(2);
        page.Where(delivery => delivery.Trigger == Trigger.Manual).Select(delivery => (delivery.DueAt, delivery.Message.Id)).ShouldBe(
            [(due, messages[0].Id), (due, messages[1].Id)]);
    }

    [Fact]
    public async Task Cancelling_what_is_older_reaches_every_stage_of_the_lane_a_page_at_a_time_and_nothing_else()
    {
        var (lane, other) = (NewLane(), NewLane());
        var old = new List<Message>();
        for (var i = 0; i < 5; i++)
            old.Add(await PublishAsync(lane, other));
        await SettleAsync(Retried((await PendingAsync(lane))[0], TimeSpan.FromHours(1)), Delivered((await PendingAsync(lane))[1]));
        var scheduled = NewMessage(deliverAt: Start.AddHours(2));
        await AcceptAsync(Owe(scheduled, lane));
        Clock.Advance(TimeSpan.FromMinutes(1));
        var young = await PublishAsync(lane);
        await ResendAsync(old[1], lane);

        var ended = await CancelOlderAsync(lane, Start.AddMinutes(1), limit: 2);

        ended.Count.ShouldBe(6);
        (await PendingAsync(lane)).Single().Message.Id.ShouldBe(young.Id);
        (await ReadAsync(lane)).NextDueAt.ShouldBeNull();
        (await PendingAsync(other)).Count.ShouldBe(5);
        (await StateAsync(old[0], lane)).ShouldBe(new DeliveryState(lane, DeliveryEnd.Cancelled, Start.AddMinutes(1), 1, SendOutcome.Refused));
        (await StateAsync(old[1], lane))!.End.ShouldBe(DeliveryEnd.Delivered);
        (await StateAsync(scheduled, lane))!.End.ShouldBe(DeliveryEnd.Cancelled);
        (await History.ReadBacklogAsync(default)).Pending.ShouldBe(6);
    }

    [Fact]
    public async Task Cancelling_what_is_older_also_meets_what_is_tried_while_it_walks()
    {
        var lane = NewLane();
        for (var i = 0; i < 3; i++)
            await PublishAsync(lane);
        var pages = 0;

        await CancelOlderAsync(lane, Start.AddHours(1), limit: 1, onPage: async () =>
        {
            if (pages++ == 0)
                await SettleAsync(Retried((await PendingAsync(lane))[^1], TimeSpan.FromHours(1)));
        });

        (await History.ReadBacklogAsync(default)).Pending.ShouldBe(0);
    }

    private ReplayQuery Query(Id<Endpoint> lane, ReplaySet set) => new(Tenant, lane, set, Start.AddHours(-1), Start.AddHours(1))
    {
        AttemptsBefore = Start.AddHours(1),
    };

    private async Task<IReadOnlyList<Id<Message>>> WalkAsync(ReplayQuery query)
    {
        var page = await History.ReadReplayAsync(query, null, 100, default);
        page.Done.ShouldBeTrue();
        return [.. page.Candidates.Select(candidate => candidate.Message.Id)];
    }

    private async Task<Message> EndAsync(Id<Endpoint> lane, DeliveryEnd end)
    {
        var message = await PublishAsync(lane);
        var delivery = await DeliverAsync(message, lane);
        await SettleAsync(end == DeliveryEnd.Delivered ? Delivered(delivery) : Ended(delivery, end));
        return message;
    }

    private async Task<Delivery> DeliverAsync(Message message, Id<Endpoint> lane) =>
        (await PendingAsync(lane)).Single(delivery => delivery.Message.Id == message.Id);

    private async Task<Delivery> ResendAsync(Message message, Id<Endpoint> lane) =>
        (await Deliveries.ResendAsync(message, [lane], default)).Single();

    private async Task<BackgroundTask> TakeTaskAsync(Id<Endpoint> lane)
    {
        await AddTaskAsync(NewTask() with { EndpointId = lane });
        return (await Tasks.TakeAsync(_node, 1, default)).Single();
    }

    private Task<ReplayResult?> ReplayAsync(BackgroundTask task, ReplaySet set, params Id<Message>[] messages) =>
        Deliveries.ReplayAsync(BatchOf(task, set, messages), default);

    private ReplayBatch BatchOf(BackgroundTask task, ReplaySet set, params Id<Message>[] messages) =>
        new(new TaskStep(task, _node, FirstCursor, Scanned: 5), set, messages);

    private async Task<List<long>> CancelOlderAsync(Id<Endpoint> lane, DateTimeOffset before, int limit, Func<Task>? onPage = null)
    {
        var ended = new List<long>();
        LanePosition? at = null;
        do
        {
            var page = await Deliveries.CancelOlderAsync(lane, before, at, limit, default);
            page.Ended.Count.ShouldBeLessThanOrEqualTo(limit);
            ended.AddRange(page.Ended.Select(pair => pair.Seq));
            at = page.Next;
            await (onPage?.Invoke() ?? Task.CompletedTask);
        }
        while (at is not null);
        return ended;
    }
}
