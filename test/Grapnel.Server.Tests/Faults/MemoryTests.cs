using System.Net.Sockets;
using System.Text;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Faults;

/// <summary>What comes in is bounded, and what waits does not wait in memory.</summary>
[Collection(RealProcesses.Name)]
public sealed class MemoryTests(ITestOutputHelper output)
{
    private const int MaxPayload = 1 << 20;

    [Fact]
    public async Task Fifty_thousand_pending_deliveries_of_dead_endpoints_wait_in_the_store_and_not_in_memory()
    {
        // 160 MB of payloads, of which the process could hold none, or all of them several times over.
        const int endpoints = 5, messages = 10_000, bytes = 16 * 1024;
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = (_, _) => Task.FromResult(500);
        await using var rig = await Rig.StartAsync();
        for (var i = 0; i < endpoints; i++)
            await rig.CreateEndpointAsync(receiver.Url($"/{i}"), "\"retrySchedule\":[600]");
        await rig.PublishManyAsync("order.created", 500, JsonOf(bytes));
        var before = rig.Server.ResidentMiB;

        await rig.PublishManyAsync("order.created", messages - 500, JsonOf(bytes));

        var after = rig.Server.ResidentMiB;
        output.WriteLine($"{before} MiB, then {after} MiB with {endpoints * messages} pending");
        receiver.Arrivals.Count.ShouldBeLessThan(1_000);
        (after - before).ShouldBeLessThan(100);
    }

    [Fact]
    public async Task A_payload_at_the_limit_is_accepted_and_one_byte_more_is_refused_however_it_is_sent()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var rig = await Rig.StartAsync();
        await rig.CreateEventTypeAsync("order.created");
        var endpoint = await rig.CreateEndpointAsync(receiver.Url());

        foreach (var chunked in (bool[])[false, true])
        {
            var exact = await TriggerAsync(rig, MaxPayload, chunked);
            exact.Status.ShouldBe(202);
            await rig.WaitForAsync(exact.Id, endpoint, "delivered/delivered");
            receiver.Arrivals.Last().Body.Length.ShouldBe(MaxPayload);
            (await TriggerAsync(rig, MaxPayload + 1, chunked)).Status.ShouldBe(413);
            (await rig.TryPublishAsync("order.created", JsonOf(MaxPayload))).Status.ShouldBe(202);
            (await rig.TryPublishAsync("order.created", JsonOf(MaxPayload + 1))).Status.ShouldBe(413);
        }

        var before = rig.Server.ResidentMiB;
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            SendChunkedAsync(rig, i % 2 == 0 ? "/trigger/order.created" : $"{rig.App}/msg", megabytes: 25)));
        answers.ShouldAllBe(answer => answer.StartsWith("HTTP/1.1 413", StringComparison.Ordinal));
        output.WriteLine($"{before} MiB, then {rig.Server.ResidentMiB} MiB");
        (rig.Server.ResidentMiB - before).ShouldBeLessThan(100);
        (await rig.StopAsync()).ShouldBe(0);
        rig.Server.Output.ShouldNotContain("fail:", customMessage: "a client that sends too much is no failure of the server");
    }

    private static Task<Reply> TriggerAsync(Rig rig, int bytes, bool chunked) =>
        rig.Client.SendAsync(HttpMethod.Post, "/trigger/order.created", Encoding.UTF8.GetBytes(JsonOf(bytes)), chunked: chunked);

    private static string JsonOf(int bytes) => $$"""{"x":"{{new string('x', bytes - 8)}}"}""";

    /// <summary>Sends a body until the server has had enough of it, and returns the beginning of its answer.</summary>
    private static async Task<string> SendChunkedAsync(Rig rig, string path, int megabytes)
    {
        var server = rig.Client.BaseAddress!;
        using var connection = new TcpClient();
        await connection.ConnectAsync(server.Host, server.Port);
        var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: {server.Authority}\r\nAuthorization: Bearer {ServerProcess.Key}\r\n"
            + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"));
        var buffer = new byte[256];
        var answer = stream.ReadAsync(buffer).AsTask();
        var chunk = Encoding.ASCII.GetBytes($"10000\r\n{new string('x', 0x10000)}\r\n");
        try
        {
            for (var i = 0; i < megabytes * 16 && !answer.IsCompleted; i++)
                await stream.WriteAsync(chunk);
        }
        catch (IOException)
        {
            // It hung up, after its answer.
        }
        return Encoding.ASCII.GetString(buffer, 0, await answer.WaitAsync(Eventually.Limit));
    }
}
