namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task A_row_counts_each_endpoint_of_a_message_once_by_where_it_stands()
    {
        var (delivered, pending, failed, cancelled) = (NewLane(), NewLane(), NewLane(), NewLane());
        var message = await PublishAsync(delivered, pending, failed, cancelled);
        await SettleAsync(
            Delivered((await PendingAsync(delivered)).Single()), Ended((await PendingAsync(failed)).Single(), DeliveryEnd.Exhausted),
            Retried((await PendingAsync(pending)).Single(), TimeSpan.FromHours(1)));
        await Deliveries.CancelAsync(message, cancelled, default);

        var row = (await RowsAsync(new MessageRowFilter())).Single();
        row.Message.Id.ShouldBe(message.Id);
        row.Message.Payload.ShouldBeNull();
        row.Progress.ShouldBe(new DeliveryProgress(1, 1, 1, 1));
        row.Progress.Owed.ShouldBe(4);
        (await History.ReadProgressAsync(message, default)).ShouldBe(row.Progress);
    }

    [Fact]
    public async Task What_failed_and_was_sent_again_counts_as_pending_and_then_as_delivered()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        await SettleAsync(Ended((await PendingAsync(lane)).Single(), DeliveryEnd.Exhausted));
        (await RowsAsync(new MessageRowFilter { Status = MessageStatus.Failed })).Count.ShouldBe(1);

        await Deliveries.ResendAsync(message, [lane], default);
        (await History.ReadProgressAsync(message, default)).ShouldBe(new DeliveryProgress(0, 1, 0, 0));
        (await RowsAsync(new MessageRowFilter { Status = MessageStatus.Failed })).ShouldBeEmpty();
        (await RowsAsync(new MessageRowFilter { Status = MessageStatus.Pending })).Count.ShouldBe(1);

        await SettleAsync(Delivered((await PendingAsync(lane)).Single()));
        (await History.ReadProgressAsync(message, default)).ShouldBe(new DeliveryProgress(1, 0, 0, 0));
        (await RowsAsync(new MessageRowFilter { Status = MessageStatus.Pending })).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rows_are_paged_newest_first_in_both_directions_whatever_is_walked(bool ofOneApplication)
    {
        var (good, bad, off) = (NewLane(), NewLane(), NewLane());
        for (var i = 0; i < 10; i++)
        {
            var message = NewMessage() with { Tags = ["t"] };
            var other = NewMessage() with { ApplicationId = ofOneApplication ? Ids.Next<Application>() : Tenant, Tags = ["other"], EventType = "other" };
            await AcceptAsync(Owe(message, good, bad, off), Owe(NewMessage() with { Tags = ["t"] }), Owe(other));
            await Deliveries.CancelAsync(message, off, default);
        }
        await SettleAsync([.. (await PendingAsync(bad)).Select(delivery => Ended(delivery, DeliveryEnd.Exhausted))]);
        var all = new MessageRowFilter { ApplicationId = ofOneApplication ? Tenant : null, EventTypes = ["order.created"] };
        foreach (var filter in new[]
        {
            all with { Status = MessageStatus.Failed }, all with { Status = MessageStatus.Cancelled }, all with { Status = MessageStatus.Pending },
            all with { Status = MessageStatus.NotOwed }, all with { EndpointId = good }, all with { EndpointId = bad, Status = MessageStatus.Failed },
            all with { EndpointId = good, Status = MessageStatus.Pending }, all with { Tag = "t", EndpointId = off },
        })
            await HoldRowsToTheirContractAsync(filter);
        await SettleAsync([.. (await PendingAsync(good)).Select(Delivered)]);
        await HoldRowsToTheirContractAsync(all with { Status = MessageStatus.Delivered, EndpointId = good });
        (await RowsAsync(all with { Status = MessageStatus.Delivered })).ShouldBeEmpty("none was delivered to all");
        (await RowsAsync(all)).Count.ShouldBe(20);
    }

    [Fact]
    public async Task Rows_are_listed_by_time_whatever_is_walked()
    {
        var (lane, off) = (NewLane(), NewLane());
        var messages = new List<Message>();
        for (var i = 0; i < 30; i++)
        {
            messages.Add(await PublishAsync(lane, off));
            await Deliveries.CancelAsync(messages[^1], off, default);
            Clock.Advance(TimeSpan.FromSeconds(i % 3));
        }
        var (after, before) = (messages[9].AcceptedAt, messages[20].AcceptedAt);
        var expected = messages.Where(m => m.AcceptedAt > after && m.AcceptedAt < before).Select(m => m.Id).Reverse().ToList();
        expected.Count.ShouldBeGreaterThan(5);
        foreach (var status in new MessageStatus?[] { null, MessageStatus.Pending, MessageStatus.Failed, MessageStatus.Cancelled })
        {
            if (status == MessageStatus.Failed)
                await SettleAsync([.. (await PendingAsync(lane)).Select(delivery => Ended(delivery, DeliveryEnd.Gone))]);
            var filter = new MessageRowFilter { After = after, Before = before, Status = status };
            foreach (var application in new Id<Application>?[] { null, Tenant })
                (await RowsAsync(filter with { ApplicationId = application })).Select(row => row.Message.Id)
                    .ShouldBe(expected, $"{status} {application}");
        }
    }

    [Fact]
    public async Task A_message_that_is_pending_more_than_once_is_listed_once_where_it_was_last_owed()
    {
        var (a, b) = (NewLane(), NewLane());
        var old = await PublishAsync(a, b);
        var newer = await PublishAsync(a);
        await Deliveries.ResendAsync(old, [b], default);

        var rows = await RowsAsync(new MessageRowFilter { Status = MessageStatus.Pending });
        rows.Select(row => row.Message.Id).ShouldBe([old.Id, newer.Id]);
        (await RowsAsync(new MessageRowFilter { Status = MessageStatus.Pending, EndpointId = a })).Select(row => row.Message.Id).ShouldBe([newer.Id, old.Id]);
    }

    [Fact]
    public async Task The_contents_of_an_application_are_counted_up_to_a_limit()
    {
        var acme = await AddApplicationAsync("acme");
        var (one, two) = (await AddEndpointAsync(acme), await AddEndpointAsync(acme));
        for (var i = 0; i < 3; i++)
            await AcceptAsync(Owe(NewMessage() with { ApplicationId = acme.Id }, one.Id, two.Id));
        await PublishAsync(NewLane());

        (await History.CountContentsAsync(acme.Id, 5, default))
            .ShouldBe(new ApplicationContents(new CappedCount(2, false), new CappedCount(3, false), new CappedCount(5, true)));
    }

    [Fact]
    public async Task A_paused_lane_says_so_until_it_is_resumed_over_restarts_too()
    {
        var lane = NewLane();
        await PublishAsync(lane);
        await Deliveries.SettleAsync(new SettleBatch(_node, [], [new EndpointHealth(lane, Start, 9, 7)], []), default);
        (await ReadAsync(lane)).IsPaused.ShouldBeFalse();

        await Deliveries.PauseLaneAsync(lane, default);
        Clock.Advance(TimeSpan.FromMinutes(1));
        await Deliveries.PauseLaneAsync(lane, default);
        await _store.ReopenAsync();
        (await ReadAsync(lane)).IsPaused.ShouldBeTrue();
        (await History.ReadLaneAsync(lane, default)).PausedAt.ShouldBe(Start, "it was paused before, and since then");
        (await PendingAsync(lane)).Count.ShouldBe(1, "what is paused is queued");

        await Deliveries.ResumeLaneAsync(lane, default);
        (await ReadAsync(lane)).IsPaused.ShouldBeFalse();
        (await History.ReadLaneAsync(lane, default)).PausedAt.ShouldBeNull();
        (await History.FindHealthAsync(lane, default)).ShouldBeNull("a person worked on the receiver");
    }

    [Fact]
    public async Task The_end_of_a_lane_ends_its_pause()
    {
        var lane = NewLane();
        await PublishAsync(lane);
        await Deliveries.PauseLaneAsync(lane, default);
        while (await Deliveries.DropLaneAsync(lane, 10, default) > 0) { }
        (await History.ReadLaneAsync(lane, default)).PausedAt.ShouldBeNull();
    }

    private async Task<IReadOnlyList<MessageRow>> RowsAsync(MessageRowFilter filter) =>
        (await History.ListMessageRowsAsync(filter, new PageRequest(250), default)).Items;

    private async Task HoldRowsToTheirContractAsync(MessageRowFilter filter)
    {
        var rows = await RowsAsync(filter);
        rows.Count.ShouldBe(10, filter.ToString());
        rows.Select(row => row.Message.Id).ShouldBe(rows.Select(row => row.Message.Id).OrderDescending());
        await HoldPagesToTheirContractAsync(
            [.. rows.Select(row => row.Position)], descending: true, page => History.ListMessageRowsAsync(filter, page, default), row => row.Position);
    }
}
