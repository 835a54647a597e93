using Grapnel.Storage.Postgres;

namespace Grapnel.Storage.Tests.Postgres;

/// <summary>Lists over more than one call may look at find everything once, in both directions.</summary>
public sealed class PostgresListTests : PostgresHistoryTests
{
    [Fact]
    public async Task Messages_that_lie_further_apart_than_one_call_may_look_are_all_found_once_in_both_directions()
    {
        var messages = Enumerable.Range(0, 2 * PostgresListWalk.Budget + 1_000)
            .Select(i => NewMessage(i % (PostgresListWalk.Budget + 400) == 0 ? "rare" : "often")).ToList();
        await AcceptAsync(messages);
        List<Id<Message>> wanted = [.. messages.Where(message => message.EventType == "rare").Select(message => message.Id).Reverse()];

        var filter = new MessageFilter(EventTypes: ["rare"]);
        (await ShouldFindAsync(wanted, limit: 2, page => Store.History.ListMessagesAsync(Tenant, filter, page, default), row => row.Id, row => row.Id.ToString()))
            .ShouldBeGreaterThan(2, "nothing was cut short");
        foreach (var application in new Id<Application>?[] { null, Tenant })
        {
            var rows = new MessageRowFilter { ApplicationId = application, EventTypes = ["rare"] };
            await ShouldFindAsync(wanted, limit: 2, page => Store.History.ListMessageRowsAsync(rows, page, default), row => row.Message.Id, row => row.Position);
        }
    }

    [Fact]
    public async Task An_empty_page_knows_its_way_back_to_the_item_that_it_began_behind()
    {
        var messages = Enumerable.Range(0, PostgresListWalk.Budget + 1_000).Select(i => NewMessage(i < PostgresListWalk.Budget + 900 ? "often" : "rare")).ToList();
        await AcceptAsync(messages);
        var wanted = messages.First(message => message.EventType == "rare").Id;
        Task<Page<Message>> List(string? iterator) =>
            Store.History.ListMessagesAsync(Tenant, new MessageFilter(EventTypes: ["rare"]), new PageRequest(1, iterator), default);

        var empty = await List(wanted.ToString());
        (empty.Items.Count, empty.Done).ShouldBe((0, false));
        (await List(empty.PrevIterator)).Items.Select(message => message.Id).ShouldBe([wanted]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(300)]
    public async Task Pending_messages_of_many_lanes_come_in_order_of_place_and_once_each(int fanOut)
    {
        var lanes = Enumerable.Range(0, 300).Select(_ => Ids.Next<Endpoint>()).ToArray();
        var messages = Enumerable.Range(0, 60).Select(_ => NewMessage()).ToList();
        foreach (var (message, i) in messages.Select((message, i) => (message, i)))
            await AcceptAsync([message], [.. Enumerable.Range(0, fanOut).Select(lane => lanes[(i * i + lane) % lanes.Length])]);
        var foreign = NewMessage() with { ApplicationId = Ids.Next<Application>() };
        await AcceptAsync([foreign], lanes[..50]);
        await Store.Deliveries.ResendAsync(messages[7], [lanes[3]], default);

        Id<Message>[] all = [messages[7].Id, foreign.Id, .. messages.Where((_, i) => i != 7).Reverse().Select(message => message.Id)];
        foreach (var application in new Id<Application>?[] { null, Tenant })
        {
            var filter = new MessageRowFilter { Status = MessageStatus.Pending, ApplicationId = application };
            await ShouldFindAsync(
                all.Where(id => application is null || id != foreign.Id).ToList(), limit: 7, page => Store.History.ListMessageRowsAsync(filter, page, default),
                row => row.Message.Id, row => row.Position);
        }
    }

    [Fact]
    public async Task A_text_with_a_nul_in_it_is_nowhere_to_be_found()
    {
        await AcceptAsync([NewMessage()]);

        (await Store.History.FindMessageAsync(Tenant, "a\0", default)).ShouldBeNull();
        (await Store.Search.FindByEventIdAsync("a\0", 10, default)).ShouldBeEmpty();
        (await Store.Search.FindLastByEventIdAsync(Tenant, "a\0", default)).ShouldBeNull();
        (await Store.Search.FindEndpointsAsync("a\0", 10, default)).ShouldBeEmpty();
        foreach (var filter in new[] { new MessageFilter(Channel: "a\0"), new MessageFilter(Tag: "a\0"), new MessageFilter(EventTypes: ["a\0"]) })
            (await Store.History.ListMessagesAsync(Tenant, filter, new PageRequest(), default)).Items.ShouldBeEmpty();
        (await Store.History.ListMessagesAsync(Tenant, new MessageFilter(EventTypes: ["a\0", "often"]), new PageRequest(), default)).Items.Count.ShouldBe(1);
    }

    // Walks the whole list forward, then all the way back, and expects to see each of them once each way; tells how many calls it took.
    private static async Task<int> ShouldFindAsync<T>(
        List<Id<Message>> wanted, int limit, Func<PageRequest, Task<Page<T>>> list, Func<T, Id<Message>> key, Func<T, string> position)
    {
        var (found, calls, page) = (new List<Id<Message>>(), 1, await list(new PageRequest(limit)));
        for (found.AddRange(page.Items.Select(key)); !page.Done; calls++)
        {
            page = await list(new PageRequest(limit, page.Iterator ?? position(page.Items[^1])));
            found.AddRange(page.Items.Select(key));
        }
        found.ShouldBe(wanted);
        var back = page.Items.Select(key).ToList();
        for (page = page with { Done = false }; !page.Done;)
        {
            page = await list(new PageRequest(limit, page.PrevIterator ?? "-" + position(page.Items[0])));
            back.InsertRange(0, page.Items.Select(key));
        }
        back.ShouldBe(wanted);
        return calls;
    }
}
