using Grapnel.Sending;
using Grapnel.Storage.Sqlite;

namespace Grapnel.Storage.Tests.Sqlite;

/// <summary>Lists over more than one call may look at: what a call costs, and that calls together still find everything once.</summary>
public sealed class ListCostTests : SqliteTests
{
    private const int Count = 30_000;
    private static readonly Func<Id<Endpoint>, long, bool> NothingInFlight = (_, _) => false;

    [Fact]
    public async Task A_filter_that_matches_nothing_costs_no_more_than_the_budget()
    {
        var lane = await FillAsync(SendOutcome.Refused);
        foreach (var filter in new[]
        {
            new MessageFilter(EventTypes: ["none"]), new MessageFilter(Channel: "all", EventTypes: ["none"]),
            new MessageFilter(Channel: "all", Tag: "none"), new MessageFilter(Tag: "none"),
        })
        {
            await ShouldBeBoundAsync(page => Store.History.ListMessagesAsync(Tenant, filter, page, default));
            foreach (var status in Enum.GetValues<DeliveryStatus>().Cast<DeliveryStatus?>().Append(null))
                await ShouldBeBoundAsync(page => Store.History.ListAttemptedMessagesAsync(
                    Tenant, lane, new AttemptedFilter(NothingInFlight, status, filter), page, default));
        }
        foreach (var filter in new[]
        {
            new AttemptFilter(null, lane, Succeeded: true), new AttemptFilter(null, lane, StatusCodeClass: 200),
            new AttemptFilter(null, lane, StatusCodeClass: 300), new AttemptFilter(null, lane, EventTypes: ["none"]),
            new AttemptFilter(null, lane, Channel: "none"), new AttemptFilter(null, lane, Tag: "none"),
            new AttemptFilter(null, lane, false, 400, "none", ["none"], Tag: "none"),
        })
            await ShouldBeBoundAsync(page => Store.History.ListAttemptsAsync(Tenant, filter, page, default));
    }

    [Fact]
    public async Task Messages_that_lie_further_apart_than_one_call_may_look_are_all_found_once_in_both_directions()
    {
        var wanted = await FillSparselyAsync();
        var filter = new MessageFilter(EventTypes: ["rare"]);
        await ShouldFindAsync(wanted, page => Store.History.ListMessagesAsync(Tenant, filter, page, default), row => row.Id);
    }

    [Fact]
    public async Task An_empty_page_knows_its_way_back_to_the_item_that_it_began_behind()
    {
        var wanted = (await FillSparselyAsync())[0];
        Task<Page<Message>> List(string? iterator) =>
            Store.History.ListMessagesAsync(Tenant, new MessageFilter(EventTypes: ["rare"]), new PageRequest(2, iterator), default);

        var empty = await List(wanted.ToString());
        (empty.Items.Count, empty.Done).ShouldBe((0, false));
        (await List(empty.PrevIterator)).Items.Select(message => message.Id).ShouldBe([wanted]);
    }

    [Fact]
    public async Task Attempts_that_lie_further_apart_than_one_call_may_look_are_all_found_once_in_both_directions()
    {
        var lane = await FillAsync(SendOutcome.Success);
        var attempts = (await Store.History.ListAttemptsAsync(Tenant, new AttemptFilter(null, lane), new PageRequest(250), default)).Items;
        var wanted = attempts.Take(2).Append(await OldestAsync(lane)).ToList();
        foreach (var attempt in wanted)
            await Store.Gate.RunAsync(session => session
                .Prepare("INSERT INTO message_label (application_id, label, message_id) VALUES (?, 't:rare', ?)")
                .Bind(Tenant).Bind(attempt.MessageId).Run());

        var filter = new AttemptFilter(null, lane, Tag: "rare");
        await ShouldFindAsync(
            [.. wanted.Select(attempt => attempt.Id)], page => Store.History.ListAttemptsAsync(Tenant, filter, page, default), row => row.Id);
        await ShouldFindAsync(
            [.. wanted.Select(attempt => attempt.MessageId)],
            page => Store.History.ListAttemptedMessagesAsync(
                Tenant, lane, new AttemptedFilter(NothingInFlight, null, new MessageFilter(Tag: "rare")), page, default),
            row => row.Message.Id);
    }

