using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults;

/// <summary>Redis, where it is the queue, begins anew, forgets everything, or is away; under load.</summary>
[Collection(WaitingProcesses.Name)]
public sealed class RedisFaultTests(ITestOutputHelper output)
{
    /// <summary>Set GRAPNEL_SOAK=1 for an absence of a minute, and nodes with their default settings.</summary>
    private static readonly bool Soak = Environment.GetEnvironmentVariable("GRAPNEL_SOAK") is "1";
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(Soak ? 60 : 2);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RebuiltWithin = TimeSpan.FromSeconds(60);

    private static (string, string)[] Settings(RedisServer redis) =>
        [.. Soak ? [] : ClusterRig.Quick, .. OwnQueue.Settings(redis), ("GRAPNEL_DELIVERY__RETRY_SCHEDULE", "200ms,1s,2s"), ("GRAPNEL_DELIVERY__BREAKER_THRESHOLD", "1000")];

    [Fact]
    public async Task Whatever_happens_to_Redis_in_front_of_SQLite_publishing_goes_on_and_everything_is_delivered_once_it_is_back()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var rig = await Rig.StartAsync(settings: Settings(redis));
        await LoseRedisAsync(redis, [rig]);
    }

    [Fact]
    public async Task Whatever_happens_to_Redis_in_front_of_PostgreSQL_publishing_goes_on_and_everything_is_delivered_once_it_is_back()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var cluster = await ClusterRig.StartAsync(2, Settings(redis));
        await LoseRedisAsync(redis, cluster.Nodes);
    }

    private async Task LoseRedisAsync(RedisServer redis, IReadOnlyList<Rig> nodes)
    {
        await using var receiver = await Receiver.StartAsync();
        var gate = new TaskCompletionSource();
        gate.SetResult();
        // So that there are retries whose attempts and times only Redis knows.
        var answer = Receiver.FailOneInTwentyOnce();
        receiver.Answer = async (arrival, gone) =>
        {
            if (arrival.Path == "/d")
                await gate.Task.WaitAsync(gone);
            return await answer(arrival, gone);
        };
        await nodes[0].CreateEventTypeAsync("ledger.tick");
        var endpoints = new Dictionary<string, string>();
        foreach (var path in (string[])["/a", "/b", "/c", "/d"])
            endpoints[path] = await nodes[0].CreateEndpointAsync(receiver.Url(path));
        var ledger = new Ledger(nodes[0], "ledger.tick");
        var check = new LedgerCheck(ledger, receiver, endpoints);
        using var over = new CancellationTokenSource();
        var load = ledger.PublishAsync(nodes.SelectMany(node => Enumerable.Repeat(node.Client, 4 / nodes.Count)), Pace, over.Token);
        await receiver.WaitForAsync(200);

        var moments = new List<long>();
        await LoseAsync("restart", RestartAsync);
        await LoseAsync("FLUSHALL", redis.FlushAsync);
        await LoseAsync("absence", async () =>
        {
            await redis.StopAsync();
            await Task.Delay(Away, TimeProvider.System);
            await redis.StartAgainAsync();
        });
        await over.CancelAsync();
        await load;

        await nodes[0].WaitUntilNothingIsPendingAsync();
        await check.EveryDeliveryHasOneSuccessOnRecordAsync(nodes[0]);
        check.NothingArrivesThatWasNotPublished();
        check.EveryMessageHasOneId();
        ledger.Published.ShouldAllBe(published => published.Outcome == PublishOutcome.Ok);
        output.WriteLine($"{ledger.Published.Count} published, {check.RepeatsBecauseOf(moments)} repeats");

        async Task RestartAsync()
        {
            await redis.StopAsync();
            await redis.StartAgainAsync();
        }

        async Task LoseAsync(string how, Func<Task> lose)
        {
            // There is a queue to be lost, and there are attempts in flight.
            gate = new TaskCompletionSource();
            await Eventually.IsTrueAsync("there is a queue", async () => await nodes[0].PendingAsync() > 100);
            var before = ledger.Published.Count;
            moments.Add(TimeProvider.System.GetTimestamp());
            await lose();
            var back = TimeProvider.System.GetTimestamp();
            gate.SetResult();
            var meanwhile = ledger.Published.Count - before;
            await check.WaitUntilDeliveredAsync(RebuiltWithin);
            output.WriteLine($"{how}: {meanwhile} published meanwhile, all delivered {TimeProvider.System.GetElapsedTime(back).TotalMilliseconds:F0} ms after it was back");
        }
    }
}
