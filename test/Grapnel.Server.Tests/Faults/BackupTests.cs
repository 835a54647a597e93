using Grapnel.Server.Tests.Commands;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults;

/// <summary><c>grapnel backup</c> of a server under load, and what a server does that goes on from it.</summary>
public sealed class BackupTests(ITestOutputHelper output)
{
    [Theory, InlineData(BackEnd.Sqlite), InlineData(BackEnd.Postgres)]
    public async Task A_backup_under_load_has_everything_acknowledged_before_it_and_a_server_on_it_delivers_what_was_pending_and_nothing_else(BackEnd backEnd)
    {
        using var folder = new TemporaryFolder();
        await using var receiver = await Receiver.StartAsync();
        await using var database = backEnd == BackEnd.Postgres ? await OwnDatabase.CreateAsync(await PostgresServer.Shared) : null;
        await using var rig = await Rig.StartAsync(settings: [.. ClusterRig.Quick, .. database?.Settings ?? []]);
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
        var backup = Path.Combine(folder.Path, "backup");
        await BackUpAsync(rig, database, backup);
        await over.CancelAsync();
        await load;
        await rig.Server.KillAsync();
        var before = receiver.Arrivals.ToHashSet(ReferenceEqualityComparer.Instance);
        await using var restored = database is null ? null : await OwnDatabase.RestoreAsync(await PostgresServer.Shared, backup);
        await using var again = await Rig.StartAsync(database is null ? backup : null, [.. ClusterRig.Quick, .. restored?.Settings ?? []]);
        await again.WaitUntilNothingIsPendingAsync();

        foreach (var endpoint in (string[])[quick, slow])
        {
            var successes = (await again.SuccessesAsync(endpoint)).Select(success => success.Message).ToList();
            successes.ShouldBeUnique();
            owed.Except(successes).ShouldBeEmpty();
        }
        var after = receiver.Arrivals.Where(arrival => !before.Contains(arrival)).ToArray();
        after.Where(arrival => done[arrival.Path].Contains(arrival.Id)).ShouldBeEmpty("it had been delivered before the backup began");
        after.Length.ShouldBeGreaterThan(0, "something was pending");
        output.WriteLine($"{owed.Length} of {ledger.Published.Count} acknowledged before the backup, {done.Sum(path => path.Value.Count)} delivered, {after.Length} sent after it was restored");
    }

    [Theory]
    [InlineData(BackEnd.Sqlite, false)]
    [InlineData(BackEnd.Sqlite, true)]
    [InlineData(BackEnd.Postgres, false)]
    [InlineData(BackEnd.Postgres, true)]
    public async Task A_backup_is_for_its_owner_only_and_says_when_the_key_ring_is_not_in_it(BackEnd backEnd, bool isElsewhere)
    {
        using var folder = new TemporaryFolder();
        var backup = Path.Combine(folder.Path, "backup");
        await using var database = backEnd == BackEnd.Postgres ? await OwnDatabase.CreateAsync(await PostgresServer.Shared) : null;
        (string, string)[] ring = isElsewhere ? [("GRAPNEL_SECRETS__KEYRING", Path.Combine(folder.Path, "ring"))] : [];
        await using var rig = await Rig.StartAsync(settings: [.. database?.Settings ?? [], .. ring]);

        var told = await BackUpAsync(rig, database, backup);

        told.Contains("The key ring is not in it").ShouldBe(isElsewhere, told);
        if (!OperatingSystem.IsWindows())
            (File.GetUnixFileMode(backup) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)).ShouldBe(UnixFileMode.None);
    }

    [Fact]
    public async Task Nothing_is_overwritten_and_what_cannot_be_made_is_told_in_a_sentence()
    {
        using var folder = new TemporaryFolder();
        var (data, taken) = (Path.Combine(folder.Path, "data"), Path.Combine(folder.Path, "taken"));
        await using (var rig = await Rig.StartAsync(data))
            (await rig.StopAsync()).ShouldBe(0);
        Directory.CreateDirectory(taken);
        await File.WriteAllTextAsync(Path.Combine(taken, "mine"), "mine");

        await RefusedAsync("is there already", "--data", data, "--to", taken);
        await RefusedAsync("is within the data folder", "--data", data, "--to", Path.Combine(data, "backup"));
        await RefusedAsync("There is no store of Grapnel", "--data", taken, "--to", Path.Combine(folder.Path, "new"));
        await RefusedAsync("is there already", "--store", "postgres:Host=127.0.0.1;Port=1", "--to", Path.Combine(taken, "mine"));
        await RefusedAsync("pg_dump ended with 1", "--store", "postgres:Host=127.0.0.1;Port=1;Password=never-to-be-printed", "--to", Path.Combine(folder.Path, "new"));
        Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).Order().ShouldBe(["data", "taken"]);

        async Task RefusedAsync(string why, params string[] arguments)
        {
            var (exitCode, text, errors) = await GrapnelProcess.RunAsync(folder.Path, ["backup", .. arguments]);
            exitCode.ShouldBe(1);
            errors.ShouldContain(why);
            (text + errors).ShouldNotContain("never-to-be-printed");
        }
    }

    private async Task<string> BackUpAsync(Rig rig, OwnDatabase? database, string to)
    {
        await using var process = new GrapnelProcess(
            Path.GetTempPath(), database is null ? ["backup", "--data", rig.Folder, "--to", to] : ["backup", "--to", to], database?.Settings ?? []);
        (await process.WaitForExitAsync()).ShouldBe(0, await process.Errors);
        output.WriteLine(process.Output);
        return process.Output;
    }

    private static async Task<HashSet<string>> DoneAsync(Rig rig, string endpoint) =>
        [.. (await rig.SuccessesAsync(endpoint)).Select(success => success.Message)];
}
