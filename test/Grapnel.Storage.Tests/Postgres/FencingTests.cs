using Grapnel.Storage.Postgres;

namespace Grapnel.Storage.Tests.Postgres;

/// <summary>Nodes on one database at the same time: what one has is nobody else's, and none of them stumbles over another.</summary>
public sealed class FencingTests : PostgresTests
{
    [Fact]
    public async Task Two_nodes_work_under_one_idempotency_key_one_after_the_other_and_under_different_ones_beside_each_other()
    {
        var other = await OpenAnotherAsync();
        var first = await Store.Idempotency.EnterAsync(1, default);
        await (await other.Idempotency.EnterAsync(2, default)).DisposeAsync();
        var second = other.Idempotency.EnterAsync(1, default);
        await WaitForWaiterAsync();

        second.IsCompleted.ShouldBeFalse();
        await first.DisposeAsync();

        await (await second).DisposeAsync();
    }

    [Fact]
    public async Task A_settle_that_is_past_the_fence_is_durable_before_its_node_is_expelled()
    {
        var (other, lane) = (await OpenAnotherAsync(), Ids.Next<Endpoint>());
        var message = await PublishAsync(lane);
        var deliveries = await ReadAsync(lane);
        await using var obstacle = await BeginAsync($"SELECT * FROM delivery WHERE message_id = {Quoted(message.Id)} FOR UPDATE");

        var settle = SettleAsync(Node, deliveries);
        await WaitForWaiterAsync();
        var expulsion = other.Deliveries.LeaveAsync(Node, default);
        await WaitForWaiterAsync(2);
        expulsion.IsCompleted.ShouldBeFalse();
        await RunAsync(obstacle, "COMMIT");

        (await settle).ShouldBeTrue();
        await expulsion;
        (await ReadAsync(lane)).ShouldBeEmpty();
        (await SettleAsync(Node, deliveries)).ShouldBeFalse();
        (await CountAsync("SELECT count(*) FROM attempt")).ShouldBe(1);
    }

    [Fact]
    public async Task A_settle_that_comes_while_its_node_is_being_expelled_changes_nothing()
    {
        var lane = Ids.Next<Endpoint>();
        await PublishAsync(lane);
        await using var expulsion = await BeginAsync($"DELETE FROM node WHERE id = {Quoted(Node)}");

        var settle = SettleAsync(Node, await ReadAsync(lane));
        await WaitForWaiterAsync();
        await RunAsync(expulsion, "COMMIT");

        (await settle).ShouldBeFalse();
        (await ReadAsync(lane)).Count.ShouldBe(1);
        (await CountAsync("SELECT count(*) FROM attempt")).ShouldBe(0);
        (await Store.Statistics.CountPendingAsync(default)).ShouldBe(1);
    }

