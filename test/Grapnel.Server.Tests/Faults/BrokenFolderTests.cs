using System.Security.Cryptography;
using Grapnel.Server.Tests.Faults.Harness;

namespace Grapnel.Server.Tests.Faults;

/// <summary>A start on files that cannot be used as they are: a clear error, and never a new, empty store in their place.</summary>
public sealed class BrokenFolderTests(BrokenFolderTests.CrashedFolder crashed) : IClassFixture<BrokenFolderTests.CrashedFolder>
{
    [Theory]
    [InlineData("grapnel.db-wal", "grapnel.db-wal is missing")]
    [InlineData("grapnel.db", "grapnel.db is missing")]
    public Task A_crashed_store_without_its_log_or_its_database_is_not_opened(string file, string complaint) =>
        RefusesAsync(folder => File.Delete(Path.Combine(folder, file)), complaint);

    [Fact]
    public Task A_database_that_is_none_is_not_opened_and_not_replaced() => RefusesAsync(folder =>
    {
        File.Delete(Path.Combine(folder, "grapnel.db-wal"));
        File.Delete(Path.Combine(folder, "grapnel.lock.json"));
        Overwrite(Path.Combine(folder, "grapnel.db"), 0, "This is no database, it is something that somebody else left here."u8);
    }, "damaged");

    [Fact]
    public Task An_empty_database_is_not_taken_for_a_new_one() => RefusesAsync(folder =>
    {
        File.Delete(Path.Combine(folder, "grapnel.db-wal"));
        using (var file = new FileStream(Path.Combine(folder, "grapnel.db"), FileMode.Open))
            file.SetLength(0);
    }, "empty");

    [Fact]
    public Task A_folder_in_the_place_of_the_database_is_told_in_so_many_words() => RefusesAsync(folder =>
    {
        File.Delete(Path.Combine(folder, "grapnel.db"));
        Directory.CreateDirectory(Path.Combine(folder, "grapnel.db"));
    }, "is a folder");

    [Fact]
    public Task A_file_in_the_place_of_the_data_folder_is_left_alone() => RefusesAsync(_ => { }, "cannot be made", data: "grapnel.db");

    [Fact]
    public async Task The_same_folder_unharmed_is_opened_with_everything_that_was_accepted()
    {
        using var folder = crashed.Copy();
        await using var rig = await Rig.StartAsync(folder.Path);

        var page = await rig.Client.GetStringAsync($"{rig.App}/msg");

        page.ShouldContain(crashed.Message);
    }

    private async Task RefusesAsync(Action<string> harm, string complaint, string data = "")
    {
        using var folder = crashed.Copy();
        harm(folder.Path);
        var before = Describe(folder.Path);

        await using var server = ServerProcess.Launch(Path.Combine(folder.Path, data), new Dictionary<string, string>());

        (await server.WaitForExitAsync()).ShouldBe(1);
        server.Errors.ShouldContain(complaint);
        server.Errors.Trim().ShouldNotContain("\n   at ");
        Describe(folder.Path).ShouldBe(before);
    }

    private static void Overwrite(string file, long position, ReadOnlySpan<byte> bytes)
    {
        using var stream = new FileStream(file, FileMode.Open) { Position = position };
        stream.Write(bytes);
    }

    // Locks and shared memory are no data: they may come and go.
    private static string[] Describe(string folder) =>
    [
        .. Directory.GetFileSystemEntries(folder)
            .Where(path => !path.EndsWith("-shm", StringComparison.Ordinal) && !path.EndsWith(".lock", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(path => $"{Path.GetFileName(path)} {(File.Exists(path) ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))) : "")}"),
    ];

    /// <summary>What a server leaves behind that accepted a message and was killed.</summary>
    public sealed class CrashedFolder : IAsyncLifetime
    {
        private readonly Commands.TemporaryFolder _folder = new();

        /// <summary>The message that was accepted.</summary>
        public string Message { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            await using var rig = await Rig.StartAsync(_folder.Path);
            Message = await rig.PublishAsync("order.created");
            await rig.Server.KillAsync();
        }

        internal Commands.TemporaryFolder Copy()
        {
            var copy = new Commands.TemporaryFolder();
            foreach (var file in Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories))
            {
                var target = Path.Combine(copy.Path, Path.GetRelativePath(_folder.Path, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
            return copy;
        }

        public ValueTask DisposeAsync()
        {
            _folder.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
