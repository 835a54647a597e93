namespace Grapnel.Storage.Tests.Postgres;

/// <summary>Nodes that share the rate limit of an application never have more than all of it together.</summary>
public sealed class LimitShareTests : PostgresTests
{
    [Fact]
    public async Task Nodes_get_parts_by_their_lanes_and_none_before_another_has_given_it_up()
    {
        var other = await Store.Deliveries.JoinAsync("other", NodeRoles.All, default);
        (await ShareAsync(Node, lanes: 3)).ShouldBe(new LimitShare(Tenant, LimitShare.Whole, IsShort: false));

        (await ShareAsync(other, lanes: 1)).ShouldBe(new LimitShare(Tenant, 0, IsShort: true));
        (await ShareAsync(Node, lanes: 3)).ShouldBe(new LimitShare(Tenant, 750_000, IsShort: false));
        (await ShareAsync(other, lanes: 1)).ShouldBe(new LimitShare(Tenant, 250_000, IsShort: false));
    }

    [Fact]
    public async Task A_part_that_nobody_needs_is_kept_until_another_node_needs_it()
    {
        var other = await Store.Deliveries.JoinAsync("other", NodeRoles.All, default);
        await ShareAsync(Node, lanes: 1);

        (await ShareAsync(Node, lanes: 0)).Part.ShouldBe(LimitShare.Whole);
        (await ShareAsync(other, lanes: 2)).Part.ShouldBe(0);
        (await ShareAsync(Node, lanes: 0)).Part.ShouldBe(0);
        (await ShareAsync(other, lanes: 2)).Part.ShouldBe(LimitShare.Whole);
    }

    [Fact]
    public async Task The_part_of_a_node_that_is_gone_or_owns_no_lane_of_the_application_is_free()
    {
        var other = await Store.Deliveries.JoinAsync("other", NodeRoles.All, default);
        await ShareAsync(Node, lanes: 1);
        await Store.Deliveries.ShareLimitsAsync(Node, [], default);
        (await ShareAsync(other, lanes: 1)).Part.ShouldBe(LimitShare.Whole);

        await Store.Deliveries.LeaveAsync(other, default);

        (await Store.Deliveries.ShareLimitsAsync(other, [new LimitDemand(Tenant, 1)], default)).ShouldBeEmpty("it has been expelled");
        (await ShareAsync(Node, lanes: 1)).Part.ShouldBe(LimitShare.Whole);
    }

    [Fact]
    public async Task However_nodes_ask_at_once_their_parts_never_add_up_to_more_than_the_whole()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => OpenAnotherAsync()));

        var sums = await Task.WhenAll(stores.Select((store, i) => Task.Run(async () =>
        {
            var (random, node) = (new Random(i), await store.Deliveries.JoinAsync("node", NodeRoles.All, default));
            var most = 0L;
            for (var round = 0; round < 60; round++)
            {
                await store.Deliveries.ShareLimitsAsync(node, [new LimitDemand(Tenant, random.Next(5))], default);
                most = Math.Max(most, await CountAsync("SELECT sum(part)::bigint FROM limit_share"));
            }
            return most;
        })));

        sums.Max().ShouldBeInRange(LimitShare.Whole / 2, LimitShare.Whole);
    }

    private async Task<LimitShare> ShareAsync(Id<Node> node, int lanes) =>
        (await Store.Deliveries.ShareLimitsAsync(node, [new LimitDemand(Tenant, lanes)], default)).Single();
}
