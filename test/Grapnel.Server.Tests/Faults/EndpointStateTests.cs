using Grapnel.Server.Tests.Faults.Harness;

namespace Grapnel.Server.Tests.Faults;

/// <summary>What becomes of an event, whatever state its endpoint is in; and how fast a change of that state takes effect.</summary>
[Collection(RealProcesses.Name)]
public sealed class EndpointStateTests(SharedRig shared)
{
    /// <summary>How long after the answer to a change requests from before it may still arrive.</summary>
    private static readonly TimeSpan Effect = TimeSpan.FromSeconds(1);

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
        (await rig.WhyAsync(message, deleted)).ShouldBe("404");
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

    [Fact]
    public async Task A_change_of_URL_a_disabling_and_a_deletion_take_effect_at_once_with_ten_thousand_queued()
    {
        const int queued = 10_000;
        var rig = await shared.NewApplicationAsync();
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = async (arrival, gone) =>
        {
            if (arrival.Path != "/new")
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, gone);
            return 200;
        };
        var paths = (string[])["/edited", "/disabled", "/deleted"];
        var (edited, disabled, deleted) = (
            await SlowEndpointAsync(rig, receiver, "/edited"), await SlowEndpointAsync(rig, receiver, "/disabled"), await SlowEndpointAsync(rig, receiver, "/deleted"));
        await rig.PublishManyAsync("order.created", queued);

        await rig.EditEndpointAsync(edited, $"\"maxConcurrency\":32,\"url\":\"{receiver.Url("/new")}\"");
        await rig.EditEndpointAsync(disabled, "\"disabled\":true");
        await rig.DeleteEndpointAsync(deleted);
        var deadline = TimeProvider.System.GetTimestamp() + (long)(Effect.TotalSeconds * TimeProvider.System.TimestampFrequency);

        foreach (var path in paths)
            receiver.At(path).Count().ShouldBeInRange(1, queued / 2);
        // What goes to the new URL shows that time passes in which the old ones might get more.
        await Eventually.IsTrueAsync("the whole queue is at the new URL", () => receiver.At("/new").Count() + receiver.At("/edited").Count() >= queued);
        await Eventually.IsTrueAsync("a second and more has passed", () => TimeProvider.System.GetTimestamp() > deadline + TimeProvider.System.TimestampFrequency);
        receiver.Arrivals.Where(arrival => paths.Contains(arrival.Path) && arrival.At > deadline).ShouldBeEmpty();
        receiver.Arrivals.Where(arrival => arrival.Path is "/new" or "/edited").GroupBy(arrival => arrival.Id).ShouldAllBe(group => group.Count() == 1);
    }

    [Fact]
    public async Task A_publish_that_races_with_an_edit_does_not_bring_the_old_URL_back()
    {
        var rig = await shared.NewApplicationAsync();
        await using var receiver = await Receiver.StartAsync();
        var stale = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            await rig.UseNewApplicationAsync();
            var endpoint = await rig.CreateEndpointAsync(receiver.Url("/old"));
            // No lane exists yet: the racing publish makes it, from the settings it was routed by.
            var racing = Enumerable.Range(0, 8).Select(_ => rig.PublishAsync("order.created")).ToArray();
            await rig.EditEndpointAsync(endpoint, $"\"url\":\"{receiver.Url("/new")}\"");
            await Task.WhenAll(racing);

            var message = await rig.PublishAsync("order.created");
            await Eventually.IsTrueAsync("it arrives", () => receiver.Arrivals.Any(arrival => arrival.Id == message));
            if (receiver.Arrivals.Any(arrival => arrival.Id == message && arrival.Path == "/old"))
                stale.Add(endpoint);
        }
        stale.ShouldBeEmpty();
    }

    private static Task<string> SlowEndpointAsync(Rig rig, Receiver receiver, string path) =>
        rig.CreateEndpointAsync(receiver.Url(path), "\"maxConcurrency\":4");
}
