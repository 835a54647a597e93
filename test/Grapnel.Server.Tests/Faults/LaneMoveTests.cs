using System.Globalization;
using System.Text;
using Grapnel.Server.Tests.Faults.Harness;

namespace Grapnel.Server.Tests.Faults;

/// <summary>What is exact per endpoint stays so while its lane goes from node to node.</summary>
[Collection(RealProcesses.Name)]
public sealed class LaneMoveTests(ITestOutputHelper output)
{
    private const int Rate = 20;

    /// <summary>What lies between the start of an attempt and its arrival may differ by this much, on a machine that is busy with other things.</summary>
    private const double LatencySeconds = 0.25;

    [Fact]
    public async Task A_rate_limit_and_an_order_hold_while_their_lane_leaves_a_node_that_stops_and_one_that_is_killed()
    {
        const int messages = 90;
        await using var receiver = await Receiver.StartAsync();
        await using var cluster = await ClusterRig.StartAsync(3, ClusterRig.Quick);
        var endpoint = await cluster[0].CreateEndpointAsync(receiver.Url(), $"\"ordered\":true,\"throttleRate\":{Rate}");
        var begun = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < messages; i++)
            await cluster[0].PublishAsync("order.created", $$"""{"n":{{i}}}""");

        var first = await OwnerAsync(cluster.Nodes[0]);
        var seer = cluster.Nodes.First(node => node != first);
        await receiver.WaitForAsync(messages / 4);
        (await first.StopAsync()).ShouldBe(0);
        await receiver.WaitForAsync(messages / 2);
        var second = await OwnerAsync(seer);
        await second.Server.KillAsync();
        receiver.Arrivals.Count.ShouldBeLessThan(messages, "there is something left for the third");
        var third = cluster.Nodes.Single(node => node != first && node != second);
        await third.WaitUntilNothingIsPendingAsync();

        var successes = await third.SuccessesAsync(endpoint);
        successes.Select(success => success.Message).ShouldBeUnique();
        successes.Count.ShouldBe(messages);
        receiver.Arrivals.Select(Number).ShouldBeInOrder();
        receiver.Arrivals.Count.ShouldBeLessThanOrEqualTo(messages + 1, "what was in flight at the kill is sent again");
        var seconds = receiver.Arrivals.Select(arrival => TimeProvider.System.GetElapsedTime(begun, arrival.At).TotalSeconds).ToArray();
        output.WriteLine($"{seconds.Length} arrivals of {messages} messages in {seconds[^1]:F1} s; the longest pauses: "
            + string.Join(", ", seconds.Zip(seconds.Skip(1), (a, b) => b - a).OrderDescending().Take(2).Select(pause => $"{pause:F2} s")));
        RateCheck.NoIntervalHoldsMoreThanIsAllowed(seconds, Rate, LatencySeconds);
        // An owner begins with nothing saved up; so, with something to send at every moment, all of them together have no burst to begin with.
        for (var i = 0; i < seconds.Length; i++)
            (i + 1).ShouldBeLessThanOrEqualTo((int)(Rate * seconds[i]) + 1);

        async Task<Rig> OwnerAsync(Rig seenBy)
        {
            Rig? owner = null;
            await Eventually.IsTrueAsync("the lane has an owner that lives", async () =>
                (owner = await cluster.OwnerAsync(endpoint, seenBy)) is { Server.HasExited: false });
            return owner!;
        }
    }

    private static int Number(Arrival arrival) => int.Parse(Encoding.UTF8.GetString(arrival.Body)[5..^1], CultureInfo.InvariantCulture);
}
