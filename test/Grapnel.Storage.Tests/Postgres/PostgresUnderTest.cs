using Grapnel.Storage.Postgres;
using Grapnel.Storage.Tests.Conformance;
using Grapnel.Testing;

namespace Grapnel.Storage.Tests.Postgres;

/// <summary>A database of its own on the PostgreSQL server that the tests share.</summary>
public sealed class PostgresUnderTest : StoreUnderTest
{
    // Migrating is tested once; the other tests begin with a copy of what it made. Migrated at the time at which the tests begin, so that history
    // has its partitions.
    private static readonly Lazy<Task<string>> NewDatabase = new(async () =>
    {
        var server = await PostgresServer.Shared;
        var name = await server.CreateDatabaseAsync();
        await (await PostgresStore.OpenAsync(Options(server, name), new TestClock(StoreConformance.Start))).DisposeAsync();
        return name;
    });

    private readonly PostgresServer _server;

    private PostgresUnderTest(PostgresServer server, string database, TestClock clock, PostgresStore store) : base(clock) =>
        (_server, Database, Store) = (server, database, store);

    public string Database { get; }

    public PostgresStore Store { get; private set; }

    public override IDeliveryStore Deliveries => Store.Deliveries;

    public override ICatalogStore Catalog => Store.Catalog;

    public override IHistoryStore History => Store.History;

    public override ISearchStore Search => Store.Search;

    public override IIdempotencyStore Idempotency => Store.Idempotency;

    public override IBackgroundTaskStore Tasks => Store.Tasks;

    public override IConsoleStore Console => Store.Console;

    public override IStatisticsStore Statistics => Store.Statistics;

    // No pool outlives its test; partitions of a minute, because the tests prune minutes.
    public static PostgresStoreOptions Options(PostgresServer server, string database) => new()
    {
        ConnectionString = server.ConnectionString(database), MaxConnections = 10, HistoryPartition = TimeSpan.FromMinutes(1),
        // The machine may be busy with other tests.
        Timeout = TimeSpan.FromSeconds(30),
    };

    public static async Task<PostgresUnderTest> OpenAsync(TestClock clock)
    {
        var server = await PostgresServer.Shared;
        var database = await server.CreateDatabaseAsync(template: await NewDatabase.Value);
        return new PostgresUnderTest(server, database, clock, await PostgresStore.OpenAsync(Options(server, database), clock));
    }

    public override async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = await PostgresStore.OpenAsync(Options(_server, Database), Clock);
    }

    public override async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await _server.DropDatabaseAsync(Database);
    }
}

/// <summary>The conformance suite on PostgreSQL.</summary>
public sealed class PostgresConformance : StoreConformance
{
    protected override async Task<StoreUnderTest> OpenAsync(TestClock clock) => await PostgresUnderTest.OpenAsync(clock);
}
