using Grapnel.Storage.Catalog;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Grapnel.Storage.Postgres;

/// <summary>The store of many nodes: a database that they share.</summary>
public sealed class PostgresStore : IStore, IDisposable
{
    private readonly PostgresSignals _signals;

    private PostgresStore(PostgresDatabase database, PostgresPartitions partitions, int maxConnections, TimeProvider time, ILogger logger, ISecretBox? box)
    {
        Database = database;
        var writer = Guid.NewGuid();
        _signals = new PostgresSignals(database, writer, time, logger);
        var rollups = new PostgresRollups(writer);
        var catalog = new PostgresCatalogDatabase(database);
        Deliveries = new PostgresDeliveryStore(database, _signals, rollups, writer, new IdGenerator(time), time);
        Catalog = new CatalogStore(catalog, box);
        Console = new ConsoleStore(catalog);
        History = new PostgresHistoryStore(database, partitions, writer, time);
        Search = new PostgresSearchStore(database);
        Idempotency = new PostgresIdempotencyStore(database, maxConnections, time);
        Tasks = new PostgresBackgroundTaskStore(database, time);
        Statistics = new PostgresStatisticsStore(database, time);
        Alerts = new PostgresAlertStore(database);
        Erasure = new PostgresErasureStore(database, writer, time);
    }

    /// <inheritdoc/>
    public IDeliveryStore Deliveries { get; }

    /// <inheritdoc/>
    public ICatalogStore Catalog { get; }

    /// <inheritdoc/>
    public IHistoryStore History { get; }

    /// <inheritdoc/>
    public ISearchStore Search { get; }

    /// <inheritdoc/>
    public IIdempotencyStore Idempotency { get; }

    /// <inheritdoc/>
    public IBackgroundTaskStore Tasks { get; }

    /// <inheritdoc/>
    public IErasureStore Erasure { get; }

    /// <inheritdoc/>
    public IConsoleStore Console { get; }

    /// <inheritdoc/>
    public IStatisticsStore Statistics { get; }

    /// <inheritdoc/>
    public IAlertStore Alerts { get; }

    /// <inheritdoc/>
    public INodeSignals Signals => _signals;

    internal PostgresDatabase Database { get; }

    /// <summary>Opens the store, and makes or migrates its tables where that is due; of nodes that start together one does it, and the others wait.</summary>
    /// <exception cref="StoreOpenException">The database cannot be reached, or used as it is.</exception>
    public static async Task<PostgresStore> OpenAsync(
        PostgresStoreOptions options, TimeProvider time, ILogger? logger = null, CancellationToken cancellationToken = default, ISecretBox? box = null)
    {
        PostgresDatabase? database = null;
        try
        {
            database = new PostgresDatabase(options);
            return await OpenAsync(database, options, time, logger, cancellationToken, box).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            if (database is not null)
                await database.DisposeAsync().ConfigureAwait(false);
            if (error is StoreOpenException or OperationCanceledException)
                throw;
            throw new StoreOpenException($"The PostgreSQL database cannot be opened: {PostgresErrors.Describe(error)}", error);
        }
    }

    /// <summary>Opens the store over connections that are there already.</summary>
    internal static async Task<PostgresStore> OpenAsync(
        PostgresDatabase database, PostgresStoreOptions options, TimeProvider time, ILogger? logger, CancellationToken cancellationToken, ISecretBox? box = null)
    {
        var partitions = new PostgresPartitions(options.HistoryPartition, time);
        await PostgresSchema.PrepareAsync(database, partitions, options.Migrate, time, logger ?? NullLogger.Instance, cancellationToken).ConfigureAwait(false);
        return new PostgresStore(database, partitions, options.MaxConnections, time, logger ?? NullLogger.Instance, box);
    }

    /// <summary>Closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopListeningAsync().ConfigureAwait(false);
        await Database.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Ends what runs in the background, and leaves the connections to whoever opened the store over them.</summary>
    internal ValueTask StopListeningAsync() => _signals.DisposeAsync();

    /// <inheritdoc/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();
}
