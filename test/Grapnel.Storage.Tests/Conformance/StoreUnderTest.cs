namespace Grapnel.Storage.Tests.Conformance;

/// <summary>A back-end as the suite sees it: a store that is empty at first, and can be closed and opened again.</summary>
public abstract class StoreUnderTest(TestClock clock) : IAsyncDisposable
{
    public TestClock Clock { get; } = clock;

    public abstract IDeliveryStore Deliveries { get; }

    public abstract ICatalogStore Catalog { get; }

    public abstract IHistoryStore History { get; }

    public abstract ISearchStore Search { get; }

    public abstract IIdempotencyStore Idempotency { get; }

    public abstract IBackgroundTaskStore Tasks { get; }

    public abstract IConsoleStore Console { get; }
    public abstract IStatisticsStore Statistics { get; }

    public abstract IAlertStore Alerts { get; }

    public abstract IErasureStore Erasure { get; }

    /// <summary>Every row of every table, and every key of a queue, as text: ids are in hexadecimal digits, as UUIDs, or as people see them.</summary>
    public abstract Task<List<(string Table, string Row)>> DumpAsync();

    public abstract Task ReopenAsync();

    public abstract ValueTask DisposeAsync();
}
