using Grapnel.Storage.Sqlite;

namespace Grapnel.Storage.Tests.Sqlite;

/// <summary>A copy of a store that is written to meanwhile.</summary>
public sealed class BackupTests : SqliteTests
{
    private readonly string _target = Path.Combine(SqliteUnderTest.NewFolder(), "backup");

    [Fact]
    public async Task A_copy_is_of_one_moment_and_neither_holds_up_who_writes_nor_begins_anew()
    {
        var lane = Ids.Next<Endpoint>();
        await AcceptAsync(lane, 200, bytes: 10_000);
        var steps = 0;

        Backup(step =>
        {
            if (!step.Checks)
                AcceptAsync(lane, bytes: 10_000).Wait(TimeSpan.FromSeconds(4)).ShouldBeTrue("the writer waits for the copy");
            (++steps).ShouldBeLessThan(1_000, "it begins anew with every commit");
        }).Run(default);

        steps.ShouldBeInRange(10, 60);
        Directory.GetFileSystemEntries(Path.GetDirectoryName(_target)!).ShouldBe([_target]);
        Directory.GetFiles(_target).Select(Path.GetFileName).ShouldBe(["grapnel.db"]);
        await using var copy = await SqliteStore.OpenAsync(SqliteUnderTest.Options(_target), Clock);
        Count(copy).ShouldBe(200);
        Count(Store).ShouldBe(200 + steps - 2);
    }

    [Fact]
    public async Task What_else_is_in_the_folder_comes_along_and_the_lock_does_not()
    {
        await AcceptAsync(Ids.Next<Endpoint>());
        Directory.CreateDirectory(Path.Combine(Under.Folder, "keys"));
        await File.WriteAllTextAsync(Path.Combine(Under.Folder, "first-api-key"), "a key");
        await File.WriteAllTextAsync(Path.Combine(Under.Folder, "keys", "one.xml"), "<key/>");
        Directory.CreateDirectory(_target);

        Backup().Run(default);

        Directory.GetFiles(_target, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(_target, file)).Order(StringComparer.Ordinal)
            .ShouldBe(["first-api-key", "grapnel.db", Path.Combine("keys", "one.xml")]);
    }

    [Fact]
    public async Task A_copy_ends_without_a_trace_when_the_log_grows_too_much_or_somebody_stops_it()
    {
        var lane = Ids.Next<Endpoint>();
        await AcceptAsync(lane, 200, bytes: 10_000);
        using var stop = new CancellationTokenSource();

        var tooMuch = new SqliteBackup(Under.Folder, _target)
        {
            PagesPerStep = 16, MostLogBytes = 1 << 20, Told = _ => AcceptAsync(lane, bytes: 200_000).Wait(),
        };
        Should.Throw<StoreOpenException>(() => tooMuch.Run(default)).Message.ShouldContain("grew by more than 1 MiB");
        Should.Throw<OperationCanceledException>(() => Backup(_ => stop.Cancel()).Run(stop.Token));

        Directory.GetFileSystemEntries(Path.GetDirectoryName(_target)!).ShouldBeEmpty();
        Count(Store).ShouldBeGreaterThan(200);
    }

    [Fact]
    public async Task A_damaged_database_makes_no_backup()
    {
        await AcceptAsync(Ids.Next<Endpoint>(), 200, bytes: 10_000);
        await Store.DisposeAsync();
        using (var file = File.OpenWrite(Path.Combine(Under.Folder, "grapnel.db")))
        {
            file.Position = file.Length / 2 / 4096 * 4096;
            file.Write(new byte[4096 * 20]);
        }

        Should.Throw<StoreOpenException>(() => Backup().Run(default)).Message.ShouldContain("damaged");
        Directory.Exists(_target).ShouldBeFalse();
    }

    private SqliteBackup Backup(Action<BackupProgress>? told = null) => new(Under.Folder, _target) { PagesPerStep = 16, Told = told ?? (_ => { }) };

    private static long Count(SqliteStore store) => store.Readers.RunAsync(session => session.Prepare("SELECT count(*) FROM message").RunInt64(), default).Result;
}
