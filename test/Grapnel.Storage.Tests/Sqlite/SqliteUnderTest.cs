using Grapnel.Storage.Sqlite;
using Grapnel.Storage.Tests.Conformance;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Storage.Tests.Sqlite;

/// <summary>The embedded store in a folder of its own under the system's temporary folder.</summary>
public sealed class SqliteUnderTest : StoreUnderTest
{
    private SqliteUnderTest(string folder, FakeTimeProvider clock, SqliteStore store) : base(clock) => (Folder, Store) = (folder, store);

    public string Folder { get; }

    public SqliteStore Store { get; private set; }

    public override IDeliveryStore Deliveries => Store.Deliveries;

    public override ICatalogStore Catalog => Store.Catalog;

    public override IHistoryStore History => Store.History;

    // Power loss is no part of these tests, so they do not wait for the disk.
    public static SqliteStoreOptions Options(string folder) => new() { Data = folder, Synchronous = SqliteSynchronous.Normal };

    public static async Task<SqliteUnderTest> OpenAsync(FakeTimeProvider clock)
    {
        var folder = Directory.CreateTempSubdirectory("grapnel-test-").FullName;
        return new SqliteUnderTest(folder, clock, await SqliteStore.OpenAsync(Options(folder), clock));
    }

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
    protected override async Task<StoreUnderTest> OpenAsync(FakeTimeProvider clock) => await SqliteUnderTest.OpenAsync(clock);
}
