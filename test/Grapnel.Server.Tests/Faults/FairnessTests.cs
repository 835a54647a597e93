using System.Collections.Concurrent;
using Grapnel.Server.Tests.Faults.Harness;

namespace Grapnel.Server.Tests.Faults;

/// <summary>An endpoint that is dead, slow or recovering is a problem of its own, and of nobody else.</summary>
[Collection(RealProcesses.Name)]
public sealed class FairnessTests(SharedRig shared)
{
    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_dead_endpoint_with_ten_thousand_queued_does_not_hold_up_fifty_others()
    {
        var rig = await shared.NewApplicationAsync();
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = async (arrival, gone) =>
        {
            if (arrival.Path == "/dead")
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, gone);
            return 200;
        };
        await rig.CreateEndpointAsync(receiver.Url("/dead"), "\"timeoutSeconds\":60");
        var (threads, handles) = (rig.Server.Threads, rig.Server.Handles);
        await rig.PublishManyAsync("order.created", 10_000);
        for (var i = 1; i < 50; i++)
            await rig.CreateEndpointAsync(receiver.Url($"/{i}"));

        await rig.PublishManyAsync("order.created", 20);

        await Eventually.IsTrueAsync("the others have got everything", () => receiver.Arrivals.Count(arrival => arrival.Path != "/dead") == 49 * 20, Promptly);
        receiver.At("/dead").Count().ShouldBe(32, "all that is in flight hangs");
        (rig.Server.Threads - threads).ShouldBeLessThan(100);
        (rig.Server.Handles - handles).ShouldBeLessThan(32 + 49 * 20 + 100);
    }

    [Fact]
    public async Task A_slow_endpoint_is_slow_alone_and_never_gets_more_at_once_than_it_takes()
    {
        var rig = await shared.NewApplicationAsync();
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = async (arrival, gone) =>
        {
            if (arrival.Path == "/slow")
                await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, gone);
            return 200;
        };
        await rig.CreateEndpointAsync(receiver.Url("/slow"), "\"maxConcurrency\":10");
        for (var i = 0; i < 10; i++)
            await rig.CreateEndpointAsync(receiver.Url($"/{i}"));

        await rig.PublishManyAsync("order.created", 50);

        await Eventually.IsTrueAsync("the others have got everything", () => receiver.Arrivals.Count(arrival => arrival.Path != "/slow") == 10 * 50, Promptly);
        await receiver.WaitForAsync(50, "/slow");
        receiver.At("/slow").Max(arrival => arrival.Concurrent).ShouldBe(10);
        receiver.At("/slow").DistinctBy(arrival => arrival.Id).Count().ShouldBe(50);
    }

    [Fact]
    public async Task An_endpoint_that_comes_back_with_five_thousand_queued_gets_them_one_at_a_time_first_and_never_beyond_its_limit()
    {
        const int queued = 5_000, limit = 16;
        var rig = await shared.NewApplicationAsync();
        await using var receiver = await Receiver.StartAsync();
        var (back, answered) = (false, 0);
        var tooMany = new ConcurrentQueue<string>();
        receiver.Answer = async (arrival, gone) =>
        {
            if (!back)
                return 500;
            // One more with every success, at most: the concurrency of a lane doubles with every round.
            var allowed = Math.Min(limit, 1 + Volatile.Read(ref answered));
            if (arrival.Concurrent > allowed)
                tooMany.Enqueue($"{arrival.Concurrent} at once, {allowed} allowed");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, gone);
            Interlocked.Increment(ref answered);
            return 200;
        };
        await rig.CreateEndpointAsync(receiver.Url("/back"), $"\"maxConcurrency\":{limit},\"retrySchedule\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]");
        var messages = await rig.PublishManyAsync("order.created", queued);
        receiver.Arrivals.Count.ShouldBeLessThan(500, "the breaker spares an endpoint that is down");

        back = true;
        var fresh = await rig.PublishManyAsync("order.created", 50);

        await Eventually.IsTrueAsync("everything is delivered", () => receiver.Arrivals.Count(arrival => arrival.Status == 200) >= queued + 50);
        receiver.Arrivals.Where(arrival => arrival.Status == 200).Select(arrival => arrival.Id).ShouldBe([.. messages, .. fresh], ignoreOrder: true);
        tooMany.ShouldBeEmpty();
        receiver.Arrivals.Max(arrival => arrival.Concurrent).ShouldBe(limit);
    }

    [Fact]
    public async Task New_events_take_turns_with_a_storm_of_retries()
    {
        const int old = 600, fresh = 60;
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = (_, _) => Task.FromResult(500);
        await using var rig = await Rig.StartAsync(settings: [("GRAPNEL_DELIVERY__BREAKER_THRESHOLD", "1000"), ("GRAPNEL_DELIVERY__LANE_WINDOW", "50")]);
        await rig.CreateEndpointAsync(receiver.Url(), "\"maxConcurrency\":4,\"retrySchedule\":[5,5,5,5]");
        var retried = (await rig.PublishManyAsync("order.created", old)).ToHashSet();
        await receiver.WaitForAsync(old);
        receiver.Answer = async (_, gone) =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, gone);
            return 200;
        };

        // With the first retry, all of them are due or about to be.
        await receiver.WaitForAsync(old + 100);
        await rig.PublishManyAsync("order.created", fresh);

        await Eventually.IsTrueAsync("everything is delivered", () => receiver.Arrivals.Count(arrival => arrival.Status == 200) == old + fresh);
        var order = receiver.Arrivals.Where(arrival => arrival.Status == 200).OrderBy(arrival => arrival.At).Select(arrival => retried.Contains(arrival.Id)).ToList();
        order.LastIndexOf(false).ShouldBeLessThan(order.LastIndexOf(true), "the last new one comes before the last old one");
    }
}
