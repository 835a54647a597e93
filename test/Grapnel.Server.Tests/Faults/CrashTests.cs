using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Faults;

/// <summary>The process dies by SIGKILL, at moments nobody chose or at the worst ones.</summary>
[Collection(RealProcesses.Name)]
public sealed class CrashTests(ITestOutputHelper output)
{
    /// <summary>Attempts in flight at once, in total: the default of <c>Delivery:MaxConcurrency</c>.</summary>
    private const int MaxConcurrency = 1024;

    /// <summary>Set GRAPNEL_SOAK=1 for fifty kills of fifty servers, each within a minute of load. Takes about one hour for each back-end.</summary>
    private static readonly bool Soak = Environment.GetEnvironmentVariable("GRAPNEL_SOAK") is "1";

    [Theory]
    [InlineData(BackEnd.Sqlite, 4)]
    [InlineData(BackEnd.Postgres, 1)]
    [InlineData(BackEnd.SqliteRedis, 1)]
    [InlineData(BackEnd.PostgresRedis, 1)]
    public async Task What_was_acknowledged_survives_kills_at_random_moments_and_arrives_signed_with_its_bytes_and_its_id(BackEnd backEnd, int kills)
    {
        for (var cycle = 0; cycle < (Soak ? 50 : 1); cycle++)
            await KillAndCheckAsync(backEnd, kills: Soak ? 1 : kills, longestLoad: TimeSpan.FromSeconds(Soak ? 60 : 0.9));
    }

    private async Task KillAndCheckAsync(BackEnd backEnd, int kills, TimeSpan longestLoad)
    {
        var random = new Random();
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = Receiver.FailOneInTwentyOnce();
        await using var rig = await Rig.StartOnAsync(
            backEnd, [
                .. Soak ? [] : ClusterRig.Quick, ("GRAPNEL_DELIVERY__RETRY_SCHEDULE", "200ms,400ms,1s"), ("GRAPNEL_DELIVERY__BREAKER_THRESHOLD", "1000"),
                ("GRAPNEL_DELIVERY__TIMEOUT", "60s")]);
        await rig.CreateEventTypeAsync("ledger.tick");
        var endpoints = new Dictionary<string, string>();
        foreach (var path in (string[])["/a", "/b", "/c"])
            endpoints[path] = await rig.CreateEndpointAsync(receiver.Url(path));
        var ledger = new Ledger(rig, "ledger.tick");
        var check = new LedgerCheck(ledger, receiver, endpoints);

        for (var i = 0; i < kills; i++)
        {
            await ledger.PublishUntilKilledAsync(producers: 4, TimeSpan.FromMilliseconds(200) + random.NextDouble() * longestLoad);
            await RestartAndDeliverAsync(ledger, receiver);
        }

        await check.WaitUntilDeliveredAsync();
        await check.NothingAcknowledgedIsAbsentAsync(rig);
        check.NothingArrivesThatWasNotPublished();
        check.EveryMessageHasOneId();
        await check.EverySignatureVerifiesAsync(await SecretsAsync(rig, endpoints));
        var repeats = check.RepeatsByKill();
        repeats.ShouldAllBe(count => count <= MaxConcurrency);
        output.WriteLine($"{ledger.Published.Count} published, {receiver.Arrivals.Count} arrivals, repeats by kill: {string.Join(' ', repeats)}");
    }

