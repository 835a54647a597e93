using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults;

/// <summary>Where requests may go, and where they must not, however they are lured.</summary>
[Collection(RealProcesses.Name)]
public sealed class TargetTests(SharedRig shared)
{
    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_one_request_and_a_failure_and_its_target_is_never_visited(int status)
    {
        var rig = await shared.NewApplicationAsync();
        await using var canary = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using var receiver = new ScriptedReceiver(Scripts.Status(status, $"Location: {canary.Url}\r\n"));
        var endpoint = await rig.CreateEndpointAsync(receiver.Url, "\"retrySchedule\":[]");

        var message = await rig.PublishAsync("order.created");

        await rig.WaitForAsync(message, endpoint, "exhausted/exhausted");
        receiver.Requests.Count.ShouldBe(1);
        canary.ConnectionCount.ShouldBe(0);
        var attempts = (await rig.Client.GetJsonAsync($"{rig.App}/attempt/msg/{message}"))["data"].EnumerateArray().ToArray();
        attempts.ShouldHaveSingleItem().GetProperty("outcome").GetString().ShouldBe("redirect");
        attempts[0].GetProperty("responseStatusCode").GetInt32().ShouldBe(status);
    }

    [Fact]
    public async Task Without_permission_an_endpoint_on_loopback_is_refused_at_registration_in_every_spelling()
    {
        var folder = Directory.CreateTempSubdirectory("grapnel-fault-").FullName;
        await using (var server = ServerProcess.Launch(folder, new Dictionary<string, string>()))
        {
            await server.WaitUntilReadyAsync();
            foreach (var host in (string[])["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "127.0.0.1.", "0.0.0.0"])
            {
                var reply = await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", $$"""{"url":"http://{{host}}:9/hook"}""");
                reply.Status.ShouldBe(422, host);
                reply.Faults.ShouldBe(["url"], host);
            }
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task An_endpoint_whose_permission_was_taken_away_gets_no_connection_any_more()
    {
        await using var canary = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using var rig = await Rig.StartAsync();
        var endpoint = await rig.CreateEndpointAsync(canary.Url, "\"retrySchedule\":[]");
        await rig.StopAsync();

        await using var strict = ServerProcess.Launch(rig.Folder, new Dictionary<string, string>());
        await strict.WaitUntilReadyAsync();
        var message = (await strict.Client.PostJsonAsync($"{rig.App}/msg", """{"eventType":"order.created","payload":{}}""")).Id;

        await Eventually.IsTrueAsync("the delivery fails", async () =>
            (await strict.Client.GetJsonAsync($"{rig.App}/msg/{message}/endpoint/{endpoint}/why"))["state"].GetString() == "exhausted");
        canary.ConnectionCount.ShouldBe(0);
        var attempts = (await strict.Client.GetJsonAsync($"{rig.App}/attempt/msg/{message}"))["data"].EnumerateArray().ToArray();
        attempts.ShouldHaveSingleItem().GetProperty("outcome").GetString().ShouldBe("blocked");
    }
}
