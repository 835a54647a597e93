using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults;

/// <summary>The database stops under load, or stands still.</summary>
[Collection(WaitingProcesses.Name)]
public sealed class PostgresFaultTests(ITestOutputHelper output)
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("GRAPNEL_SOAK") is "1";
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(10);

    [Theory]
    [InlineData("fast")]
    [InlineData("immediate")]
    public async Task While_the_database_is_away_publishing_is_refused_at_once_and_what_was_acknowledged_is_delivered_once_it_is_back(string mode)
    {
        await using var database = await PostgresServer.StartAsync();
        await using var receiver = await Receiver.StartAsync();
        await using var cluster = await ClusterRig.StartAsync(2, [], database);
        await cluster[0].CreateEventTypeAsync("ledger.tick");
        var endpoints = new Dictionary<string, string> { ["/a"] = await cluster[0].CreateEndpointAsync(receiver.Url("/a")) };
        var ledger = new Ledger(cluster[0], "ledger.tick");
        using var over = new CancellationTokenSource();
        var load = ledger.PublishAsync(cluster.Nodes.SelectMany(node => Enumerable.Repeat(node.Client, 4)), Pace, over.Token);
        await receiver.WaitForAsync(200);

        var away = TimeProvider.System.GetTimestamp();
        await database.StopAsync(mode);
        var longest = TimeSpan.Zero;
        for (var i = 0; i < 10; i++)
            foreach (var node in cluster.Nodes)
            {
                var asked = TimeProvider.System.GetTimestamp();
                (await node.TryPublishAsync("ledger.tick")).Status.ShouldBe(503);
                longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, TimeProvider.System.GetElapsedTime(asked).Ticks));
            }
        await database.StartAgainAsync();
        var back = TimeProvider.System.GetTimestamp();
        foreach (var node in cluster.Nodes)
            await Eventually.IsTrueAsync("publishing works", async () => (await node.TryPublishAsync("other.event")).Status == 202);
        var works = TimeProvider.System.GetElapsedTime(back);
        await over.CancelAsync();
        await load;

        await cluster[0].WaitUntilNothingIsPendingAsync();
        var check = new LedgerCheck(ledger, receiver, endpoints);
        await check.WaitUntilDeliveredAsync();
        await check.EveryDeliveryHasOneSuccessOnRecordAsync(cluster[0]);
        output.WriteLine($"{ledger.Published.Count} published; refused within {longest.TotalMilliseconds:F0} ms; works again after {works.TotalMilliseconds:F0} ms; "
            + $"{check.RepeatsBecauseOf(away)} repeats");
        longest.ShouldBeLessThan(TimeSpan.FromSeconds(2));
        works.ShouldBeLessThan(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task While_the_database_stands_still_calls_end_and_memory_stays_and_afterwards_everything_is_delivered()
    {
        await using var database = await PostgresServer.StartAsync();
        await using var receiver = await Receiver.StartAsync();
        await using var cluster = await ClusterRig.StartAsync(2, [], database);
        await cluster[0].CreateEventTypeAsync("ledger.tick");
        var endpoints = new Dictionary<string, string> { ["/a"] = await cluster[0].CreateEndpointAsync(receiver.Url("/a")) };
        var ledger = new Ledger(cluster[0], "ledger.tick");
        using var over = new CancellationTokenSource();
        var load = ledger.PublishAsync(cluster.Nodes.SelectMany(node => Enumerable.Repeat(node.Client, 16)), Pace, over.Token);
        await receiver.WaitForAsync(500);
        var before = cluster.Nodes.Select(node => node.Server.ResidentMiB).ToArray();

        var frozen = TimeProvider.System.GetTimestamp();
        var processes = ProcessesOf(database.ProcessId);
        await Signal.SendAsync("STOP", processes);
        var calls = Task.WhenAll(cluster.Nodes.SelectMany(node => new[] { TimeAsync(() => node.TryPublishAsync("ledger.tick")), TimeAsync(() => node.Client.GetAsync($"{node.App}/msg")) }));
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(Soak ? 60 : 10), TimeProvider.System);
        }
        finally
        {
            await Signal.SendAsync("CONT", processes);
        }
        var took = await calls;
        await over.CancelAsync();
        await load;

        await cluster[0].WaitUntilNothingIsPendingAsync();
        var check = new LedgerCheck(ledger, receiver, endpoints);
        await check.WaitUntilDeliveredAsync();
        await check.EveryDeliveryHasOneSuccessOnRecordAsync(cluster[0]);
        var growth = cluster.Nodes.Select((node, i) => node.Server.ResidentMiB - before[i]).Max();
        output.WriteLine($"{ledger.Published.Count} published; calls took at most {took.Max().TotalSeconds:F1} s; {growth} MiB more; {check.RepeatsBecauseOf(frozen)} repeats");
        took.Max().ShouldBeLessThan(TimeSpan.FromSeconds(20));
        growth.ShouldBeLessThan(200);
    }

    private static async Task<TimeSpan> TimeAsync(Func<Task> call)
    {
        var start = TimeProvider.System.GetTimestamp();
        await call();
        return TimeProvider.System.GetElapsedTime(start);
    }

    // The server has one process for itself and one for each session and each chore.
    private static List<int> ProcessesOf(int server) => [server, .. Directory.GetDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), out var id) ? id : 0).Where(id => id > 0 && ParentOf(id) == server)];

    private static int ParentOf(int process)
    {
        try
        {
            return int.Parse(File.ReadAllText($"/proc/{process}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], null);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