    [Theory]
    [InlineData(SendOutcome.Success)]
    [InlineData(SendOutcome.Refused)]
    public async Task Rows_cost_no_more_than_the_budget_whatever_the_filter(SendOutcome outcome)
    {
        var lane = await FillAsync(outcome);
        foreach (var status in Enum.GetValues<MessageStatus>().Cast<MessageStatus?>().Append(null))
            foreach (var application in new Id<Application>?[] { null, Tenant })
                foreach (var filter in new[]
                {
                    new MessageRowFilter(), new MessageRowFilter { EventTypes = ["none"] }, new MessageRowFilter { Tag = "none" },
                    new MessageRowFilter { Channel = "all", EventTypes = ["none"] }, new MessageRowFilter { EndpointId = lane },
                    new MessageRowFilter { EndpointId = Ids.Next<Endpoint>() },
                    new MessageRowFilter { After = Clock.GetUtcNow().AddDays(1) }, new MessageRowFilter { Before = Clock.GetUtcNow().AddDays(-1) },
                })
                {
                    var full = filter with { Status = status, ApplicationId = application };
                    await ShouldBeBoundAsync(page => Store.History.ListMessageRowsAsync(full, page, default), full.ToString());
                }
    }

    [Fact]
    public async Task A_page_of_rows_costs_the_same_however_long_the_history()
    {
        async Task<long> CostAsync()
        {
            long cost = 0;
            foreach (var status in new MessageStatus?[] { null, MessageStatus.Failed, MessageStatus.Pending, MessageStatus.Cancelled, MessageStatus.NotOwed })
            {
                await TakeStepsAsync();
                var page = await Store.History.ListMessageRowsAsync(new MessageRowFilter { Status = status }, new PageRequest(50), default);
                page.Items.Count.ShouldBeGreaterThan(0);
                cost += await TakeStepsAsync();
            }
            return cost;
        }
        async Task AddOfEachAsync()
        {
            await AcceptAsync(Ids.Next<Endpoint>(), 60);
            var failing = Ids.Next<Endpoint>();
            await AcceptAsync(failing, 60);
            await SettleAllAsync(failing, (await ReadAsync(failing, limit: 100)).Deliveries, SendOutcome.Refused);
            await AcceptAsync([.. Enumerable.Range(0, 60).Select(_ => NewMessage())], []);
            var cancelled = Ids.Next<Endpoint>();
            await AcceptAsync(cancelled, 60);
            await Store.Deliveries.CancelOlderAsync(cancelled, Clock.GetUtcNow().AddDays(1), new LanePosition(1, 0), 100, default);
        }
        await AddOfEachAsync();
        await CostAsync();
        var smallCost = await CostAsync();
        await FillAsync(SendOutcome.Success);
        await AddOfEachAsync();

        (await CostAsync()).ShouldBeLessThan(smallCost * 2);
    }

    [Fact]
    public async Task Rows_that_lie_further_apart_than_one_call_may_look_are_all_found_once_in_both_directions()
    {
        var wanted = await FillSparselyAsync();
        foreach (var application in new Id<Application>?[] { null, Tenant })
        {
            var filter = new MessageRowFilter { ApplicationId = application, EventTypes = ["rare"] };
            var rows = new List<MessageRow>();
            for (var page = new Page<MessageRow>([], false); !page.Done;)
            {
                page = await Store.History.ListMessageRowsAsync(filter, new PageRequest(2, page.Iterator ?? (page.Items is [.., var last] ? last.Position : null)), default);
                rows.AddRange(page.Items);
            }
            rows.Select(row => row.Message.Id).ShouldBe(wanted);
            var back = new List<Id<Message>>();
            for (var page = new Page<MessageRow>([], false, PrevIterator: "-" + rows[^1].Position); !page.Done;)
            {
                page = await Store.History.ListMessageRowsAsync(filter, new PageRequest(2, page.PrevIterator ?? "-" + page.Items[0].Position), default);
                back.InsertRange(0, page.Items.Select(row => row.Message.Id));
            }
            back.ShouldBe(wanted.Take(wanted.Count - 1));
        }
    }

    private Task SettleAllAsync(Id<Endpoint> lane, IReadOnlyList<Delivery> deliveries, SendOutcome outcome) => Store.Deliveries.SettleAsync(
        new SettleBatch(Node, [.. deliveries.Select(delivery => new Settlement(
            new Attempt
            {
                Id = Ids.Next<Attempt>(), ApplicationId = Tenant, EndpointId = lane, MessageId = delivery.Message.Id, Url = "https://a.example",
                StartedAt = Clock.GetUtcNow(), DurationMs = 1, Outcome = outcome, Number = 1, StatusCode = 500,
            },
            delivery.Seq, Trigger.Scheduled, DeliveryEnd.Exhausted, 0, 1))], [], []), default);

