using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

/// <summary>The store of many nodes: a database that they share.</summary>
public sealed class PostgresStore : IAsyncDisposable
{
    private PostgresStore(PostgresDatabase database, PostgresPartitions partitions, TimeProvider time)
    {
        Database = database;
        var writer = Guid.NewGuid();
        var rollups = new PostgresRollups(writer);
        var catalog = new PostgresCatalogDatabase(database);
        Deliveries = new PostgresDeliveryStore(database, rollups, writer, new IdGenerator(time), time);
        Catalog = new CatalogStore(catalog);
        Console = new ConsoleStore(catalog);
        History = new PostgresHistoryStore(database, partitions, writer, time);
        Search = new PostgresSearchStore(database);
        Idempotency = new PostgresIdempotencyStore(database, time);
        Tasks = new PostgresBackgroundTaskStore(database, time);
        Statistics = new PostgresStatisticsStore(database, time);
    }

    /// <summary>The hot path.</summary>
    public IDeliveryStore Deliveries { get; }

    /// <summary>Applications, endpoints and what else people configure.</summary>
    public ICatalogStore Catalog { get; }

    /// <summary>What happened.</summary>
    public IHistoryStore History { get; }

    /// <summary>Finding things wherever they are.</summary>
    public ISearchStore Search { get; }

    /// <summary>The memory of answered requests.</summary>
    public IIdempotencyStore Idempotency { get; }

    /// <summary>Background tasks.</summary>
    public IBackgroundTaskStore Tasks { get; }

    /// <summary>What the console keeps.</summary>
    public IConsoleStore Console { get; }

    /// <summary>Figures.</summary>
    public IStatisticsStore Statistics { get; }

    internal PostgresDatabase Database { get; }

    /// <summary>Opens the store, and makes or migrates its tables where that is due; of nodes that start together one does it, and the others wait.</summary>
    /// <exception cref="StoreOpenException">The database cannot be reached, or used as it is.</exception>
    public static async Task<PostgresStore> OpenAsync(PostgresStoreOptions options, TimeProvider time, CancellationToken cancellationToken = default)
    {
        var partitions = new PostgresPartitions(options.HistoryPartition, time);
        PostgresDatabase? database = null;
        try
        {
            database = new PostgresDatabase(options);
            await PostgresSchema.PrepareAsync(database, partitions, time, cancellationToken).ConfigureAwait(false);
            return new PostgresStore(database, partitions, time);
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

    /// <summary>Closes the connections.</summary>
    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
