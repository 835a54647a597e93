using System.Text.Json;
using Grapnel.Sending;

namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task Payloads_go_before_their_messages_but_not_while_they_are_still_owed()
    {
        var lane = NewLane();
        var (done, owed) = (await PublishAsync(), await PublishAsync(lane));
        Clock.Advance(TimeSpan.FromHours(2));
        var young = await PublishAsync();

        await ExpirePayloadsAsync(TimeSpan.FromHours(1));

        (await PayloadAsync(done)).ShouldBeNull();
        (await PayloadAsync(young)).ShouldNotBeNull();
        (await PendingAsync(lane)).Single().Message.Payload.ShouldNotBeNull();
        await SettleAsync(Delivered((await PendingAsync(lane)).Single()));
        await ExpireAsync();
        (await PayloadAsync(owed)).ShouldBeNull();
        (await StateAsync(owed, lane))!.End.ShouldBe(DeliveryEnd.Delivered);
    }

    [Fact]
    public async Task However_short_the_steps_every_old_payload_goes()
    {
        // All in one millisecond, as far as the clock tells.
        var messages = new List<Message>();
        for (var i = 0; i < 7; i++)
            messages.Add(await PublishAsync());
        Clock.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 7; i++, Clock.Advance(TimeSpan.FromMilliseconds(1)))
            messages.Add(await PublishAsync());
        Clock.Advance(TimeSpan.FromHours(1));

        await ExpirePayloadsAsync(TimeSpan.FromMinutes(1), limit: 3);

        foreach (var message in messages)
            (await PayloadAsync(message)).ShouldBeNull();
    }

    [Fact]
    public async Task A_payload_that_was_to_go_earlier_still_goes_then()
    {
        var lane = NewLane();
        var message = NewMessage() with { ContentExpiresAt = Start.AddMinutes(1) };
        await AcceptAsync(Owe(message, lane));
        Clock.Advance(TimeSpan.FromHours(2));
        await ExpirePayloadsAsync(TimeSpan.FromHours(1));
        await SettleAsync(Delivered((await PendingAsync(lane)).Single()));

        await ExpireAsync();

        (await PayloadAsync(message)).ShouldBeNull();
    }

    [Fact]
    public async Task A_payload_from_a_clock_that_ran_ahead_goes_when_its_time_has_come()
    {
        var ahead = NewMessage() with { Id = Id<Message>.FirstAt(Start.AddDays(1)) };
        await AcceptAsync(Owe(ahead));
        var behind = await PublishAsync();
        Clock.Advance(TimeSpan.FromHours(2));
        await ExpirePayloadsAsync(TimeSpan.FromHours(1));
        (await PayloadAsync(behind)).ShouldBeNull();
        (await PayloadAsync(ahead)).ShouldNotBeNull();

        Clock.Advance(TimeSpan.FromDays(1));
        await ExpirePayloadsAsync(TimeSpan.FromHours(1));
        await ExpireAsync();

        (await PayloadAsync(ahead)).ShouldBeNull();
    }

    [Fact]
    public async Task Of_the_attempts_of_a_delivery_that_ended_the_first_and_the_last_stay_without_their_content()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        var pending = (await PendingAsync(lane)).Single();
        for (var i = 0; i < 4; i++)
            await SettleAsync(WithHeaders(Retried(pending with { Attempts = i }, TimeSpan.Zero)));
        var last = WithHeaders(Delivered(pending with { Attempts = 4 }));
        await SettleAsync(last);
        Clock.Advance(TimeSpan.FromHours(2));

        await ThinAsync(TimeSpan.FromHours(1));

        var attempts = await AttemptsAsync(message);
        attempts.Select(attempt => attempt.Number).ShouldBe([5, 1]);
        attempts.ShouldAllBe(attempt => attempt.ResponseBody.Length == 0);
        foreach (var attempt in attempts)
            (await History.FindAttemptHeadersAsync(message.Id, attempt.Id, default)).ShouldBe(AttemptHeaders.None);
        var told = attempts[0] with { ResponseBody = last.Attempt.ResponseBody, Headers = last.Attempt.Headers };
        told.ShouldBe(last.Attempt);
        (await StateAsync(message, lane)).ShouldBe(new DeliveryState(lane, DeliveryEnd.Delivered, Start.AddMilliseconds(20), 5, SendOutcome.Success));
    }

    [Fact]
    public async Task Attempts_of_what_is_still_pending_stay_until_it_is_over()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        var pending = (await PendingAsync(lane)).Single();
        for (var i = 0; i < 3; i++)
            await SettleAsync(Retried(pending with { Attempts = i }, TimeSpan.Zero));
        Clock.Advance(TimeSpan.FromHours(2));

        await ThinAsync(TimeSpan.FromHours(1));
        (await AttemptsAsync(message)).ShouldAllBe(attempt => attempt.ResponseBody.Length > 0);
        (await AttemptsAsync(message)).Count.ShouldBe(3);

        await Deliveries.CancelAsync(message, null, default);
        Clock.Advance(TimeSpan.FromHours(2));
        await ThinAsync(TimeSpan.FromHours(1));
        (await AttemptsAsync(message)).Select(attempt => attempt.Number).ShouldBe([3, 1]);
        (await StateAsync(message, lane))!.Attempts.ShouldBe(3);
    }

    [Fact]
    public async Task Attempts_that_were_young_when_the_sweep_came_by_go_when_they_are_old()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        var pending = (await PendingAsync(lane)).Single();
        await SettleAsync(Retried(pending, TimeSpan.Zero));
        Clock.Advance(TimeSpan.FromMinutes(90));
        for (var i = 1; i < 4; i++)
            await SettleAsync(Retried(pending with { Attempts = i }, TimeSpan.Zero));
        await SettleAsync(Delivered(pending with { Attempts = 4 }));

        await ThinAsync(TimeSpan.FromHours(1));
        (await AttemptsAsync(message)).Count.ShouldBe(5);
        Clock.Advance(TimeSpan.FromMinutes(59));
        await ThinAsync(TimeSpan.FromHours(1));
        (await AttemptsAsync(message)).Count.ShouldBe(5);
        Clock.Advance(TimeSpan.FromMinutes(2));
        await ThinAsync(TimeSpan.FromHours(1));

        (await AttemptsAsync(message)).Select(attempt => attempt.Number).ShouldBe([5, 1]);
    }

    [Fact]
    public async Task Attempts_of_what_was_sent_again_after_the_sweep_go_when_they_are_old()
    {
        var lane = NewLane();
        var message = await PublishAsync(lane);
        await SettleAsync(Delivered((await PendingAsync(lane)).Single()));
        Clock.Advance(TimeSpan.FromHours(2));
        await ThinAsync(TimeSpan.FromHours(1));
        for (var i = 0; i < 4; i++)
        {
            await Deliveries.ResendAsync(message, [lane], default);
            await SettleAsync(Ended((await PendingAsync(lane)).Single(), DeliveryEnd.Exhausted));
        }
        await ThinAsync(TimeSpan.FromHours(1));
        (await AttemptsAsync(message)).Count.ShouldBe(5);
        Clock.Advance(TimeSpan.FromHours(2));

        await ThinAsync(TimeSpan.FromHours(1));

        var attempts = await AttemptsAsync(message);
        attempts.Select(attempt => attempt.Outcome).ShouldBe([SendOutcome.Refused, SendOutcome.Success]);
        attempts.ShouldAllBe(attempt => attempt.ResponseBody.Length == 0);
    }

    [Fact]
    public async Task What_is_told_of_deliveries_stays_the_same_when_their_attempts_are_thinned()
    {
        var (good, bad) = (NewLane(), NewLane());
        var messages = new List<Message>();
        for (var i = 0; i < 12; i++, Clock.Advance(TimeSpan.FromSeconds(1)))
        {
            messages.Add(await PublishAsync(good, bad));
            foreach (var delivery in new[] { (await PendingAsync(good)).Single(), (await PendingAsync(bad)).Single() })
                await LiveAsync(delivery, i);
            await EmptyAsync(good);
            await EmptyAsync(bad);
        }
        var before = await TellAsync(messages, [good, bad]);
        Clock.Advance(TimeSpan.FromDays(1));

        await ThinAsync(TimeSpan.FromHours(1), limit: 5);

        (await TellAsync(messages, [good, bad])).ShouldBe(before);
        (await AttemptsAsync(messages[0])).Count.ShouldBeLessThan(8);
    }

    // Each in another way: delivered at once or late, failed, cancelled, cancelled while it was delivered, failed or delivered when sent again.
    private async Task LiveAsync(Delivery delivery, int way)
    {
        for (; delivery.Attempts < 3 && way % 4 != 3; delivery = delivery with { Attempts = delivery.Attempts + 1 })
            await SettleAsync(Retried(delivery, TimeSpan.Zero));
        if (way % 3 == 0)
            await Deliveries.CancelAsync(delivery.Message, delivery.EndpointId, default);
        await SettleAsync(way % 3 == 1 ? Delivered(delivery) : Ended(delivery, DeliveryEnd.Exhausted));
        if (way == 6)
            await SettleAsync(Delivered(delivery));
        for (var i = 0; i < 3 && way > 8; i++)
        {
            Clock.Advance(TimeSpan.FromMilliseconds(50));
            await Deliveries.ResendAsync(delivery.Message, [delivery.EndpointId], default);
            var again = (await PendingAsync(delivery.EndpointId)).Single(pending => pending.Trigger == Trigger.Manual);
            await SettleAsync(way == 10 && i == 1 ? Delivered(again) : Ended(again, DeliveryEnd.Exhausted));
        }
    }

    private async Task EmptyAsync(Id<Endpoint> lane) => (await PendingAsync(lane)).ShouldBeEmpty();

    private async Task<string> TellAsync(List<Message> messages, Id<Endpoint>[] lanes)
    {
        var told = new List<object>();
        foreach (var message in messages)
        {
            told.Add(await History.ReadDeliveriesAsync(message, default));
            told.Add(await History.ReadProgressAsync(message, default));
            told.Add((await History.ListDestinationsAsync(message, NothingInFlight, new PageRequest(), default)).Items);
        }
        foreach (var status in Enum.GetValues<MessageStatus>())
            told.Add((await History.ListMessageRowsAsync(new MessageRowFilter { Status = status }, new PageRequest(), default)).Items.Select(row => row.Message.Id));
        foreach (var lane in lanes)
        {
            foreach (var status in Enum.GetValues<DeliveryStatus>().Select(status => (DeliveryStatus?)status).Append(null))
                told.Add((await History.ListAttemptedMessagesAsync(
                    Tenant, lane, new AttemptedFilter(NothingInFlight, status, new MessageFilter()), new PageRequest(), default)).Items
                    .Select(row => (row.Message.Id, row.Destination)).Select(row => $"{row}"));
            var failed = new ReplayQuery(Tenant, lane, ReplaySet.Failed, Start, Start.AddDays(1));
            told.Add((await History.ReadReplayAsync(failed, null, 1000, default)).Candidates.Select(candidate => candidate.Message.Id).Distinct());
            foreach (var status in Enum.GetValues<ReplayStatus>())
                told.Add((await History.ReadReplayAsync(failed with { Set = ReplaySet.Owed, Status = status }, null, 1000, default)).Candidates
                    .Select(candidate => candidate.Message.Id));
            told.Add(await History.ReadRollupsAsync(lane, Start.AddHours(-1), Start.AddDays(2), default));
        }
        return string.Join("\n", told.Select(part => JsonSerializer.Serialize(part)));
    }

    private static Settlement WithHeaders(Settlement settlement)
    {
        using var request = new HttpRequestMessage();
        request.Headers.TryAddWithoutValidation("webhook-id", "the id of the message");
        using var response = new HttpResponseMessage();
        return settlement with { Attempt = settlement.Attempt with { Headers = HeaderPack.Of(request, response) } };
    }

    private async Task<IReadOnlyList<Attempt>> AttemptsAsync(Message message) =>
        (await History.ListAttemptsAsync(Tenant, new AttemptFilter(MessageId: message.Id), new PageRequest(), default)).Items;

    private Task ExpirePayloadsAsync(TimeSpan age, int limit = 10) => UntilDoneAsync(() => History.ExpirePayloadsAsync(Clock.GetUtcNow() - age, limit, default));

    private Task ThinAsync(TimeSpan age, int limit = 10) => UntilDoneAsync(() => History.ThinAttemptsAsync(Clock.GetUtcNow() - age, limit, default));

    private static async Task UntilDoneAsync(Func<Task<bool>> step)
    {
        for (var steps = 0; await step(); steps++)
            steps.ShouldBeLessThan(1000);
    }
}
