using System.Collections.Concurrent;
using Grapnel.Storage.Postgres;
using Grapnel.Storage.Tests.Conformance;
using Grapnel.Testing;
using Npgsql;

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
        await server.RunSqlAsync("CREATE TABLE first_application AS SELECT * FROM application", name);
        return name;
    });

    // Databases with warm connections, emptied after a test and used again by the next: most of what a test takes is making both.
    private static readonly ConcurrentBag<(string Name, PostgresDatabase Connections)> Used = [];

    private const string Empty = """
        DO $$ DECLARE name text; BEGIN
            FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('__EFMigrationsHistory', 'history_partition', 'first_application')
                AND tablename NOT IN (SELECT inhrelid::regclass::text FROM pg_inherits)
            LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
            INSERT INTO application SELECT * FROM first_application;
            INSERT INTO counter (name, value) VALUES ('route', 0), ('endpoints', 0), ('disabled', 0);
            ALTER SEQUENCE place RESTART;
        END $$
        """;

    private readonly PostgresServer _server;
    private readonly PostgresDatabase _connections;
    private readonly long _partitions;

    private PostgresUnderTest(PostgresServer server, string database, PostgresDatabase connections, long partitions, TestClock clock, PostgresStore store)
        : base(clock) => (_server, Database, _connections, _partitions, Store) = (server, database, connections, partitions, store);

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

    public override IAlertStore Alerts => Store.Alerts;

    public override IErasureStore Erasure => Store.Erasure;

    public override Task<List<(string Table, string Row)>> DumpAsync() => Store.Database.ReadAsync(async session =>
    {
        var tables = await session.Prepare("""
            SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            """).RowsAsync(row => row.Text(0));
        var rows = new List<(string, string)>();
        foreach (var table in tables)
            rows.AddRange((await session.Prepare($"SELECT row_to_json(t)::text FROM \"{table}\" t").RowsAsync(row => row.Text(0))).Select(row => (table, row)));
        return rows;
    }, default);

    // No pool outlives its test; partitions of a minute, because the tests prune minutes.
    public static PostgresStoreOptions Options(PostgresServer server, string database) => new()
    {
        ConnectionString = server.ConnectionString(database), MaxConnections = 10, HistoryPartition = TimeSpan.FromMinutes(1),
        // The machine may be busy with other tests.
        Timeout = TimeSpan.FromSeconds(30),
    };

    /// <summary>Opens an empty store.</summary>
    /// <param name="clock">The clock.</param>
    /// <param name="isNew">Whether no test may have used the database before: what it counts and knows of its tables is part of the test.</param>
    public static async Task<PostgresUnderTest> OpenAsync(TestClock clock, bool isNew = false)
    {
        var server = await PostgresServer.Shared;
        var used = default((string Name, PostgresDatabase Connections));
        if (isNew || !Used.TryTake(out used))
        {
            var name = await server.CreateDatabaseAsync(template: await NewDatabase.Value);
            used = (name, new PostgresDatabase(Options(server, name)));
        }
        var store = await PostgresStore.OpenAsync(used.Connections, Options(server, used.Name), clock, logger: null, default);
        return new PostgresUnderTest(server, used.Name, used.Connections, await CountPartitionsAsync(used.Connections), clock, store);
    }

    public override async Task ReopenAsync()
    {
        await Store.StopListeningAsync();
        Store = await PostgresStore.OpenAsync(_connections, Options(_server, Database), Clock, logger: null, default);
    }

    public override async ValueTask DisposeAsync()
    {
        await Store.StopListeningAsync();
        // One that has other partitions now, or other tables, is of no use to the next test.
        if (await CountPartitionsAsync(_connections) == _partitions && await TryEmptyAsync())
        {
            Used.Add((Database, _connections));
            return;
        }
        await _connections.DisposeAsync();
        await _server.DropDatabaseAsync(Database);
    }

    private async Task<bool> TryEmptyAsync()
    {
        try
        {
            await _connections.WriteAloneAsync(session => session.Prepare(Empty).RunAsync());
            return true;
        }
        catch (Exception error) when (error is NpgsqlException or StoreUnavailableException)
        {
            return false;
        }
    }

    private static Task<long> CountPartitionsAsync(PostgresDatabase connections) => connections.ReadAsync(
        session => session.Prepare("SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relkind = 'r'").Int64Async(), default);
}

/// <summary>The conformance suite on PostgreSQL.</summary>
public sealed class PostgresConformance : StoreConformance
{
    protected override int ModelRuns => 8;

    protected override async Task<StoreUnderTest> OpenAsync(TestClock clock) => await PostgresUnderTest.OpenAsync(clock);
}
