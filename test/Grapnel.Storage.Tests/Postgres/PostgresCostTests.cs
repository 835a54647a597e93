using Grapnel.Sending;
using Grapnel.Storage.Postgres;

namespace Grapnel.Storage.Tests.Postgres;

/// <summary>
/// What reading history costs must not grow with it: rows of tables that are scanned, and entries of indexes that are read, as the server counts
/// them. PostgreSQL 15 or newer hands in its counts on demand.
/// </summary>
public sealed class PostgresCostTests : PostgresHistoryTests
{
    // More than one call may look at, so that whatever knows no bounds costs twice as much when there is as much again.
    private const int Count = PostgresListWalk.Budget + 1_000;

    private static readonly Func<Id<Endpoint>, long, bool> NothingInFlight = (_, _) => false;

    private readonly PageRequest _page = new(50);

    [Fact]
    public async Task No_call_scans_a_table_and_none_costs_more_for_a_longer_history()
    {
        await ExecuteAsync(WithoutVacuum);
        var lanes = new Lanes(Ids.Next<Endpoint>(), Ids.Next<Endpoint>(), Ids.Next<Endpoint>(), Ids.Next<Endpoint>());
        var (message, attempt) = await FillAsync(lanes);
        // What was deleted is still in the indexes, and would be met once. The first time there are no statistics.
        await ExecuteAsync("VACUUM");
        var small = await CostsAsync(lanes, message, attempt);
        await FillAsync(lanes);
        await ExecuteAsync("VACUUM ANALYZE");
        var large = await CostsAsync(lanes, message, attempt);

        small.Concat(large).Where(cost => cost.Value.Scanned > 0).ShouldBeEmpty();
        small.Where(cost => large[cost.Key].Walked > cost.Value.Walked * 5 / 4 + 500)
            .Select(cost => $"{cost.Value.Walked}, then {large[cost.Key].Walked}: {cost.Key}").ShouldBeEmpty();
        small.Count.ShouldBeGreaterThan(200);
        small.Values.Sum(cost => cost.Walked).ShouldBeGreaterThan(Count, "the server counted nothing");
    }

    [Fact]
    public async Task The_hot_path_costs_the_same_on_a_long_lane_although_it_was_planned_when_nothing_was_pending()
    {
        await ExecuteAsync(WithoutVacuum);
        var lane = Ids.Next<Endpoint>();
        await CostOfHundredAsync(lane);
        await ExecuteAsync("VACUUM ANALYZE delivery");
        await CostOfHundredAsync(lane);
        var alone = await CostOfHundredAsync(lane);
        for (var i = 0; i < 20; i++)
            await AcceptAsync(Enumerable.Range(0, 1_000).Select(_ => NewMessage()), lane);

        var beside = await CostOfHundredAsync(lane);

        alone.ShouldBeGreaterThan(100, "the server counted nothing");
        beside.ShouldBeLessThan(3 * alone + 1_000);
    }

    // In pages of the table of deliveries and its indexes: entries of an index that are passed over do not count as read.
    private async Task<long> CostOfHundredAsync(Id<Endpoint> lane)
    {
        var before = await PagesAsync();
        var messages = Enumerable.Range(0, 100).Select(_ => NewMessage()).ToList();
        var receipts = await AcceptAsync(messages, lane);
        await Store.Deliveries.ReadLaneAsync(new LaneRead(lane, false, 0, Clock.GetUtcNow().ToUnixTimeMilliseconds(), 100, long.MaxValue, new HashSet<long>()), default);
        await Store.Deliveries.SettleAsync(
            new SettleBatch(Node, [.. messages.Zip(receipts, (message, receipt) => Settle(message, receipt, lane, SendOutcome.Success))], [], []), default);
        return await PagesAsync() - before;
    }

    private async Task<long> PagesAsync()
    {
        await ReadCountsAsync();
        return await Store.Database.ReadAsync(session => session.Prepare(
            "SELECT (heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read)::bigint FROM pg_statio_user_tables WHERE relname = 'delivery'").Int64Async(), default);
    }

