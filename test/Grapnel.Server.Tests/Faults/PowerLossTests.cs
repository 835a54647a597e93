using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Grapnel.Storage.Examining;

namespace Grapnel.Server.Tests.Faults;

/// <summary>The power goes while messages are accepted. A process that is killed leaves its writes with the kernel; here these go, too, unless they were synced.</summary>
public sealed class PowerLossTests
{
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Of_what_was_accepted_nothing_is_lost_with_the_power()
    {
        var (accepted, kept) = await CutAsync("Full");

        accepted.Count.ShouldBeGreaterThan(20);
        accepted.Except(kept).ShouldBeEmpty();
    }

    [Fact]
    public async Task Where_syncing_is_left_to_checkpoints_the_latest_go_with_the_power_and_the_store_stays_whole()
    {
        var (accepted, kept) = await CutAsync("Normal");

        // That something is lost shows that the power was really cut.
        accepted.Except(kept).ShouldNotBeEmpty();
        var lost = accepted.SkipWhile(kept.Contains).ToList();
        lost.Intersect(kept).ShouldBeEmpty("only the latest are lost");
    }

    private static async Task<(IReadOnlyList<string> Accepted, IReadOnlySet<string> Kept)> CutAsync(string synchronous)
    {
        await using var disk = await CrashDisk.MountAsync();
        await using var receiver = await Receiver.StartAsync();
        var rig = await Rig.StartAsync(Path.Combine(disk.Folder, "data"), ("GRAPNEL_STORE__SYNCHRONOUS", synchronous));
        var accepted = new List<string>();
        await using (rig)
        {
            await rig.CreateEndpointAsync(receiver.Url());
            for (var (time, begun) = (TimeProvider.System, TimeProvider.System.GetTimestamp()); time.GetElapsedTime(begun) < Load;)
                accepted.Add(await rig.PublishAsync("order.created"));
            await rig.Server.FreezeAsync();
            await using var after = await disk.CutPowerAsync();
            await rig.Server.KillAsync();

            var folder = Path.Combine(after.Folder, "data");
            SqliteExamination.Run(folder, TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(1)).Damage.ShouldBeEmpty();
            await using var next = await Rig.StartAsync(folder);
            var kept = new HashSet<string>();
            foreach (var message in accepted)
                if ((await next.Client.GetJsonAsync($"/api/v1/app/default/msg/{message}")).Status == 200)
                    kept.Add(message);
            await next.WaitUntilNothingIsPendingAsync();
            receiver.Arrivals.Select(arrival => arrival.Id).ToHashSet().IsSupersetOf(kept).ShouldBeTrue("what is there is delivered");
            (await next.StopAsync()).ShouldBe(0);
            return (accepted, kept);
        }
    }
}
