using Grapnel.Publishing;
using Grapnel.Tests.Engine;

namespace Grapnel.Tests.Publishing;

public sealed class PublisherTests
{
    [Fact]
    public async Task A_retention_counts_from_the_acceptance()
    {
        await using var engine = await EngineHarness.StartAsync();
        var message = await engine.PublishedAsync("{}", request => request with { PayloadRetention = TimeSpan.FromHours(3) });
        message.ContentExpiresAt.ShouldBe(message.AcceptedAt + TimeSpan.FromHours(3));
        (await engine.PublishedAsync()).ContentExpiresAt.ShouldBeNull();
    }

    [Fact]
    public async Task A_plan_without_filters_is_made_once_and_one_with_filters_looks_at_each_payload()
    {
        await using var engine = await EngineHarness.StartAsync();
        await engine.AddEndpointAsync("http://127.0.0.1:1/all");
        var routes = (await engine.Get<RouteCache>().FindAsync("default", default))!;
        var plan = routes.Plan("order.created", null);
        plan.For("no json"u8.ToArray()).ShouldBeSameAs(plan);

        var vip = await engine.AddEndpointAsync("http://127.0.0.1:1/vip", e => e with { Filter = "vip" });
        routes = (await engine.Get<RouteCache>().FindAsync("default", default))!;
        plan = routes.Plan("order.created", null);
        plan.For("""{"vip":true}"""u8.ToArray()).ShouldBeSameAs(plan);
        plan.For("""{"vip":false}"""u8.ToArray()).Owed.ShouldNotContain(vip.Id);
    }
}
