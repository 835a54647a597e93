using System.Collections.Concurrent;
using Grapnel.Server.Tests.Faults.Harness;

namespace Grapnel.Server.Tests.Faults;

/// <summary>An endpoint that is dead, slow or recovering is a problem of its own, and of nobody else.</summary>
[Collection(RealProcesses.Name)]
public sealed class FairnessTests(SharedRig shared)
{
    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(BackEnd.Sqlite, 10_000)]
    [InlineData(BackEnd.Postgres, 500)]
    [InlineData(BackEnd.SqliteRedis, 500)]
    [InlineData(BackEnd.PostgresRedis, 500)]
    public async Task Hanging_endpoints_with_thousands_queued_hold_up_none_of_the_others_and_take_no_threads_and_few_sockets(BackEnd backEnd, int queued)
    {
        const int hanging = 2, healthy = 98, messages = 10, concurrency = 32;
        var rig = await shared.NewApplicationAsync(backEnd);
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = async (arrival, gone) =>
        {
            if (Hangs(arrival))
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, gone);
            return 200;
        };
        for (var i = 0; i < hanging; i++)
            await rig.CreateEndpointAsync(receiver.Url($"/hanging/{i}"), "\"timeoutSeconds\":60");
        var (threads, handles) = (rig.Server.Threads, rig.Server.Handles);
        await rig.PublishManyAsync("order.created", queued);
        for (var i = 0; i < healthy; i++)
            await rig.CreateEndpointAsync(receiver.Url($"/{i}"));

        await rig.PublishManyAsync("order.created", messages);

        await Eventually.IsTrueAsync("the others have got everything", () => receiver.Arrivals.Count(arrival => !Hangs(arrival)) == healthy * messages, Promptly);
        receiver.Arrivals.Count(Hangs).ShouldBe(hanging * concurrency, "all that is in flight hangs");
        (rig.Server.Threads - threads).ShouldBeLessThan(100);
        (rig.Server.Handles - handles).ShouldBeLessThan(hanging * concurrency + healthy * messages + 100);

        static bool Hangs(Arrival arrival) => arrival.Path.StartsWith("/hanging/", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BackEnd.Sqlite, null)]
    [InlineData(BackEnd.Postgres, null)]
    [InlineData(BackEnd.SqliteRedis, 50)]
    [InlineData(BackEnd.PostgresRedis, null)]
    public async Task An_application_that_publishes_fifty_times_its_share_queues_behind_itself_and_the_other_takes_turns_with_it(BackEnd backEnd, int? rateLimit)
    {
        const int share = 10, flood = 50 * share;
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = async (_, gone) =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, gone);
            return 200;
        };
        // So few attempts at once that the one endpoint of the flooder could take them all.
        await using var rig = await Rig.StartOnAsync(backEnd, ("GRAPNEL_DELIVERY__MAX_CONCURRENCY", "8"));
        await rig.UseNewApplicationAsync(rateLimit is { } limit ? $"\"rateLimit\":{limit}" : "");
        await rig.CreateEndpointAsync(receiver.Url("/flooder"));
        var flooded = await rig.PublishManyAsync("order.created", flood);
        await rig.UseNewApplicationAsync();
        await rig.CreateEndpointAsync(receiver.Url("/other"));

        await rig.PublishManyAsync("order.created", share);
        var before = receiver.At("/flooder").Count();
        await receiver.WaitForAsync(share, "/other");

        var meanwhile = receiver.At("/flooder").Count() - before;
        meanwhile.ShouldBeLessThan(10 * share, "they take turns");
        receiver.At("/flooder").Count().ShouldBeLessThan(flood, "the flooder still waits for its own");
        if (rateLimit is null)
            await receiver.WaitForAsync(flood, "/flooder");
        receiver.At("/flooder").Select(arrival => arrival.Id).ShouldBeSubsetOf(flooded);
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
