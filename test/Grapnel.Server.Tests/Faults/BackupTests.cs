using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults;

/// <summary>A database that was dumped under load, and restored.</summary>
[Collection(WaitingProcesses.Name)]
public sealed class BackupTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_dump_under_load_has_everything_acknowledged_before_it_and_a_node_on_it_delivers_what_was_pending_and_nothing_else()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var database = await OwnDatabase.CreateAsync(await PostgresServer.Shared);
        await using var rig = await Rig.StartAsync(settings: [.. ClusterRig.Quick, .. database.Settings]);
        await rig.CreateEventTypeAsync("ledger.tick");
        var quick = await rig.CreateEndpointAsync(receiver.Url("/quick"));
        var slow = await rig.CreateEndpointAsync(receiver.Url("/slow"), "\"throttleRate\":40");
        var ledger = new Ledger(rig, "ledger.tick");
        using var over = new CancellationTokenSource();
        var load = ledger.PublishAsync(Enumerable.Repeat(rig.Client, 4), TimeSpan.FromMilliseconds(10), over.Token);
        await receiver.WaitForAsync(200, "/quick");
        await receiver.WaitForAsync(20, "/slow");

        var owed = ledger.Published.Where(published => published.Outcome == PublishOutcome.Ok).Select(published => published.Id!).ToArray();
        var done = new Dictionary<string, HashSet<string>> { ["/quick"] = await DoneAsync(rig, quick), ["/slow"] = await DoneAsync(rig, slow) };
        await using var restored = await database.DumpAndRestoreAsync();
        await over.CancelAsync();
        await load;
        await rig.Server.KillAsync();
        var before = receiver.Arrivals.ToHashSet(ReferenceEqualityComparer.Instance);
        await using var again = await Rig.StartAsync(settings: [.. ClusterRig.Quick, .. restored.Settings]);
        await again.WaitUntilNothingIsPendingAsync();

        foreach (var endpoint in (string[])[quick, slow])
        {
            var successes = (await again.SuccessesAsync(endpoint)).Select(success => success.Message).ToList();
            successes.ShouldBeUnique();
            owed.Except(successes).ShouldBeEmpty();
        }
        var after = receiver.Arrivals.Where(arrival => !before.Contains(arrival)).ToArray();
        after.Where(arrival => done[arrival.Path].Contains(arrival.Id)).ShouldBeEmpty("it had been delivered before the dump began");
        after.Length.ShouldBeGreaterThan(0, "something was pending");
        output.WriteLine($"{owed.Length} of {ledger.Published.Count} acknowledged before the dump, {done.Sum(path => path.Value.Count)} delivered, {after.Length} sent after it was restored");
    }

    private static async Task<HashSet<string>> DoneAsync(Rig rig, string endpoint) =>
        [.. (await rig.SuccessesAsync(endpoint)).Select(success => success.Message)];
}
