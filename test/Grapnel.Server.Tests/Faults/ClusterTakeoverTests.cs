using System.Globalization;
using System.Text;
using Grapnel.Server.Tests.Faults.Harness;

namespace Grapnel.Server.Tests.Faults;

/// <summary>Several nodes on one database, and one of them goes: by SIGKILL, by SIGSTOP, or in order.</summary>
[Collection(RealProcesses.Name)]
public sealed class ClusterTakeoverTests(ITestOutputHelper output)
{
    private const int MaxConcurrency = 1024;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_lanes_of_one_of_four_nodes_that_is_killed_or_sleeps_work_elsewhere_and_nothing_acknowledged_is_lost_or_repeated_without_need(bool sleeps)
    {
        const int nodes = 4;
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = AfterAMoment;
        await using var cluster = await ClusterRig.StartAsync(nodes, ClusterRig.Quick);
        var endpoints = await CreateEndpointsAsync(cluster[0], receiver, 2 * nodes);
        await cluster[0].CreateEventTypeAsync("ledger.tick");
        var ledger = new Ledger(cluster[0], "ledger.tick");
        using var over = new CancellationTokenSource();
        var load = ledger.PublishAsync(cluster.Nodes.SelectMany(node => Enumerable.Repeat(node.Client, 4)), Pace, over.Token);
        await cluster.WaitUntilLanesAreSpreadAsync();
        await receiver.WaitForAsync(100 * endpoints.Count);

        var gone = TimeProvider.System.GetTimestamp();
        await (sleeps ? cluster[0].Server.FreezeAsync() : cluster[0].Server.KillAsync());
        var elsewhere = await AllLanesWorkAsync(receiver, endpoints.Keys, gone);
        if (sleeps)
        {
            await cluster[0].Server.ThawAsync();
            await cluster.WaitUntilLanesAreSpreadAsync();
            await Eventually.IsTrueAsync("the node says so", () => cluster[0].Server.Output.Contains("has joined again", StringComparison.Ordinal));
        }
        await over.CancelAsync();
        await load;

        await cluster[1].WaitUntilNothingIsPendingAsync();
        var check = new LedgerCheck(ledger, receiver, endpoints);
        await check.WaitUntilDeliveredAsync();
        await check.EveryDeliveryHasOneSuccessOnRecordAsync(cluster[1]);
        check.NothingArrivesThatWasNotPublished();
        check.EveryMessageHasOneId();
        var repeats = check.RepeatsBecauseOf(gone);
        repeats.ShouldBeLessThanOrEqualTo(MaxConcurrency);
        elsewhere.ShouldBeLessThan(TimeSpan.FromSeconds(15));
        output.WriteLine($"{ledger.Published.Count} published, all lanes elsewhere after {elsewhere.TotalMilliseconds:F0} ms, {repeats} repeats");
    }

    [Fact]
    public async Task The_results_of_a_node_that_wakes_up_after_it_was_expelled_are_rejected_and_what_it_was_sending_is_sent_once_more()
    {
        const int held = 20;
        await using var receiver = await Receiver.StartAsync();
        await using var cluster = await ClusterRig.StartAsync(2, [.. ClusterRig.Quick, ("GRAPNEL_DELIVERY__TIMEOUT", "60s")]);
        var endpoints = await CreateEndpointsAsync(cluster[0], receiver, 5, first: "\"ordered\":true");
        var sequence = 0;
        await Eventually.IsTrueAsync("lanes are spread", async () =>
        {
            await PublishAsync(cluster.Nodes, 10);
            return await cluster.AreLanesSpreadAsync();
        });
        await cluster[0].WaitUntilNothingIsPendingAsync();
        var before = sequence;

        // 1. The node that has the ordered lane stops with attempts in flight, and they are answered while it sleeps.
        var stale = (await cluster.OwnerAsync(endpoints["/0"], cluster[0])).ShouldNotBeNull();
        var awake = cluster.Nodes.Single(node => node != stale);
        var release = new TaskCompletionSource();
        receiver.Answer = async (_, gone) =>
        {
            await release.Task.WaitAsync(gone);
            return 200;
        };
        await PublishAsync(cluster.Nodes, held);
        await receiver.WaitForAsync(5 * before + 4 * held + 1);
        await stale.Server.FreezeAsync();
        var (frozen, frozenAt) = (TimeProvider.System.GetTimestamp(), TimeProvider.System.GetUtcNow().UtcDateTime);
        var lanes = new HashSet<string>();
        foreach (var (path, endpoint) in endpoints)
            if (await cluster.OwnerAsync(endpoint, awake) == stale)
                lanes.Add(path);
        var inFlight = receiver.Arrivals.Where(arrival => arrival.Status == 0 && lanes.Contains(arrival.Path)).Select(a => (a.Path, a.Id)).ToHashSet();
        release.SetResult();
        // 2. The other goes on with its lanes.
        await PublishAsync([awake], 50);
        var elsewhere = await AllLanesWorkAsync(receiver, lanes, frozen);
        await awake.WaitUntilNothingIsPendingAsync();
        // 3. It wakes up, and is a node like any other.
        await stale.Server.ThawAsync();
        await Eventually.IsTrueAsync("it joined again", async () => (await ClusterRig.LanesAsync(awake)).Count == 2);
        await PublishAsync(cluster.Nodes, 50);
        await awake.WaitUntilNothingIsPendingAsync();

        var again = receiver.Arrivals.GroupBy(a => (a.Path, a.Id)).Where(group => group.Count() > 1).ToDictionary(group => group.Key, group => group.Count());
        again.Keys.ShouldBe(inFlight, ignoreOrder: true);
        again.Values.ShouldAllBe(count => count == 2);
        receiver.At("/0").Select(Number).ShouldBeInOrder();
        foreach (var (path, endpoint) in endpoints)
        {
            var successes = await awake.SuccessesAsync(endpoint);
            successes.Select(success => success.Message).ShouldBeUnique();
            successes.Count.ShouldBe(sequence);
            // Of what was sent twice, the second time is on record.
            successes.Where(success => inFlight.Contains((path, success.Message))).ShouldAllBe(success => success.StartedAt >= frozenAt);
        }
        stale.Server.Output.ShouldContain("expelled");
        output.WriteLine($"{lanes.Count} lanes elsewhere after {elsewhere.TotalMilliseconds:F0} ms, {again.Count} of {inFlight.Count} in flight sent again");

        async Task PublishAsync(IReadOnlyList<Rig> nodes, int count)
        {
            for (var i = 0; i < count; i++)
                await nodes[i % nodes.Count].PublishAsync("order.created", $$"""{"n":{{++sequence}}}""");
        }
    }

