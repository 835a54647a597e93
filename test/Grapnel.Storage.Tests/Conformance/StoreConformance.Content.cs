using System.Net;
using Grapnel.Sending;

namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task Content_goes_when_its_time_is_over_but_not_while_it_is_still_owed()
    {
        var lane = NewLane();
        var at = Start.AddMinutes(10);
        var (done, owed, later) = (NewMessage() with { ContentExpiresAt = at }, NewMessage() with { ContentExpiresAt = at }, NewMessage());
        later = later with { ContentExpiresAt = at.AddMinutes(1) };
        await AcceptAsync(Owe(done), Owe(owed, lane), Owe(later));

        await ExpireAsync();
        (await PayloadAsync(done)).ShouldNotBeNull();
        Clock.Advance(TimeSpan.FromMinutes(10));
        await ExpireAsync();

        (await PayloadAsync(done)).ShouldBeNull();
        (await PayloadAsync(later)).ShouldNotBeNull();
        (await PendingAsync(lane)).Single().Message.Payload.ShouldNotBeNull();
        await SettleAsync(Delivered((await PendingAsync(lane)).Single()));
        await ExpireAsync();
        (await PayloadAsync(owed)).ShouldBeNull();
    }

    [Fact]
    public async Task Content_that_is_still_owed_does_not_keep_what_lies_behind_it_from_going()
    {
        var lane = NewLane();
        var messages = Enumerable.Range(0, 7).Select(_ => NewMessage() with { ContentExpiresAt = Start }).ToList();
        await AcceptAsync([.. messages.Select((message, i) => i < 5 ? Owe(message, lane) : Owe(message))]);

        await ExpireAsync(limit: 2);

        (await PayloadAsync(messages[4])).ShouldNotBeNull();
        (await PayloadAsync(messages[5])).ShouldBeNull();
        (await PayloadAsync(messages[6])).ShouldBeNull();
    }

    [Fact]
    public async Task Expunging_a_message_takes_its_payload_and_ends_what_is_pending_of_it()
    {
        var (done, waiting) = (NewLane(), NewLane());
        var message = await PublishAsync(done, waiting);
        await SettleAsync(Delivered((await PendingAsync(done)).Single()));
        var pending = (await PendingAsync(waiting)).Single();

        (await Deliveries.ExpungeAsync(message, default)).ShouldBe([(waiting, pending.Seq)]);

        (await PayloadAsync(message)).ShouldBeNull();
        (await PendingAsync(waiting)).ShouldBeEmpty();
        (await StateAsync(message, waiting))!.End.ShouldBe(DeliveryEnd.Cancelled);
        (await StateAsync(message, done))!.End.ShouldBe(DeliveryEnd.Delivered);
        (await History.ReadBacklogAsync(default)).Pending.ShouldBe(0);
        (await Deliveries.ExpungeAsync(message, default)).ShouldBeEmpty();
        (await Deliveries.ExpungeAsync(NewMessage(), default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Deliveries_that_end_because_their_message_is_expunged_are_counted_as_cancelled()
    {
        var lane = NewLane();
        await Deliveries.ExpungeAsync(await PublishAsync(lane), default);

        (await History.ReadRollupsAsync(lane, Start.AddMinutes(-1), Start.AddMinutes(1), default)).Single().Cancelled.ShouldBe(1);
    }

    [Fact]
    public async Task A_message_whose_content_was_removed_is_not_sent_again()
    {
        var lane = NewLane();
        var (expunged, expired) = (NewMessage(), NewMessage() with { ContentExpiresAt = Start });
        await AcceptAsync(Owe(expunged), Owe(expired));
        await Deliveries.ExpungeAsync(expunged, default);
        await ExpireAsync();

        foreach (var message in new[] { expunged, expired })
            await Should.ThrowAsync<NotFoundException>(() => Deliveries.ResendAsync(message, [lane], default));

        (await PendingAsync(lane)).ShouldBeEmpty();
        (await History.ReadBacklogAsync(default)).Pending.ShouldBe(0);
    }

    [Fact]
    public async Task The_headers_of_an_attempt_are_kept_until_it_is_expunged()
    {
        using var request = new HttpRequestMessage();
        request.Headers.TryAddWithoutValidation("webhook-id", "the id of the message");
        using var response = new HttpResponseMessage(HttpStatusCode.OK);
        response.Headers.TryAddWithoutValidation("X-Trace", "7");
        var lane = NewLane();
        var message = await PublishAsync(lane);
        var settlement = Delivered((await PendingAsync(lane)).Single());
        var attempt = settlement.Attempt with { Headers = HeaderPack.Of(request, response) };
        await SettleAsync(settlement with { Attempt = attempt });

        var headers = await History.FindAttemptHeadersAsync(message.Id, attempt.Id, default);
        headers!.Sent.ShouldBe([new("webhook-id", message.Id.ToString())]);
        headers.Received.ShouldBe([new("X-Trace", "7")]);
        (await History.FindAttemptHeadersAsync(message.Id, Ids.Next<Attempt>(), default)).ShouldBeNull();

        (await History.ExpungeAttemptAsync(message.Id, attempt.Id, default)).ShouldBeTrue();
        (await History.FindAttemptHeadersAsync(message.Id, attempt.Id, default)).ShouldBe(AttemptHeaders.None);
        (await History.FindAttemptAsync(message.Id, attempt.Id, default))!.ResponseBody.ToArray().ShouldBe("EXPUNGED"u8.ToArray());
        (await History.ExpungeAttemptAsync(message.Id, Ids.Next<Attempt>(), default)).ShouldBeFalse();
    }

    private async Task ExpireAsync(int limit = 10)
    {
        ContentPosition? at = null;
        do
            at = await History.ExpireContentAsync(at, limit, default);
        while (at is not null);
    }

    private async Task<ReadOnlyMemory<byte>?> PayloadAsync(Message message) =>
        (await History.FindMessageAsync(Tenant, message.Id.ToString(), default))!.Payload;
}
