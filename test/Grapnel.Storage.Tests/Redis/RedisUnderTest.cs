using Grapnel.Storage.Redis;
using Grapnel.Storage.Tests.Conformance;
using Grapnel.Storage.Tests.Postgres;
using Grapnel.Storage.Tests.Sqlite;
using Grapnel.Testing;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Grapnel.Storage.Tests.Redis;

/// <summary>A store with Redis as its queue, under a key prefix of its own.</summary>
public sealed class RedisUnderTest : StoreUnderTest
{
    private static int s_prefixes;

    private readonly StoreUnderTest _store;
    private readonly RedisQueueOptions _options;

    private RedisUnderTest(StoreUnderTest store, RedisQueueOptions options, RedisQueue queue) : base(store.Clock) =>
        (_store, _options, Queue) = (store, options, queue);

    public RedisQueue Queue { get; private set; }

    /// <summary>The store behind the queue.</summary>
    public StoreUnderTest Store => _store;

    public override IDeliveryStore Deliveries => Queue.Deliveries;

    public override IHistoryStore History => Queue.History;

    public override ICatalogStore Catalog => _store.Catalog;

    public override ISearchStore Search => _store.Search;

    public override IIdempotencyStore Idempotency => _store.Idempotency;

    public override IBackgroundTaskStore Tasks => _store.Tasks;

    public override IConsoleStore Console => _store.Console;

    public override IStatisticsStore Statistics => _store.Statistics;

    public override IAlertStore Alerts => _store.Alerts;

    public override IErasureStore Erasure => Queue.Erasure;

    public override async Task<List<(string Table, string Row)>> DumpAsync()
    {
        var rows = await _store.DumpAsync();
        var database = Queue.Connection.GetDatabase();
        await foreach (var key in Queue.Connection.GetServers()[0].KeysAsync(pattern: _options.KeyPrefix + ":*"))
            rows.AddRange((await database.KeyTypeAsync(key) switch
            {
                RedisType.Set => (await database.SetMembersAsync(key)).Select(member => member.ToString()),
                RedisType.Hash => (await database.HashGetAllAsync(key)).Select(entry => $"{entry.Name}={entry.Value}"),
                RedisType.SortedSet => (await database.SortedSetRangeByRankAsync(key)).Select(member => member.ToString()),
                _ => [""],
            }).Select(value => ("redis", $"{key} {value}")));
        return rows;
    }

    public static async Task<RedisUnderTest> OpenAsync(StoreUnderTest store, string? connectionString = null, TimeSpan? timeout = null, ILogger? logger = null)
    {
        var options = new RedisQueueOptions
        {
            ConnectionString = connectionString ?? (await RedisServer.Shared).ConnectionString,
            KeyPrefix = $"test{Interlocked.Increment(ref s_prefixes)}",
            Timeout = timeout ?? TimeSpan.FromSeconds(5),
        };
        return new RedisUnderTest(store, options, await OpenQueueAsync(options, store, logger));
    }

    /// <summary>The queue of another process on the same store.</summary>
    public Task<RedisQueue> OpenAnotherAsync() => OpenQueueAsync(_options, _store);

    public override async Task ReopenAsync()
    {
        await Queue.DisposeAsync();
        await _store.ReopenAsync();
        Queue = await OpenQueueAsync(_options, _store);
    }

    public override async ValueTask DisposeAsync()
    {
        await Queue.DisposeAsync();
        await _store.DisposeAsync();
    }

    private static Task<RedisQueue> OpenQueueAsync(RedisQueueOptions options, StoreUnderTest store, ILogger? logger = null) => store switch
    {
        SqliteUnderTest { Store: var sqlite } => RedisQueue.OpenAsync(options, sqlite, logger),
        PostgresUnderTest { Store: var postgres } => RedisQueue.OpenAsync(options, postgres, logger),
        _ => throw new InvalidOperationException("There is no queue for this store."),
    };
}

/// <summary>The conformance suite on SQLite with Redis as the queue.</summary>
public sealed class RedisOnSqliteConformance : StoreConformance
{
    protected override async Task<StoreUnderTest> OpenAsync(TestClock clock) => await RedisUnderTest.OpenAsync(await SqliteUnderTest.OpenAsync(clock));
}

/// <summary>The conformance suite on PostgreSQL with Redis as the queue.</summary>
public sealed class RedisOnPostgresConformance : StoreConformance
{
    protected override int ModelRuns => 8;

    protected override async Task<StoreUnderTest> OpenAsync(TestClock clock) => await RedisUnderTest.OpenAsync(await PostgresUnderTest.OpenAsync(clock));
}