    [Fact]
    public async Task With_the_default_settings_the_lanes_of_a_node_that_stands_still_work_elsewhere_within_fifteen_seconds()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var cluster = await ClusterRig.StartAsync(1, []);
        await CreateEndpointsAsync(cluster[0], receiver, 1);
        await cluster[0].PublishAsync("order.created");
        await receiver.WaitForAsync(1);
        var other = await cluster.AddAsync();

        await cluster[0].Server.FreezeAsync();
        var frozen = TimeProvider.System.GetTimestamp();
        await other.PublishAsync("order.created");
        await receiver.WaitForAsync(2);

        var elsewhere = TimeProvider.System.GetElapsedTime(frozen);
        output.WriteLine($"Elsewhere after {elsewhere.TotalMilliseconds:F0} ms");
        elsewhere.ShouldBeLessThan(TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task A_node_that_stops_in_order_frees_its_lanes_and_the_other_goes_on_without_waiting_for_anything_to_expire()
    {
        const int slow = 20;
        await using var receiver = await Receiver.StartAsync();
        await using var cluster = await ClusterRig.StartAsync(1, [
            ("GRAPNEL_NODE__EXPEL_AFTER", "10m"), ("GRAPNEL_NODE__SWEEP", "10m"), ("GRAPNEL_DELIVERY__SHUTDOWN_GRACE", "3s"),
            ("GRAPNEL_DELIVERY__TIMEOUT", "60s")]);
        var endpoints = await CreateEndpointsAsync(cluster[0], receiver, 2);
        await cluster[0].PublishAsync("order.created");
        await receiver.WaitForAsync(2);
        receiver.Answer = async (arrival, gone) =>
        {
            if (arrival.Path == "/0")
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, gone);
            return 200;
        };
        var messages = await cluster[0].PublishManyAsync("order.created", slow);
        await receiver.WaitForAsync(2 + 2 * slow);
        var other = await cluster.AddAsync();
        await cluster[0].WaitForAsync(messages[^1], endpoints["/1"], "delivered/delivered");

        // The lane of the quick endpoint has nothing in flight, and need not wait until the slow one's attempts are given up.
        await cluster[0].Server.TerminateAsync();
        var stopping = TimeProvider.System.GetTimestamp();
        receiver.Answer = (_, _) => Task.FromResult(200);
        await other.PublishAsync("order.created");
        await receiver.WaitForAsync(2 + slow, "/1");
        var quick = TimeProvider.System.GetElapsedTime(stopping);
        (await cluster[0].Server.WaitForExitAsync()).ShouldBe(0, cluster[0].Server.Errors);
        var stopped = TimeProvider.System.GetTimestamp();
        await other.WaitUntilNothingIsPendingAsync();

        var rest = TimeProvider.System.GetElapsedTime(stopped);
        output.WriteLine($"What was idle elsewhere after {quick.TotalMilliseconds:F0} ms, the rest {rest.TotalMilliseconds:F0} ms after the end");
        quick.ShouldBeLessThan(TimeSpan.FromSeconds(2.5));
        rest.ShouldBeLessThan(TimeSpan.FromSeconds(5));
        receiver.At("/0").CountBy(arrival => arrival.Id).ShouldAllBe(message => message.Value <= 2);
        receiver.At("/1").Select(arrival => arrival.Id).ShouldBeUnique();
    }

    // The time until the last of some lanes sent something that had not begun before.
    private static async Task<TimeSpan> AllLanesWorkAsync(Receiver receiver, IReadOnlyCollection<string> paths, long since)
    {
        var margin = since + TimeProvider.System.TimestampFrequency / 5;
        await Eventually.IsTrueAsync("all lanes work", () => receiver.Arrivals.Where(a => a.At > margin).DistinctBy(a => a.Path).Select(a => a.Path).Intersect(paths).Count() == paths.Count);
        var first = receiver.Arrivals.Where(a => a.At > margin && paths.Contains(a.Path)).GroupBy(a => a.Path, a => a.At).Max(path => path.Min());
        return TimeProvider.System.GetElapsedTime(since, first);
    }

    private static async Task<Dictionary<string, string>> CreateEndpointsAsync(Rig rig, Receiver receiver, int count, string first = "")
    {
        var endpoints = new Dictionary<string, string>();
        for (var i = 0; i < count; i++)
            endpoints[$"/{i}"] = await rig.CreateEndpointAsync(receiver.Url($"/{i}"), i == 0 ? first : "");
        return endpoints;
    }

    private static async Task<int> AfterAMoment(Arrival arrival, CancellationToken gone)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, gone);
        return 200;
    }

    private static int Number(Arrival arrival) => int.Parse(Encoding.UTF8.GetString(arrival.Body)[5..^1], CultureInfo.InvariantCulture);
}
