namespace Grapnel.Storage;

/// <summary>A back-end: all that it keeps, by role. Closed when disposed.</summary>
public interface IStore : IAsyncDisposable
{
    /// <summary>The hot path.</summary>
    IDeliveryStore Deliveries { get; }

    /// <summary>Applications, endpoints and what else people configure.</summary>
    ICatalogStore Catalog { get; }

    /// <summary>What happened.</summary>
    IHistoryStore History { get; }

    /// <summary>Finding things wherever they are.</summary>
    ISearchStore Search { get; }

    /// <summary>The memory of answered requests.</summary>
    IIdempotencyStore Idempotency { get; }

    /// <summary>Background tasks.</summary>
    IBackgroundTaskStore Tasks { get; }

    /// <summary>Erasing applications.</summary>
    IErasureStore Erasure { get; }

    /// <summary>What the console keeps.</summary>
    IConsoleStore Console { get; }

    /// <summary>Figures.</summary>
    IStatisticsStore Statistics { get; }

    /// <summary>Alerts.</summary>
    IAlertStore Alerts { get; }

    /// <summary>What nodes tell each other.</summary>
    INodeSignals Signals { get; }
}
