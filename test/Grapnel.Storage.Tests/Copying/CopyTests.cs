using Grapnel.Storage.Copying;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Sqlite;
using Grapnel.Storage.Tests.Conformance;
using Grapnel.Storage.Tests.Postgres;
using Grapnel.Storage.Tests.Sqlite;
using Grapnel.Testing;

namespace Grapnel.Storage.Tests.Copying;

/// <summary>Copying an embedded store into PostgreSQL.</summary>
public sealed class CopyTests : IAsyncLifetime
{
    // Filled once; each test has a copy of the folder.
    private static readonly Lazy<Task<(string Folder, DateTimeOffset Now)>> Filled = new(async () =>
    {
        var clock = new TestClock(StoreConformance.Start);
        var folder = SqliteUnderTest.NewFolder();
        await using var store = await SqliteStore.OpenAsync(SqliteUnderTest.Options(folder, runLength: 20), clock);
        await new FilledStore(store, clock).FillAsync();
        return (folder, clock.GetUtcNow());
    });

    private PostgresServer _server = null!;
    private string _database = null!;
    private string _folder = null!;
    private TestClock _clock = null!;

    public async ValueTask InitializeAsync()
    {
        var filled = await Filled.Value;
        (_clock, _folder) = (new TestClock(filled.Now), SqliteUnderTest.NewFolder());
        File.Copy(Path.Combine(filled.Folder, "grapnel.db"), Path.Combine(_folder, "grapnel.db"));
        _server = await PostgresServer.Shared;
        _database = await _server.CreateDatabaseAsync();
    }

    public async ValueTask DisposeAsync() => await _server.DropDatabaseAsync(_database);

    [Fact]
    public async Task Everything_arrives_and_reads_as_it_did()
    {
        var tables = await CopyAsync();

        tables.ShouldAllBe(table => table.Matches);
        tables.Where(table => table.SourceRows == 0).ShouldBeEmpty("the test is to have rows in every table");
        tables.Single(table => table.Name == "attempt").Changed.ShouldBeGreaterThan(0);
        await ShouldReadTheSameAsync();
    }

    private async Task ShouldReadTheSameAsync()
    {
        var before = await ReadSourceAsync();
        await using var store = await OpenTargetAsync();
        var after = await StoreContents.ReadAsync(store, _clock.GetUtcNow());
        before.Count.ShouldBeGreaterThan(500);
        for (var i = 0; i < Math.Min(before.Count, after.Count); i++)
            after[i].ShouldBe(before[i].Replace("\\u0000", "\\uFFFD", StringComparison.Ordinal));
        after.Count.ShouldBe(before.Count);
    }

    private async Task<List<string>> ReadSourceAsync()
    {
        await using var store = await SqliteStore.OpenAsync(SqliteUnderTest.Options(_folder), _clock);
        return await StoreContents.ReadAsync(store, _clock.GetUtcNow());
    }

    private Task<IReadOnlyList<CopiedTable>> CopyAsync(Action<CopyStep>? told = null, CancellationToken cancel = default, int pageRows = 7) =>
        new StoreCopy(_clock) { PageRows = pageRows, Told = told ?? (_ => { }) }.RunAsync(_folder, Connection, cancel);

    private Task<PostgresStore> OpenTargetAsync() => PostgresStore.OpenAsync(PostgresUnderTest.Options(_server, _database), _clock);

    // No pool outlives its test.
    private string Connection => _server.ConnectionString(_database) + ";Pooling=false";
}