    [Theory]
    [InlineData(BackEnd.Sqlite, false)]
    [InlineData(BackEnd.Sqlite, true)]
    [InlineData(BackEnd.Postgres, false)]
    [InlineData(BackEnd.PostgresRedis, false)]
    public async Task A_publish_whose_answer_was_lost_is_repeated_with_its_key_and_is_still_one_message(BackEnd backEnd, bool receiverAnswered)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var rig = await Rig.StartOnAsync(backEnd, ClusterRig.Quick);
        var endpoint = await rig.CreateEndpointAsync(receiver.Url());
        // The webhook is proof that the message is committed; nobody has read the answer to the publish by then.
        var server = rig.Server;
        receiver.Answer = async (_, gone) =>
        {
            if (receiverAnswered)
                return 200;
            server.Kill();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, gone);
            return 0;
        };
        using (var lost = await LostPublish.SendAsync(rig, "order.created", """{"n":1}""", "key-1"))
        {
            await receiver.WaitForAsync(1);
            await server.KillAsync();
        }
        receiver.Answer = (_, _) => Task.FromResult(200);
        await rig.StartAsync();

        var first = await rig.PublishAsync("order.created", """{"n":1}""", "key-1");
        var second = await rig.PublishAsync("order.created", """{"n":1}""", "key-1");
        var marker = await rig.PublishAsync("order.created", """{"n":2}""", "key-2");

        await rig.WaitForAsync(first, endpoint, "delivered/delivered");
        await rig.WaitForAsync(marker, endpoint, "delivered/delivered");
        second.ShouldBe(first);
        receiver.Arrivals.Select(a => a.Id).Distinct().ShouldBe([first, marker], ignoreOrder: true);
        (await rig.Client.GetJsonAsync($"{rig.App}/msg")).Json.GetProperty("data").GetArrayLength().ShouldBe(2);
    }

    [Theory]
    [InlineData(BackEnd.Sqlite, 0, 2)]
    [InlineData(BackEnd.Sqlite, 1, 0)]
    [InlineData(BackEnd.Postgres, 1, 0)]
    [InlineData(BackEnd.PostgresRedis, 1, 0)]
    public async Task A_fan_out_to_a_hundred_endpoints_is_whole_or_absent_after_a_kill_and_a_repeat_completes_it(BackEnd backEnd, int arrivalsBeforeKill, int delayMs)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var rig = await Rig.StartOnAsync(backEnd, ClusterRig.Quick);
        var endpoints = new List<string>();
        for (var i = 0; i < 100; i++)
            endpoints.Add(await rig.CreateEndpointAsync(receiver.Url($"/{i}")));
        using (var lost = await LostPublish.SendAsync(rig, "order.created", "{}", "key-1"))
        {
            await receiver.WaitForAsync(arrivalsBeforeKill);
            await Task.Delay(TimeSpan.FromMilliseconds(delayMs), TimeProvider.System);
            await rig.Server.KillAsync();
        }
        await rig.StartAsync();

        var found = (await rig.Client.GetJsonAsync($"{rig.App}/msg")).Json.GetProperty("data").EnumerateArray().ToArray();
        if (arrivalsBeforeKill > 0)
            found.Length.ShouldBe(1);
        foreach (var stored in found)
            foreach (var endpoint in endpoints)
                (await rig.WhyAsync(stored.GetProperty("id").GetString()!, endpoint)).ShouldBeOneOf("pending/queued", "delivered/delivered");

        var id = await rig.PublishAsync("order.created", "{}", "key-1");
        foreach (var endpoint in endpoints)
            await rig.WaitForAsync(id, endpoint, "delivered/delivered");
        receiver.Arrivals.DistinctBy(a => a.Path).Count().ShouldBe(100);
        receiver.Arrivals.ShouldAllBe(a => a.Id == id);
        output.WriteLine($"Killed {(found.Length > 0 ? "after" : "before")} the commit");
    }

    private async Task RestartAndDeliverAsync(Ledger ledger, Receiver receiver)
    {
        var start = TimeProvider.System.GetTimestamp();
        await ledger.RestartAsync();
        var before = receiver.Arrivals.Count;
        await ledger.PublishOneAsync();
        await receiver.WaitForAsync(before + 1);
        var elapsed = TimeProvider.System.GetElapsedTime(start);
        output.WriteLine($"Delivering again {elapsed.TotalMilliseconds:F0} ms after the start");
        elapsed.ShouldBeLessThan(Soak ? TimeSpan.FromSeconds(5) : TimeSpan.FromSeconds(20));
    }

    // Retries must survive kills, too.
    private static async Task<Dictionary<string, string>> SecretsAsync(Rig rig, Dictionary<string, string> endpoints)
    {
        var secrets = new Dictionary<string, string>();
        foreach (var (path, endpoint) in endpoints)
            secrets[path] = await rig.SecretAsync(endpoint);
        return secrets;
    }
}