    private async Task<Attempt> OldestAsync(Id<Endpoint> lane) => await Store.History.FindAttemptAsync(
        await Store.Readers.RunAsync(session => Read(session.Prepare("SELECT message_id FROM attempt WHERE endpoint_id = ? ORDER BY id").Bind(lane), row => row.Id<Message>(0)), default),
        await Store.Readers.RunAsync(session => Read(session.Prepare("SELECT id FROM attempt WHERE endpoint_id = ? ORDER BY id").Bind(lane), row => row.Id<Attempt>(0)), default),
        default) ?? throw new InvalidOperationException();

    private static T Read<T>(Statement select, Func<Statement, T> read)
    {
        select.Step();
        var value = read(select);
        select.Reset();
        return value;
    }

    // Walks the whole list forward, then all the way back, and expects to see each of them once each way.
    private static async Task ShouldFindAsync<T, TId>(IReadOnlyList<Id<TId>> wanted, Func<PageRequest, Task<Page<T>>> list, Func<T, Id<TId>> key)
        where TId : IIdentified
    {
        var (found, calls, page) = (new List<Id<TId>>(), 1, await list(new PageRequest(2)));
        string? Iterator() => page.Iterator ?? (page.Items is [.., var last] ? key(last).ToString() : null);
        string? Previous() => page.PrevIterator ?? (page.Items is [var first, ..] ? "-" + key(first) : null);
        for (found.AddRange(page.Items.Select(key)); !page.Done; calls++)
        {
            page = await list(new PageRequest(2, Iterator()));
            found.AddRange(page.Items.Select(key));
        }
        found.ShouldBe(wanted);
        calls.ShouldBeGreaterThan(2, "nothing was cut short");

        var back = page.Items.Select(key).ToList();
        for (page = page with { Done = false }; !page.Done;)
        {
            page = await list(new PageRequest(2, Previous()));
            back.InsertRange(0, page.Items.Select(key));
        }
        back.ShouldBe(wanted);
    }

    private async Task ShouldBeBoundAsync<T>(Func<PageRequest, Task<Page<T>>> list, string? what = null)
    {
        await TakeStepsAsync();
        var page = await list(new PageRequest(50));
        (await TakeStepsAsync()).ShouldBeLessThan(ListWalk.Budget * 5 / 4, what);
        if (page.Items.Count == 0 && !page.Done)
            page.Iterator.ShouldNotBeNull();
    }

    private Task<long> TakeStepsAsync() =>
        Store.Readers.RunAsync(session => session.Statements.Values.Sum(statement => (long)statement.TakeVmSteps()), default);

    private async Task<IReadOnlyList<Id<Message>>> FillSparselyAsync()
    {
        var messages = Enumerable.Range(0, Count).Select(i => NewMessage() with { EventType = i % 14_999 == 0 ? "rare" : "often" }).ToList();
        await AcceptAsync(messages, []);
        return [.. messages.Where(message => message.EventType == "rare").Select(message => message.Id).Reverse()];
    }

    // Every message has one attempt at the lane, all of the same outcome.
    private async Task<Id<Endpoint>> FillAsync(SendOutcome outcome)
    {
        var lane = Ids.Next<Endpoint>();
        var messages = Enumerable.Range(0, Count).Select(_ => NewMessage() with { Channels = ["all"] }).ToList();
        var receipts = await AcceptAsync(messages, [lane]);
        var settlements = messages.Zip(receipts, (message, receipt) => new Settlement(
            new Attempt
            {
                Id = Ids.Next<Attempt>(), ApplicationId = Tenant, EndpointId = lane, MessageId = message.Id, Url = "https://a.example",
                StartedAt = Clock.GetUtcNow(), DurationMs = 1, Outcome = outcome, Number = 1, StatusCode = outcome == SendOutcome.Success ? 200 : 500,
            },
            receipt.Seqs.Span[0], Trigger.Scheduled, outcome == SendOutcome.Success ? DeliveryEnd.Delivered : DeliveryEnd.Exhausted, 0, 1));
        await Store.Deliveries.SettleAsync(new SettleBatch(Node, [.. settlements], [], []), default);
        return lane;
    }

    private async Task<IReadOnlyList<AcceptReceipt>> AcceptAsync(List<Message> messages, Id<Endpoint>[] lanes) =>
        (await Store.Deliveries.AcceptAsync(
            new AcceptBatch(Node, [.. messages.Select(message => new AcceptItem(message, lanes, null))], []), default)).Receipts;
}
