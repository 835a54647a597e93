using Grapnel.Server.Tests.Faults.Harness;

namespace Grapnel.Server.Tests.Faults;

/// <summary>What becomes of an event, whatever state its endpoint is in.</summary>
[Collection(RealProcesses.Name)]
public sealed class EndpointStateTests(SharedRig shared)
{
    [Fact]
    public async Task An_event_for_an_active_endpoint_is_delivered()
    {
        var rig = await shared.NewApplicationAsync();
        await using var receiver = await Receiver.StartAsync();
        var endpoint = await rig.CreateEndpointAsync(receiver.Url());

        await rig.WaitForAsync(await rig.PublishAsync("order.created"), endpoint, "delivered/delivered");
    }

    [Fact]
    public async Task An_event_for_a_failing_endpoint_is_queued_and_delivered_once_it_recovers()
    {
        var rig = await shared.NewApplicationAsync();
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = (_, _) => Task.FromResult(500);
        var endpoint = await rig.CreateEndpointAsync(receiver.Url(), "\"retrySchedule\":[2,2,2,2]");
        var message = await rig.PublishAsync("order.created");
        await rig.WaitForAsync(message, endpoint, "pending/retrying");

        receiver.Answer = (_, _) => Task.FromResult(200);

        await rig.WaitForAsync(message, endpoint, "delivered/delivered");
    }

    [Fact]
    public async Task An_event_for_an_endpoint_whose_breaker_is_open_is_queued_and_delivered_once_it_recovers()
    {
        var rig = await shared.NewApplicationAsync();
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = (_, _) => Task.FromResult(500);
        var endpoint = await rig.CreateEndpointAsync(receiver.Url(), "\"retrySchedule\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]");
        await rig.PublishManyAsync("order.created", 20);
        await receiver.WaitForAsync(5);

        var message = await rig.PublishAsync("order.created");
        await rig.WaitForAsync(message, endpoint, "pending/breakerOpen");
        receiver.Answer = (_, _) => Task.FromResult(200);

        await rig.WaitForAsync(message, endpoint, "delivered/delivered");
    }

    [Fact]
    public async Task An_event_for_a_disabled_endpoint_is_not_owed_and_one_from_before_waits_until_it_is_enabled()
    {
        var rig = await shared.NewApplicationAsync();
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = (_, _) => Task.FromResult(500);
        var endpoint = await rig.CreateEndpointAsync(receiver.Url(), "\"retrySchedule\":[1,1,1,1]");
        var before = await rig.PublishAsync("order.created");
        await receiver.WaitForAsync(1);

        await rig.EditEndpointAsync(endpoint, "\"disabled\":true");
        var during = await rig.PublishAsync("order.created");

        await rig.WaitForAsync(before, endpoint, "pending/endpointDisabled");
        (await rig.WhyAsync(during, endpoint)).ShouldBe("notOwed/endpointDisabled");
        receiver.Answer = (_, _) => Task.FromResult(200);
        await rig.EditEndpointAsync(endpoint, "\"disabled\":false");
        await rig.WaitForAsync(before, endpoint, "delivered/delivered");
        receiver.Arrivals.ShouldAllBe(arrival => arrival.Id == before);
    }

    [Fact]
    public async Task An_event_for_a_deleted_endpoint_is_accepted_and_owed_to_the_others_only()
    {
        var rig = await shared.NewApplicationAsync();
        await using var receiver = await Receiver.StartAsync();
        var deleted = await rig.CreateEndpointAsync(receiver.Url("/deleted"));
        var other = await rig.CreateEndpointAsync(receiver.Url("/other"));
        await rig.DeleteEndpointAsync(deleted);

        var message = await rig.PublishAsync("order.created");

        await rig.WaitForAsync(message, other, "delivered/delivered");
        (await rig.WhyAsync(message, deleted)).ShouldBe("404", "it never had anything to do with the message");
        receiver.At("/deleted").ShouldBeEmpty();
    }

    [Fact]
    public async Task Events_for_a_rate_limited_endpoint_are_queued_and_arrive_no_faster_than_the_limit()
    {
        var rig = await shared.NewApplicationAsync();
        await using var receiver = await Receiver.StartAsync();
        var endpoint = await rig.CreateEndpointAsync(receiver.Url(), "\"rateLimit\":2");
        var start = TimeProvider.System.GetTimestamp();
        var messages = await rig.PublishManyAsync("order.created", 8);

        await Eventually.IsTrueAsync("one waits for the limit", async () =>
        {
            var why = await Task.WhenAll(messages.Select(message => rig.WhyAsync(message, endpoint)));
            return why.Contains("pending/rateLimited");
        });

        await receiver.WaitForAsync(8);
        // Two at once, then one every half second.
        TimeProvider.System.GetElapsedTime(start).ShouldBeGreaterThan(TimeSpan.FromSeconds(2.9));
    }
}
