namespace Grapnel.Storage.Tests.Conformance;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task Applications_are_paged_in_both_orders_and_both_directions()
    {
        var ids = (await Catalog.ListApplicationsAsync(new PageRequest(), default)).Items.Select(row => row.Id.ToString()).ToList();
        while (ids.Count < 10)
            ids.Add((await AddApplicationAsync(null)).Id.ToString());
        ids.Sort(StringComparer.Ordinal);
        await HoldListToItsContractAsync(ids, page => Catalog.ListApplicationsAsync(page, default), row => row.Id.ToString());
    }

    [Fact]
    public async Task Endpoints_are_paged_in_both_orders_and_both_directions()
    {
        var (acme, other) = (await AddApplicationAsync("acme"), await AddApplicationAsync("other"));
        var ids = new List<string>();
        while (ids.Count < 10)
        {
            ids.Add((await AddEndpointAsync(acme)).Id.ToString());
            await AddEndpointAsync(other);
        }
        await HoldListToItsContractAsync(ids, page => Catalog.ListEndpointsAsync(acme.Id, page, default), row => row.Id.ToString());
    }

    [Fact]
    public async Task Schedules_are_paged_in_both_orders_and_both_directions()
    {
        var acme = await AddApplicationAsync("acme");
        var ids = new List<string>();
        while (ids.Count < 10)
        {
            var schedule = NewSchedule(acme, Start);
            await Catalog.AddScheduleAsync(schedule, default);
            ids.Add(schedule.Id.ToString());
        }
        await HoldListToItsContractAsync(ids, page => Catalog.ListSchedulesAsync(acme.Id, page, default), row => row.Id.ToString());
    }

    [Fact]
    public async Task Event_types_are_paged_by_name_in_both_orders_and_both_directions()
    {
        var names = Enumerable.Range(0, 10).Select(i => $"type.{(char)('a' + i)}").ToList();
        foreach (var name in names.AsEnumerable().Reverse())
            await Catalog.AddEventTypeAsync(NewEventType(name), default);
        await HoldListToItsContractAsync(
            names, page => Catalog.ListEventTypesAsync(page, includeArchived: false, featureFlags: null, default), row => row.Name, anyIterator: true);
    }

    [Fact]
    public async Task Messages_are_paged_newest_first_in_both_directions()
    {
        var ids = new List<string>();
        while (ids.Count < 10)
            ids.Insert(0, (await PublishAsync()).Id.ToString());
        await HoldPagesToTheirContractAsync(
            ids, descending: true, page => History.ListMessagesAsync(Tenant, new MessageFilter(), page, default), row => row.Id.ToString());
    }

    [Fact]
    public async Task Attempts_are_paged_newest_first_in_both_directions()
    {
        var lane = NewLane();
        await PublishAsync(lane);
        var ids = new List<string>();
        while (ids.Count < 10)
        {
            var settlement = Retried((await PendingAsync(lane)).Single(), TimeSpan.Zero);
            await SettleAsync(settlement);
            ids.Insert(0, settlement.Attempt.Id.ToString());
        }
        foreach (var filter in new[] { new AttemptFilter(EndpointId: lane), new AttemptFilter(MessageId: (await PendingAsync(lane)).Single().Message.Id) })
        {
            await HoldPagesToTheirContractAsync(
                ids, descending: true, page => History.ListAttemptsAsync(Tenant, filter, page, default), row => row.Id.ToString());
        }
    }

    // The contract that every list of the API shares; ten rows, given in ascending order.
    private static async Task HoldListToItsContractAsync<T>(
        List<string> ascending, Func<PageRequest, Task<Page<T>>> list, Func<T, string> key, bool anyIterator = false)
    {
        await HoldPagesToTheirContractAsync(ascending, descending: false, list, key, anyIterator);
        await HoldPagesToTheirContractAsync([.. ascending.AsEnumerable().Reverse()], descending: true, list, key, anyIterator);
    }

    private static async Task HoldPagesToTheirContractAsync<T>(
        List<string> expected, bool descending, Func<PageRequest, Task<Page<T>>> list, Func<T, string> key, bool anyIterator = false)
    {
        async Task ShouldRead(int limit, string? iterator, int from, int count, bool done)
        {
            var page = await list(new PageRequest(limit, iterator, descending));
            page.Items.Select(key).ShouldBe(expected.GetRange(from, count), $"limit {limit}, iterator {iterator}, descending {descending}");
            page.Done.ShouldBe(done, $"limit {limit}, iterator {iterator}, descending {descending}");
        }

        await ShouldRead(limit: 1, null, from: 0, count: 1, done: false);
        await ShouldRead(limit: 50, null, from: 0, count: 10, done: true);
        await ShouldRead(limit: 10, null, from: 0, count: 10, done: true);
        await ShouldRead(limit: 9, null, from: 0, count: 9, done: false);
        await ShouldRead(limit: 6, null, from: 0, count: 6, done: false);
        await ShouldRead(limit: 6, expected[5], from: 6, count: 4, done: true);
        await ShouldRead(limit: 6, expected[9], from: 10, count: 0, done: true);
        await ShouldRead(limit: 6, "-" + expected[6], from: 0, count: 6, done: true);
        await ShouldRead(limit: 3, "-" + expected[6], from: 3, count: 3, done: false);
        await ShouldRead(limit: 3, "-" + expected[0], from: 0, count: 0, done: true);
        foreach (var bad in anyIterator ? [] : new[] { "nonsense", "-", "msg_", "app_zzzzzzzzzzzzzzzzzzzzzz" })
        {
            var error = await Should.ThrowAsync<InvalidInputException>(() => list(new PageRequest(6, bad, descending)));
            error.Errors.Single().Field.ShouldBe("iterator");
        }
    }
}
