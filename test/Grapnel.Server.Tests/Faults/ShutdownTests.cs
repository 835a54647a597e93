using Grapnel.Server.Tests.Faults.Harness;

namespace Grapnel.Server.Tests.Faults;

/// <summary>The process is asked to stop (SIGTERM) in the middle of its work.</summary>
[Collection(RealProcesses.Name)]
public sealed class ShutdownTests
{
    private const int InFlight = 200;

    [Fact]
    public async Task Attempts_in_flight_at_a_stop_finish_within_the_grace_and_are_not_repeated()
    {
        await using var receiver = await Receiver.StartAsync();
        var release = Hold(receiver);
        await using var rig = await StartAsync(grace: "60s");
        var endpoint = await rig.CreateEndpointAsync(receiver.Url());
        var messages = await rig.PublishManyAsync("order.created", InFlight);
        await receiver.WaitForAsync(InFlight);

        await rig.Server.TerminateAsync();
        await Eventually.IsTrueAsync("nothing is accepted any more", () => RefusesAsync(rig));
        release.SetResult();
        var exitCode = await rig.Server.WaitForExitAsync();
        await rig.StartAsync();

        exitCode.ShouldBe(0);
        foreach (var message in messages)
            (await rig.WhyAsync(message, endpoint)).ShouldBe("delivered/delivered");
        receiver.Arrivals.Count(arrival => messages.Contains(arrival.Id)).ShouldBe(InFlight);
    }

    [Fact]
    public async Task Attempts_that_do_not_finish_are_given_up_at_the_end_of_the_grace_and_made_again_at_once_by_the_next_process()
    {
        await using var receiver = await Receiver.StartAsync();
        Hold(receiver);
        await using var rig = await StartAsync(grace: "1s");
        var endpoint = await rig.CreateEndpointAsync(receiver.Url());
        var messages = await rig.PublishManyAsync("order.created", InFlight);
        await receiver.WaitForAsync(InFlight);

        var stopping = TimeProvider.System.GetTimestamp();
        var exitCode = await rig.StopAsync();
        var stopped = TimeProvider.System.GetElapsedTime(stopping);
        receiver.Answer = (_, _) => Task.FromResult(200);
        await rig.StartAsync();
        var ready = TimeProvider.System.GetTimestamp();
        await receiver.WaitForAsync(2 * InFlight);

        exitCode.ShouldBe(0);
        // Without the 10 s after which a silent node is expelled: the lanes were given back in order.
        stopped.ShouldBeLessThan(TimeSpan.FromSeconds(10));
        TimeProvider.System.GetElapsedTime(ready).ShouldBeLessThan(TimeSpan.FromSeconds(8));
        foreach (var message in messages)
            await rig.WaitForAsync(message, endpoint, "delivered/delivered");
        receiver.Arrivals.Count.ShouldBe(2 * InFlight);
        // An attempt that was given up is not held against anybody.
        (await rig.Client.GetStringAsync($"{rig.App}/attempt/endpoint/{endpoint}?status=2")).ShouldContain("\"data\":[]");
    }

    private static Task<Rig> StartAsync(string grace) => Rig.StartAsync(settings:
        [("GRAPNEL_DELIVERY__SHUTDOWN_GRACE", grace), ("GRAPNEL_DELIVERY__ENDPOINT_CONCURRENCY", $"{InFlight}"), ("GRAPNEL_DELIVERY__TIMEOUT", "60s")]);

    private static TaskCompletionSource Hold(Receiver receiver)
    {
        var release = new TaskCompletionSource();
        receiver.Answer = async (_, gone) =>
        {
            await release.Task.WaitAsync(gone);
            return 200;
        };
        return release;
    }

    private static async Task<bool> RefusesAsync(Rig rig)
    {
        try
        {
            return (await rig.TryPublishAsync("order.created")).Status == 503;
        }
        catch (HttpRequestException)
        {
            return true;
        }
    }
}
