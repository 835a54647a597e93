using Grapnel.Storage.Sqlite;
using Grapnel.Storage.Tests.Conformance;

namespace Grapnel.Storage.Tests.Sqlite;

/// <summary>The embedded store in a folder of its own under the system's temporary folder, which goes when the tests end.</summary>
public sealed class SqliteUnderTest : StoreUnderTest
{
    // Migrating is tested once; the other tests begin with a copy of what it made.
    private static readonly Lazy<Task<string>> NewDatabase = new(async () =>
    {
        var folder = NewFolder();
        await (await SqliteStore.OpenAsync(Options(folder), TimeProvider.System)).DisposeAsync();
        return Path.Combine(folder, "grapnel.db");
    });

    private static readonly Lazy<string> Root = new(() =>
    {
        var root = Directory.CreateTempSubdirectory("grapnel-test-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(root, recursive: true);
        return root;
    });

    private readonly SqliteStoreOptions _options;

    private SqliteUnderTest(SqliteStoreOptions options, TestClock clock, SqliteStore store) : base(clock) => (_options, Store) = (options, store);

    public string Folder => _options.Data;

    public SqliteStore Store { get; private set; }

    public override IDeliveryStore Deliveries => Store.Deliveries;

    public override ICatalogStore Catalog => Store.Catalog;

    public override IHistoryStore History => Store.History;

    public override ISearchStore Search => Store.Search;

    public override IIdempotencyStore Idempotency => Store.Idempotency;

    public override IBackgroundTaskStore Tasks => Store.Tasks;

    public override IConsoleStore Console => Store.Console;
    public override IStatisticsStore Statistics => Store.Statistics;

    public override IAlertStore Alerts => Store.Alerts;

    public override IErasureStore Erasure => Store.Erasure;

    public override Task<List<(string Table, string Row)>> DumpAsync() => Store.Readers.RunAsync(session =>
    {
        List<string> Texts(string sql) => [.. SqliteHistoryStore.ReadAll(session.Prepare(sql), row => row.Text(0))];
        var rows = new List<(string, string)>();
        foreach (var table in Texts("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"))
        {
            var columns = Texts($"SELECT name FROM pragma_table_info('{table}')")
                .Select(column => $"'{column}=' || CASE typeof(\"{column}\") WHEN 'blob' THEN lower(hex(\"{column}\")) ELSE coalesce(\"{column}\", '') END");
            rows.AddRange(Texts($"SELECT {string.Join(" || ' ' || ", columns)} FROM \"{table}\"").Select(row => (table, row)));
        }
        return rows;
    }, default);

    // Power loss is no part of these tests, so they do not wait for the disk.
    public static SqliteStoreOptions Options(string folder, int runLength = IdempotencyIndex.RunLength) =>
        new() { Data = folder, Synchronous = SqliteSynchronous.Normal, IdempotencyRunLength = runLength };

    public static async Task<SqliteUnderTest> OpenAsync(TestClock clock, int runLength = IdempotencyIndex.RunLength)
    {
        var options = Options(NewFolder(), runLength);
        File.Copy(await NewDatabase.Value, Path.Combine(options.Data, "grapnel.db"));
        return new SqliteUnderTest(options, clock, await SqliteStore.OpenAsync(options, clock));
    }

    public static string NewFolder() => Directory.CreateDirectory(Path.Combine(Root.Value, Guid.NewGuid().ToString("N"))).FullName;

    public override async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = await SqliteStore.OpenAsync(_options, Clock);
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
