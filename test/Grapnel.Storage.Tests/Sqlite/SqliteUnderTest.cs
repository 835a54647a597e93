using Grapnel.Storage.Sqlite;
using Grapnel.Storage.Tests.Conformance;

namespace Grapnel.Storage.Tests.Sqlite;

/// <summary>The embedded store in a folder of its own under the system's temporary folder.</summary>
public sealed class SqliteUnderTest : StoreUnderTest
{
    // Migrating is tested once; the other tests begin with a copy of what it made.
    private static readonly Lazy<Task<string>> NewDatabase = new(async () =>
    {
        var folder = NewFolder();
        await using (await SqliteStore.OpenAsync(Options(folder), TimeProvider.System))
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return Path.Combine(folder, "grapnel.db");
    });

    private SqliteUnderTest(string folder, TestClock clock, SqliteStore store) : base(clock) => (Folder, Store) = (folder, store);

    public string Folder { get; }

    public SqliteStore Store { get; private set; }

    public override IDeliveryStore Deliveries => Store.Deliveries;

    public override ICatalogStore Catalog => Store.Catalog;

    public override IHistoryStore History => Store.History;

    // Power loss is no part of these tests, so they do not wait for the disk.
    public static SqliteStoreOptions Options(string folder) => new() { Data = folder, Synchronous = SqliteSynchronous.Normal };

    public static async Task<SqliteUnderTest> OpenAsync(TestClock clock)
    {
        var folder = NewFolder();
        File.Copy(await NewDatabase.Value, Path.Combine(folder, "grapnel.db"));
        return new SqliteUnderTest(folder, clock, await SqliteStore.OpenAsync(Options(folder), clock));
    }

    public static string NewFolder() => Directory.CreateTempSubdirectory("grapnel-test-").FullName;

    public override async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = await SqliteStore.OpenAsync(Options(Folder), Clock);
    }

    public override async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>The conformance suite on SQLite.</summary>
public sealed class SqliteConformance : StoreConformance
{
    protected override async Task<StoreUnderTest> OpenAsync(TestClock clock) => await SqliteUnderTest.OpenAsync(clock);
}
