using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Faults;

/// <summary>The rate limit of an application holds for all nodes together.</summary>
[Collection(RealProcesses.Name)]
public sealed class SharedLimitTests(ITestOutputHelper output)
{
    private const int Rate = 60;

    /// <summary>What lies between the start of an attempt and its arrival may differ by this much, on a machine that is busy with other things.</summary>
    private const double LatencySeconds = 1;

    [Fact]
    public async Task The_rate_limit_of_an_application_is_exact_while_its_lanes_spread_over_two_nodes_and_when_one_of_those_is_killed()
    {
        const int endpoints = 8;
        const int messages = 100;
        await using var receiver = await Receiver.StartAsync();
        await using var cluster = await ClusterRig.StartAsync(2, ClusterRig.Quick);
        (await cluster[0].Client.PatchJsonAsync(cluster[0].App, $$"""{"throttleRate":{{Rate}}}""")).Status.ShouldBe(200);
        for (var i = 0; i < endpoints; i++)
            await cluster[0].CreateEndpointAsync(receiver.Url($"/{i}"));
        var begun = TimeProvider.System.GetTimestamp();
        await cluster[0].PublishManyAsync("order.created", messages / 2);
        await cluster[1].PublishManyAsync("order.created", messages / 2);

        await cluster.WaitUntilLanesAreSpreadAsync();
        var spread = receiver.Arrivals.Count;
        await receiver.WaitForAsync(endpoints * messages * 2 / 3);
        (await ClusterRig.LanesAsync(cluster[0])).Values.Min().ShouldBeGreaterThan(0);
        await cluster[1].Server.KillAsync();
        var killed = receiver.Arrivals.Count;
        await cluster[0].WaitUntilNothingIsPendingAsync();

        receiver.Arrivals.DistinctBy(arrival => (arrival.Path, arrival.Id)).Count().ShouldBe(endpoints * messages);
        var seconds = receiver.Arrivals.Select(arrival => TimeProvider.System.GetElapsedTime(begun, arrival.At).TotalSeconds).Order().ToArray();
        var shared = (killed - spread) / (seconds[killed - 1] - seconds[spread]);
        output.WriteLine($"{seconds.Length} arrivals in {seconds[^1]:F1} s; {spread} before lanes were spread, then {shared:F1} per second until the kill after {killed}");
        RateCheck.NoIntervalHoldsMoreThanIsAllowed(seconds, Rate, LatencySeconds);
        // With something to send at every moment nothing is saved up, so there is no burst either.
        shared.ShouldBeInRange(0.8 * Rate, 1.05 * Rate);
    }
}