    [Fact]
    public async Task However_settles_and_expulsions_meet_each_delivery_ends_once_and_what_was_answered_is_what_is_stored()
    {
        var other = await OpenAnotherAsync();
        var lanes = Enumerable.Range(0, 8).Select(_ => Ids.Next<Endpoint>()).ToArray();
        for (var i = 0; i < 40; i++)
            await PublishAsync(lanes);
        var (settled, tries) = (0, 0);

        // Each works at all of the lanes, as if all were its own: what a node believes is not what counts.
        async Task WorkAsync(PostgresStore store, Random random)
        {
            while (true)
            {
                var node = await store.Deliveries.JoinAsync("short-lived", NodeRoles.All, default);
                var lane = lanes[random.Next(lanes.Length)];
                var deliveries = (await ReadAsync(lane, store)).Take(5).ToList();
                if (deliveries.Count == 0 && await store.Statistics.CountPendingAsync(default) == 0)
                    return;
                Interlocked.Increment(ref tries);
                var settle = SettleAsync(node, deliveries, store);
                await (store == Store ? other : Store).Deliveries.LeaveAsync(node, default);
                if (await settle)
                    Interlocked.Increment(ref settled);
            }
        }

        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => WorkAsync(i % 2 == 0 ? Store : other, new Random(i)))));

        settled.ShouldBeInRange(1, tries);
        (await CountAsync("SELECT count(*) FROM attempt WHERE \"end\" IS NOT NULL")).ShouldBe(320);
        (await CountAsync("SELECT count(DISTINCT (message_id, endpoint_id)) FROM attempt WHERE \"end\" IS NOT NULL")).ShouldBe(320);
        (await CountAsync("SELECT count(*) FROM delivery")).ShouldBe(0);
        (await Store.Statistics.CountPendingAsync(default)).ShouldBe(0);
    }

    [Fact]
    public async Task Stores_that_take_lanes_at_once_get_different_ones_and_all_are_taken()
    {
        var lanes = Enumerable.Range(0, 300).Select(_ => Ids.Next<Endpoint>()).ToArray();
        await PublishAsync(lanes);
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => OpenAnotherAsync()));

        var taken = await Task.WhenAll(stores.Select(async store =>
        {
            var (mine, node) = (new List<Id<Endpoint>>(), await store.Deliveries.JoinAsync("taker", NodeRoles.All, default));
            while (await CountAsync("SELECT count(*) FROM lane WHERE node_id IS NOT NULL") < lanes.Length)
                mine.AddRange(await store.Deliveries.TakeLanesAsync(node, 20, default));
            (await store.Deliveries.ReadOwnedAsync(node, default)).Order().ShouldBe(mine.Order());
            return mine;
        }));

        taken.SelectMany(mine => mine).Order().ShouldBe(lanes.Order());
    }

    [Fact]
    public async Task Batches_that_touch_the_same_lanes_keys_and_event_ids_in_opposite_order_are_all_accepted()
    {
        var other = await OpenAnotherAsync();
        var node = await other.Deliveries.JoinAsync("other", NodeRoles.All, default);
        var lanes = Enumerable.Range(0, 10).Select(_ => Ids.Next<Endpoint>()).ToArray();
        var accepted = 0;
        for (var round = 0; round < 25; round++)
        {
            var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() =>
            {
                var items = Enumerable.Range(0, 10).Select(n => n % 2 == 0
                    ? new AcceptItem(NewMessage(), [lanes[n]], new IdempotencyEntry((UInt128)(round * 100 + n), 1, [], Clock.GetUtcNow().AddHours(1)))
                    : new AcceptItem(NewMessage($"{round}-{n}"), [lanes[n]], null)).ToList();
                var toTake = lanes.ToList();
                if (i % 2 == 0)
                {
                    items.Reverse();
                    toTake.Reverse();
                }
                return (i < 4 ? Store : other).Deliveries.AcceptAsync(new AcceptBatch(i < 4 ? Node : node, items, toTake), default);
            })));
            accepted += results.Sum(result => result.Receipts.Count(receipt => receipt.Status == AcceptStatus.Accepted));
        }

        accepted.ShouldBe(250);
        (await CountAsync("SELECT count(*) FROM message")).ShouldBe(250);
        (await Store.Statistics.CountPendingAsync(default)).ShouldBe(250);
    }

    [Fact]
    public async Task A_chosen_api_key_that_nodes_add_at_once_is_there_once()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => OpenAnotherAsync()));

        var added = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => stores[i % stores.Length].Catalog.AddApiKeyAsync(
            new ApiKey { Id = Ids.Next<ApiKey>(), Name = "ApiKey setting", Hash = [1, 2], Hint = "ch", CreatedAt = Clock.GetUtcNow() }, default))));

        added.Count(isNew => isNew).ShouldBe(1);
        (await CountAsync("SELECT count(*) FROM api_key")).ShouldBe(1);
    }

    [Fact]
    public async Task Of_200_requests_with_one_key_at_once_on_two_nodes_one_stores_its_message_and_all_are_told_the_same()
    {
        var other = await OpenAnotherAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(() => (i % 2 == 0 ? Store : other).Deliveries.AcceptAsync(
            new AcceptBatch(Node, [new AcceptItem(NewMessage(), [], new IdempotencyEntry(7, 1, BitConverter.GetBytes(i), Clock.GetUtcNow().AddHours(1)))], []),
            default))));

        var receipts = results.Select(result => result.Receipts.Single()).ToList();
        receipts.Count(receipt => receipt.Status == AcceptStatus.Accepted).ShouldBe(1);
        receipts.Where(receipt => receipt.Status == AcceptStatus.RepeatedKey).Select(receipt => BitConverter.ToInt32(receipt.Existing!.Response))
            .Distinct().ShouldHaveSingleItem().ShouldBe(receipts.FindIndex(receipt => receipt.Status == AcceptStatus.Accepted));
        (await CountAsync("SELECT count(*) FROM message")).ShouldBe(1);
    }
}
