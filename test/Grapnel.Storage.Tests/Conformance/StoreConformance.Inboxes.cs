namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task An_inbox_keeps_every_field_through_a_restart()
    {
        var inbox = await AddInboxAsync();
        var changed = inbox with { EndpointId = Ids.Next<Endpoint>(), AnswerStatus = 503, AnswerDelay = TimeSpan.FromSeconds(2), FailFirst = 3 };
        (await Console.UpdateInboxAsync(changed, default)).ShouldBeTrue();

        await _store.ReopenAsync();

        (await Console.FindInboxAsync(inbox.Id, default)).ShouldBe(changed);
        (await Console.FindInboxAsync(Ids.Next<Inbox>(), default)).ShouldBeNull();
    }

    [Fact]
    public async Task The_inboxes_of_an_application_are_read_the_newest_first()
    {
        var (first, second) = (await AddInboxAsync(), await AddInboxAsync());
        await AddInboxAsync(Ids.Next<Application>());

        (await Console.ReadInboxesAsync(Tenant, default)).ShouldBe([second, first]);
        (await Console.CountInboxesAsync(default)).ShouldBe(3);
    }

    [Fact]
    public async Task A_caught_request_keeps_every_field_through_a_restart()
    {
        var request = NewRequest(await AddInboxAsync(), "msg_1");
        await Console.AddInboxRequestAsync(request, keep: 10, default);

        await _store.ReopenAsync();

        var read = (await Console.ReadInboxRequestsAsync(request.InboxId, 10, default)).ShouldHaveSingleItem();
        read.Headers.ShouldBe(request.Headers);
        read.Body.ShouldBe(request.Body);
        read.ShouldBe(request with { Headers = read.Headers, Body = read.Body });
        (await Console.ReadInboxRequestRowsAsync(request.InboxId, 10, default)).ShouldBe([new InboxRequestRow(request.Id, "POST", "msg_1", 70_000, 200)]);
    }

    [Fact]
    public async Task A_caught_request_is_found_in_its_own_inbox_only()
    {
        var (inbox, other) = (await AddInboxAsync(), await AddInboxAsync());
        var caught = (await CatchAsync(inbox, 1, keep: 10)).Single();

        (await Console.FindInboxRequestAsync(inbox.Id, caught, default))!.Id.ShouldBe(caught);
        (await Console.FindInboxRequestAsync(other.Id, caught, default)).ShouldBeNull();
        (await Console.FindInboxRequestAsync(inbox.Id, Ids.Next<InboxRequest>(), default)).ShouldBeNull();
    }

    [Fact]
    public async Task An_inbox_keeps_the_newest_requests_and_no_more_than_it_may()
    {
        var (inbox, other) = (await AddInboxAsync(), await AddInboxAsync());
        await CatchAsync(other, 3, keep: 100);
        var caught = await CatchAsync(inbox, 5, keep: 3);

        (await RequestIdsAsync(inbox)).ShouldBe([caught[4], caught[3], caught[2]]);
        (await RequestIdsAsync(inbox, limit: 1)).ShouldBe([caught[4]]);
        (await RequestIdsAsync(other)).Count.ShouldBe(3);

        await Console.AddInboxRequestAsync(NewRequest(inbox), keep: 1, default);
        (await RequestIdsAsync(inbox)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Requests_are_counted_by_the_message_that_they_carried()
    {
        var (inbox, other) = (await AddInboxAsync(), await AddInboxAsync());
        foreach (var request in new[] { NewRequest(inbox, "msg_1"), NewRequest(inbox, "msg_2"), NewRequest(inbox, "msg_1"), NewRequest(inbox), NewRequest(other, "msg_1") })
            await Console.AddInboxRequestAsync(request, keep: 10, default);

        (await Console.CountInboxRequestsAsync(inbox.Id, "msg_1", default)).ShouldBe(2);
        (await Console.CountInboxRequestsAsync(inbox.Id, "msg_3", default)).ShouldBe(0);
    }

    [Fact]
    public async Task Clearing_an_inbox_takes_its_requests_and_no_others()
    {
        var (inbox, other) = (await AddInboxAsync(), await AddInboxAsync());
        await CatchAsync(inbox, 3, keep: 10);
        await CatchAsync(other, 2, keep: 10);

        await Console.ClearInboxAsync(inbox.Id, default);

        (await RequestIdsAsync(inbox)).ShouldBeEmpty();
        (await RequestIdsAsync(other)).Count.ShouldBe(2);
        (await Console.FindInboxAsync(inbox.Id, default)).ShouldBe(inbox);
    }

    [Fact]
    public async Task A_deleted_inbox_takes_its_requests_with_it_and_catches_nothing_more()
    {
        var (inbox, other) = (await AddInboxAsync(), await AddInboxAsync());
        await CatchAsync(inbox, 3, keep: 10);
        await CatchAsync(other, 2, keep: 10);

        (await Console.DeleteInboxAsync(inbox.Id, default)).ShouldBeTrue();
        await Console.AddInboxRequestAsync(NewRequest(inbox), keep: 10, default);

        (await RequestIdsAsync(inbox)).ShouldBeEmpty();
        (await RequestIdsAsync(other)).Count.ShouldBe(2);
        (await Console.FindInboxAsync(inbox.Id, default)).ShouldBeNull();
        (await Console.DeleteInboxAsync(inbox.Id, default)).ShouldBeFalse();
        (await Console.UpdateInboxAsync(inbox, default)).ShouldBeFalse();
    }

    private async Task<Inbox> AddInboxAsync(Id<Application>? application = null)
    {
        var inbox = new Inbox { Id = Ids.Next<Inbox>(), ApplicationId = application ?? Tenant, CreatedAt = Start };
        await Console.AddInboxAsync(inbox, default);
        return inbox;
    }

    private InboxRequest NewRequest(Inbox inbox, string? message = null) => new()
    {
        Id = Ids.Next<InboxRequest>(), InboxId = inbox.Id, Method = "POST", Target = "/in/x?a=1", Headers = ["Host", "a", "X", ""], Body = [0, 255],
        BodyLength = 70_000, MessageId = message, AnsweredStatus = 200,
    };

    private async Task<List<Id<InboxRequest>>> CatchAsync(Inbox inbox, int count, int keep)
    {
        var ids = new List<Id<InboxRequest>>();
        for (var i = 0; i < count; i++)
        {
            var request = NewRequest(inbox);
            await Console.AddInboxRequestAsync(request, keep, default);
            ids.Add(request.Id);
        }
        return ids;
    }

    private async Task<IReadOnlyList<Id<InboxRequest>>> RequestIdsAsync(Inbox inbox, int limit = 100) =>
        [.. (await Console.ReadInboxRequestsAsync(inbox.Id, limit, default)).Select(request => request.Id)];
}
