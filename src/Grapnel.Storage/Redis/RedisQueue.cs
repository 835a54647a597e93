using Grapnel.Storage.Postgres;
using Grapnel.Storage.Sqlite;
using StackExchange.Redis;

namespace Grapnel.Storage.Redis;

/// <summary>
/// Redis as the queue in front of a store. Takes the place of two of its roles: <see cref="Deliveries"/> and <see cref="History"/>; the others are
/// asked of the store itself.
/// </summary>
public sealed class RedisQueue : IAsyncDisposable, IDisposable
{
    private readonly RedisLink _redis;

    private RedisQueue(RedisLink redis, IDeliveryStore deliveries, IHistoryStore history)
    {
        _redis = redis;
        var rows = (ILaneRows)deliveries;
        var roster = new RedisRoster(redis, deliveries);
        var lanes = new RedisLanes(redis, rows);
        Deliveries = new RedisDeliveryStore(deliveries, rows, roster, lanes, new RedisDoubts(redis, roster));
        History = new RedisHistoryStore(history, lanes, roster);
    }

    /// <summary>The hot path.</summary>
    public IDeliveryStore Deliveries { get; }

    /// <summary>What happened.</summary>
    public IHistoryStore History { get; }

    /// <summary>The connection, for what else is to go over it.</summary>
    public IConnectionMultiplexer Connection => _redis.Connection;

    /// <summary>Puts Redis in front of the embedded store. Redis need not be there yet: until it is, messages are accepted and none is sent.</summary>
    /// <exception cref="StoreOpenException">The connection string cannot be read.</exception>
    public static async Task<RedisQueue> OpenAsync(RedisQueueOptions options, SqliteStore store) =>
        new(await RedisLink.OpenAsync(options).ConfigureAwait(false), store.Deliveries, store.History);

    /// <summary>Puts Redis in front of the store of many nodes.</summary>
    /// <exception cref="StoreOpenException">The connection string cannot be read.</exception>
    public static async Task<RedisQueue> OpenAsync(RedisQueueOptions options, PostgresStore store) =>
        new(await RedisLink.OpenAsync(options).ConfigureAwait(false), store.Deliveries, store.History);

    /// <summary>Puts Redis in front of whichever store there is.</summary>
    /// <exception cref="StoreOpenException">The connection string cannot be read.</exception>
    internal static RedisQueue Open(RedisQueueOptions options, SqliteStore? sqlite, PostgresStore? postgres) => new(
        RedisLink.Open(options), postgres?.Deliveries ?? sqlite!.Deliveries, postgres?.History ?? sqlite!.History);

    /// <summary>Closes the connection; the store stays open.</summary>
    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    /// <summary>Closes the connection; the store stays open.</summary>
    public void Dispose() => _redis.Dispose();
}