    private async Task<Dictionary<string, (long Scanned, long Walked)>> CostsAsync(Lanes lanes, Message message, Id<Attempt> attempt)
    {
        var costs = new Dictionary<string, (long, long)>();
        foreach (var (what, call) in Lists(lanes, message).Concat(Rows(lanes)).Concat(Single(message, attempt, lanes.Waiting)).Concat(Replays(lanes)))
        {
            var before = await ReadCountsAsync();
            await call();
            var after = await ReadCountsAsync();
            costs.Add(what, (after.Scanned - before.Scanned, after.Walked - before.Walked));
        }
        return costs;
    }

    private IEnumerable<(string What, Func<Task> Call)> Lists(Lanes lanes, Message message)
    {
        var history = Store.History;
        foreach (var iterator in new[] { message.Id.ToString(), "-" + message.Id })
            yield return ($"messages {iterator}", () => history.ListMessagesAsync(Tenant, new MessageFilter(), _page with { Iterator = iterator }, default));
        foreach (var (name, filter) in Filters())
        {
            yield return ($"messages {name}", () => history.ListMessagesAsync(Tenant, filter, _page, default));
            foreach (var lane in new[] { lanes.Good, lanes.Bad })
            {
                foreach (var status in new DeliveryStatus?[] { null, DeliveryStatus.Success, DeliveryStatus.Pending })
                    yield return ($"attempted {lane} {status} {name}", () => history.ListAttemptedMessagesAsync(
                        Tenant, lane, new AttemptedFilter(NothingInFlight, status, filter), _page, default));
                foreach (var scope in new[] { new AttemptFilter(null, lane), new AttemptFilter(message.Id, lane) })
                    foreach (var answer in new int?[] { 200, 300 })
                        yield return ($"attempts {scope} {answer} {name}", () => history.ListAttemptsAsync(Tenant, scope with
                        {
                            StatusCodeClass = answer, Channel = filter.Channel, EventTypes = filter.EventTypes, Before = filter.Before, After = filter.After,
                        }, _page, default));
            }
        }
    }

    private IEnumerable<(string What, Func<Task> Call)> Rows(Lanes lanes) =>
        from status in Enum.GetValues<MessageStatus>().Cast<MessageStatus?>().Prepend(null)
        from application in new Id<Application>?[] { null, Tenant }
        from endpoint in new Id<Endpoint>?[] { null, lanes.Waiting, default(Id<Endpoint>) }
        from filter in Filters().Take(endpoint is null ? 7 : 1)
        let rows = new MessageRowFilter
        {
            Status = status, ApplicationId = application, EndpointId = endpoint, Channel = filter.Filter.Channel, EventTypes = filter.Filter.EventTypes,
            After = filter.Filter.After, Before = filter.Filter.Before,
        }
        select ($"rows {status} {application} {endpoint} {filter.Name}", (Func<Task>)(() => Store.History.ListMessageRowsAsync(rows, _page, default)));

    private IEnumerable<(string What, Func<Task> Call)> Single(Message message, Id<Attempt> attempt, Id<Endpoint> waiting)
    {
        var (history, search) = (Store.History, Store.Search);
        yield return ("progress", () => history.ReadProgressAsync(message, default));
        yield return ("deliveries", () => history.ReadDeliveriesAsync(message, default));
        yield return ("destinations", () => history.ListDestinationsAsync(message, NothingInFlight, _page, default));
        yield return ("pending", () => history.FindPendingAsync(message, waiting, default));
        yield return ("message", () => history.FindMessageAsync(Tenant, message.Id.ToString(), default));
        yield return ("event id", () => history.FindMessageAsync(Tenant, "first", default));
        yield return ("some messages", () => history.ReadMessagesAsync(Tenant, [message.Id], withPayload: true, default));
        yield return ("attempt", () => history.FindAttemptAsync(message.Id, attempt, default));
        yield return ("headers", () => history.FindAttemptHeadersAsync(message.Id, attempt, default));
        yield return ("search message", () => search.FindMessageAsync(message.Id, default));
        yield return ("search event id", () => search.FindByEventIdAsync("first", 10, default));
        yield return ("search last event id", () => search.FindLastByEventIdAsync(Tenant, "f", default));
        yield return ("search attempt", () => search.FindAttemptAsync(attempt, default));
        yield return ("search attempt that is not there", () => search.FindAttemptAsync(Ids.Next<Attempt>(), default));
    }

