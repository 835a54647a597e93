using Grapnel.Server.Tests.Faults.Harness;

namespace Grapnel.Server.Tests.Faults;

/// <summary>How fast a change of an endpoint takes effect, and that it keeps it.</summary>
[Collection(RealProcesses.Name)]
public sealed class EndpointChangeTests(SharedRig shared)
{
    /// <summary>How long after the answer to a change requests from before it may still arrive.</summary>
    private static readonly TimeSpan Effect = TimeSpan.FromSeconds(1);

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
