using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Faults;

/// <summary>The disk under the store fills up, or takes no writes any more.</summary>
public sealed class DiskTests
{
    [Fact]
    public async Task A_full_disk_is_answered_with_503_and_what_was_accepted_before_is_delivered_once_when_there_is_room_again()
    {
        await using var disk = await SmallDisk.MountAsync();
        await using var receiver = await Receiver.StartAsync();
        var held = new TaskCompletionSource();
        receiver.Answer = async (_, gone) =>
        {
            await held.Task.WaitAsync(gone);
            return 200;
        };
        await using var rig = await Rig.StartAsync(Path.Combine(disk.Folder, "data"));
        var endpoint = await rig.CreateEndpointAsync(receiver.Url());
        // 32 of them are in flight, the others wait.
        var accepted = await rig.PublishManyAsync("order.created", 100);
        await receiver.WaitForAsync(32);

        disk.Fill();
        var answers = await FillStoreAsync(rig);
        var refused = await rig.TryPublishAsync("order.created");
        // Attempts end while their outcomes cannot be written down.
        held.SetResult();
        await Eventually.IsTrueAsync("an outcome meets the full disk", () => rig.Server.Output.Contains("Grapnel.Dispatching.Settler", StringComparison.Ordinal));
        var stillRefused = await rig.TryPublishAsync("order.created", Large);
        var health = await rig.Client.GetJsonAsync("/health/live");
        var full = await rig.Client.GetJsonAsync("/health/ready");
        disk.Free();

        refused.Status.ShouldBe(503, refused.Text);
        refused.Headers.RetryAfter.ShouldNotBeNull();
        refused["detail"].GetString()!.ShouldContain("nothing was accepted");
        stillRefused.Status.ShouldBe(503);
        health.Status.ShouldBe(200);
        (full.Status, full["disk"].GetString(), full["store"].GetString()).ShouldBe((503, "unavailable", "unavailable"));
        await Eventually.IsTrueAsync("the server is ready again", async () => (await rig.Client.GetJsonAsync("/health/ready")).Status == 200);
        var later = "";
        await Eventually.IsTrueAsync("messages are accepted again", async () =>
            await rig.TryPublishAsync("order.created") is { Status: 202 } reply && (later = reply.Id) != "");
        foreach (var message in (string[])[.. accepted, .. answers, later])
            await rig.WaitForAsync(message, endpoint, "delivered/delivered");
        receiver.Arrivals.GroupBy(arrival => arrival.Id).ShouldAllBe(group => group.Count() == 1);
        receiver.Arrivals.Select(arrival => arrival.Id).ToHashSet().ShouldBeSubsetOf(await StoredAsync(rig));
        rig.Server.HasExited.ShouldBeFalse();
        (rig.Server.Output + rig.Server.Errors).Split('\n').Length.ShouldBeLessThan(5_000, "it should not fill the log instead");
        (await rig.StopAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task A_disk_that_became_read_only_is_a_clear_error_at_the_start_and_changes_nothing()
    {
        await using var disk = await SmallDisk.MountAsync();
        var folder = Path.Combine(disk.Folder, "data");
        await using (var rig = await Rig.StartAsync(folder))
            await rig.StopAsync();
        await disk.MakeReadOnlyAsync();

        await using var server = ServerProcess.Launch(folder, new Dictionary<string, string>());

        (await server.WaitForExitAsync()).ShouldBe(1);
        server.Errors.ShouldContain(folder);
        server.Errors.ShouldNotContain("   at ");
    }

    private static string Large => $$"""{"text":"{{new string('x', 64 * 1024)}}"}""";

    // Takes up what is left within files that have room already, and returns what was accepted meanwhile.
    private static async Task<List<string>> FillStoreAsync(Rig rig)
    {
        var accepted = new List<string>();
        for (var i = 0; i < 2_000; i++)
        {
            var reply = await rig.TryPublishAsync("order.created", i % 2 == 0 ? Large : "{}");
            reply.Status.ShouldBeOneOf(202, 503);
            if (reply.Status == 202)
                accepted.Add(reply.Id);
            else if (i % 2 == 1)
                return accepted;
        }
        throw new InvalidOperationException("The disk does not fill up.");
    }

    private static async Task<HashSet<string>> StoredAsync(Rig rig)
    {
        var ids = new HashSet<string>();
        for (var (iterator, done) = ("", false); !done;)
        {
            var page = (await rig.Client.GetJsonAsync($"{rig.App}/msg?limit=250&with_content=false{iterator}")).Json;
            ids.UnionWith(page.GetProperty("data").EnumerateArray().Select(message => message.GetProperty("id").GetString()!));
            (iterator, done) = ($"&iterator={page.GetProperty("iterator").GetString()}", page.GetProperty("done").GetBoolean());
        }
        return ids;
    }
}