    private IEnumerable<(string What, Func<Task> Call)> Replays(Lanes lanes) =>
        from set in Enum.GetValues<ReplaySet>()
        from lane in new[] { lanes.Good, lanes.Bad, lanes.Off }
        from status in new ReplayStatus?[] { null, ReplayStatus.Fail }
        let query = new ReplayQuery(Tenant, lane, set, Clock.GetUtcNow().AddDays(-1), DateTimeOffset.MaxValue)
        {
            WithPayload = true, Status = status, StatusCodeClass = status is null ? null : 500,
        }
        select ($"replay {set} {lane} {status}", (Func<Task>)(() => Store.History.ReadReplayAsync(query, null, 100, default)));

    private static IEnumerable<(string Name, MessageFilter Filter)> Filters() =>
        from channel in new[] { null, "all", "none" }
        from type in new[] { null, "none" }
        from time in new DateTimeOffset?[] { null, Conformance.StoreConformance.Start }
        where time is null || (channel, type) == ("all", "none")
        select ($"{channel} {type} {time}", new MessageFilter(time?.AddDays(1), time?.AddHours(-1), channel, type is null ? null : [type]));

    // Each message was delivered to one endpoint, lost at another, cancelled at a third, and is still owed to a fourth.
    private async Task<(Message Message, Id<Attempt> Attempt)> FillAsync(Lanes lanes)
    {
        var messages = Enumerable.Range(0, Count).Select(_ => NewMessage()).ToList();
        var receipts = await AcceptAsync(messages, lanes.Good, lanes.Bad, lanes.Off, lanes.Waiting);
        Settlement[] settlements = [.. messages.Zip(receipts).SelectMany(pair => new[]
        {
            Settle(pair.First, pair.Second, lanes.Good, SendOutcome.Success), Settle(pair.First, pair.Second, lanes.Bad, SendOutcome.Refused),
        })];
        await Store.Deliveries.SettleAsync(new SettleBatch(Node, settlements, [], []), default);
        await Store.Deliveries.CancelOlderAsync(lanes.Off, DateTimeOffset.MaxValue, new LanePosition(1, 0), Count, default);
        Clock.Advance(TimeSpan.FromSeconds(90));
        return (messages[Count / 2], settlements.First(settlement => settlement.Attempt.MessageId == messages[Count / 2].Id).Attempt.Id);
    }

    // Vacuuming in the background reads tables of its own accord.
    private const string WithoutVacuum = """
        DO $$ DECLARE name regclass; BEGIN
            FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relname ~ '^(message|attempt|delivery|finished_delivery)' LOOP
                EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', name);
            END LOOP;
        END $$
        """;

    private Task ExecuteAsync(string sql) => Store.Database.ReadAsync(session => session.Prepare(sql).RunAsync(), default);

    // Calls come one after the other, so there is only one connection of each pool, and what it did it has handed in when the counts are read.
    private async Task<(long Scanned, long Walked)> ReadCountsAsync()
    {
        foreach (var pool in new[] { Store.Database.Hot, Store.Database })
            await pool.ReadAsync(session => session.Prepare("SELECT pg_stat_force_next_flush()").RunAsync(), default);
        return await Store.Database.ReadAsync(async session => (await session.Prepare("""
            SELECT (SELECT sum(seq_tup_read)::bigint FROM pg_stat_user_tables WHERE relname ~ '^(message|attempt|delivery|finished_delivery)'),
                (SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes)
            """).RowsAsync(row => (row.Int64(0), row.Int64(1))))[0], default);
    }

    private sealed record Lanes(Id<Endpoint> Good, Id<Endpoint> Bad, Id<Endpoint> Off, Id<Endpoint> Waiting);
}
