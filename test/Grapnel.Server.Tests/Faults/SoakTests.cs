using System.Collections.Concurrent;
using System.Globalization;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults;

/// <summary>
/// A long time of mixed load with failures and kills, after which the ledger holds and nothing has grown. Set GRAPNEL_SOAK=1, or to the name of one back-end;
/// it takes an hour for each, or as many minutes as GRAPNEL_SOAK_MINUTES says.
/// </summary>
[Collection(RealProcesses.Name)]
public sealed class SoakTests(ITestOutputHelper output)
{
    private const double MostGrowth = 1.25;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SampleEvery = TimeSpan.FromSeconds(1);

    /// <summary>A write-ahead log, or the table of what is pending with its indexes, is never larger than this.</summary>
    private const double MostChurnMiB = 256;

    private static readonly TimeSpan Length = TimeSpan.FromMinutes(
        double.Parse(Environment.GetEnvironmentVariable("GRAPNEL_SOAK_MINUTES") ?? "60", CultureInfo.InvariantCulture));

    // The node that is measured is not killed, so a back-end with one node has its kills before the measurement.
    private static readonly TimeSpan Segment = Length / Math.Max(6, 3 * Math.Round(Length.TotalMinutes / 3));

    [Theory]
    [InlineData(BackEnd.Sqlite)]
    [InlineData(BackEnd.SqliteRedis)]
    [InlineData(BackEnd.Postgres)]
    [InlineData(BackEnd.PostgresRedis)]
    public async Task After_a_long_time_of_load_failures_and_kills_nothing_is_lost_and_nothing_has_grown(BackEnd backEnd)
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable("GRAPNEL_SOAK") is { } soak && (soak == "1" || soak == backEnd.ToString()), "Set GRAPNEL_SOAK=1 for an hour of load.");
        (string, string)[] settings =
        [
            .. backEnd is BackEnd.SqliteRedis or BackEnd.PostgresRedis ? OwnQueue.Settings(await RedisServer.Shared) : [],
            ("GRAPNEL_DELIVERY__RETRY_SCHEDULE", "200ms,2s,2s,2s"), ("GRAPNEL_DELIVERY__BREAKER_THRESHOLD", "1000"),
        ];
        if (backEnd is BackEnd.Sqlite or BackEnd.SqliteRedis)
        {
            await using var rig = await Rig.StartAsync(settings: settings);
            await SoakAsync([rig], () => Task.FromResult(new FileInfo(Path.Combine(rig.Folder, "grapnel.db-wal")).Length));
            return;
        }
        await using var cluster = await ClusterRig.StartAsync(2, settings);
        await SoakAsync(cluster.Nodes, async () => (await cluster.Database.ReadNumbersAsync("SELECT pg_total_relation_size('delivery')"))[0]);
    }

    private async Task SoakAsync(IReadOnlyList<Rig> nodes, Func<Task<long>> readChurn)
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = FailSomeAndBeSlow();
        await nodes[0].CreateEventTypeAsync("ledger.tick");
        var endpoints = new Dictionary<string, string>
        {
            ["/quick"] = await nodes[0].CreateEndpointAsync(receiver.Url("/quick")),
            ["/slow"] = await nodes[0].CreateEndpointAsync(receiver.Url("/slow")),
            ["/ordered"] = await nodes[0].CreateEndpointAsync(receiver.Url("/ordered"), "\"ordered\":true"),
        };
        var ledger = new Ledger(nodes[0], "ledger.tick");
        var (random, time) = (new Random(), TimeProvider.System);
        var (kills, samples) = (new List<long>(), new List<Sample>());
        for (var begun = time.GetTimestamp(); time.GetElapsedTime(begun) < Length;)
        {
            var third = (int)(3 * (time.GetElapsedTime(begun) / Length));
            var (segment, killAt) = (time.GetTimestamp(), Segment * (0.2 + 0.6 * random.NextDouble()));
            var toKill = nodes.Count > 1 ? nodes[1] : third == 0 ? nodes[0] : null;
            using var over = new CancellationTokenSource();
            var load = ledger.PublishAsync(nodes.SelectMany(node => Enumerable.Repeat(node.Client, 4 / nodes.Count)), Pace, over.Token);
            while (time.GetElapsedTime(segment) < Segment)
            {
                await Task.Delay(SampleEvery, time);
                if (toKill is { Server.HasExited: false } && time.GetElapsedTime(segment) > killAt)
                {
                    kills.Add(time.GetTimestamp());
                    await toKill.Server.KillAsync();
                }
                if (!nodes[0].Server.HasExited)
                    samples.Add(new(third, nodes[0].Server.ResidentMiB, nodes[0].Server.Handles, nodes[0].Server.Threads, await readChurn() / 1048576d));
            }
            await over.CancelAsync();
            await load;
            if (toKill is { Server.HasExited: true })
                await toKill.StartAsync();
        }

        await nodes[0].WaitUntilNothingIsPendingAsync(TimeSpan.FromMinutes(5));
        var check = new LedgerCheck(ledger, receiver, endpoints);
        await check.EveryDeliveryHasOneSuccessOnRecordAsync(nodes[0]);
        check.NothingArrivesThatWasNotPublished();
        check.EveryMessageHasOneId();
        output.WriteLine($"{ledger.Published.Count} published, {kills.Count} kills, {check.RepeatsBecauseOf(kills)} repeats");
        NothingHasGrown(samples);
    }

    private void NothingHasGrown(IReadOnlyList<Sample> samples)
    {
        foreach (var (what, of) in (ReadOnlySpan<(string, Func<Sample, double>)>)
            [("MiB resident", sample => sample.ResidentMiB), ("handles", sample => sample.Handles), ("threads", sample => sample.Threads)])
        {
            var (middle, last) = (samples.Where(sample => sample.Third == 1).Average(of), samples.Where(sample => sample.Third == 2).Average(of));
            output.WriteLine($"{what}: {middle:F0}, then {last:F0}");
            last.ShouldBeLessThanOrEqualTo(MostGrowth * middle, what);
        }
        output.WriteLine($"At most {samples.Max(sample => sample.ChurnMiB):F1} MiB of log, or of what is pending");
        samples.Max(sample => sample.ChurnMiB).ShouldBeLessThan(MostChurnMiB);
    }

    private static Func<Arrival, CancellationToken, Task<int>> FailSomeAndBeSlow()
    {
        var count = 0;
        var failed = new ConcurrentDictionary<(string, string), bool>();
        return async (arrival, gone) =>
        {
            if (arrival.Path == "/slow")
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, gone);
            // What is ordered waits for each retry, so with many of them it would never catch up.
            var each = arrival.Path == "/ordered" ? 200 : 20;
            return Interlocked.Increment(ref count) % each == 0 && failed.TryAdd((arrival.Path, arrival.Id), true) ? 500 : 200;
        };
    }

    /// <summary>The state of a node at a moment.</summary>
    /// <param name="Third">Of the whole time: 0, 1 or 2.</param>
    /// <param name="ResidentMiB">Memory.</param>
    /// <param name="Handles">Open files and sockets.</param>
    /// <param name="Threads">Threads.</param>
    /// <param name="ChurnMiB">What the store keeps of deliveries that come and go.</param>
    private sealed record Sample(int Third, double ResidentMiB, double Handles, double Threads, double ChurnMiB);
}
