using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace Grapnel.Storage.Redis;

/// <summary>
/// Redis as the queue in front of a store. It answers for deliveries, history and signals; what else a store keeps is asked of the store itself.
/// </summary>
public sealed class RedisQueue : IStore, IQueueProbe, IDisposable
{
    private readonly RedisLink _redis;
    private readonly IStore _store;
    private readonly RedisSignals? _signals;

    private RedisQueue(RedisLink redis, IStore store, ILogger? logger)
    {
        (_redis, _store) = (redis, store);
        var rows = (ILaneRows)store.Deliveries;
        var roster = new RedisRoster(redis, store.Deliveries, new RedisLog(redis.Connection, logger ?? NullLogger.Instance));
        var lanes = new RedisLanes(redis, rows);
        Deliveries = new RedisDeliveryStore(store.Deliveries, rows, roster, lanes, new RedisDoubts(redis, roster));
        History = new RedisHistoryStore(store.History, lanes, roster);
        Erasure = new RedisErasureStore(store.Erasure, lanes, roster);
        _signals = store.Deliveries.IsShared ? new RedisSignals(redis, store.Signals) : null;
    }

    /// <inheritdoc/>
    public IDeliveryStore Deliveries { get; }

    /// <inheritdoc/>
    public IHistoryStore History { get; }

    /// <inheritdoc/>
    public IErasureStore Erasure { get; }

    /// <inheritdoc/>
    public ICatalogStore Catalog => _store.Catalog;

    /// <inheritdoc/>
    public ISearchStore Search => _store.Search;

    /// <inheritdoc/>
    public IIdempotencyStore Idempotency => _store.Idempotency;

    /// <inheritdoc/>
    public IBackgroundTaskStore Tasks => _store.Tasks;

    /// <inheritdoc/>
    public IConsoleStore Console => _store.Console;

    /// <inheritdoc/>
    public IStatisticsStore Statistics => _store.Statistics;

    /// <inheritdoc/>
    public IAlertStore Alerts => _store.Alerts;

    /// <inheritdoc/>
    public INodeSignals Signals => _signals ?? _store.Signals;

    /// <summary>The connection, for what else is to go over it.</summary>
    public IConnectionMultiplexer Connection => _redis.Connection;

    /// <inheritdoc/>
    public Task AnswerAsync() => _redis.Database.PingAsync();

    /// <summary>Puts Redis in front of a store. Redis need not be there yet: until it is, messages are accepted and none is sent.</summary>
    /// <exception cref="StoreOpenException">The connection string cannot be read.</exception>
    public static async Task<RedisQueue> OpenAsync(RedisQueueOptions options, IStore store, ILogger? logger = null) =>
        new(await RedisLink.OpenAsync(options).ConfigureAwait(false), store, logger);

    /// <inheritdoc cref="OpenAsync"/>
    public static RedisQueue Open(RedisQueueOptions options, IStore store, ILogger? logger = null) => new(RedisLink.Open(options), store, logger);

    /// <summary>Closes the connection; the store stays open.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_signals is not null)
            await _signals.DisposeAsync().ConfigureAwait(false);
        await _redis.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Closes the connection; the store stays open.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();
}
