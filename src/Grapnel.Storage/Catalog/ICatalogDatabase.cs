namespace Grapnel.Storage.Catalog;

/// <summary>What the catalog needs of a SQL back-end: a place to read and a place to write.</summary>
internal interface ICatalogDatabase
{
    /// <summary>Reads within one snapshot that holds every write whose task has completed.</summary>
    Task<T> ReadAsync<T>(Func<CatalogContext, Task<T>> read, CancellationToken cancellationToken);

    /// <summary>Writes within one transaction that no other catalog write overlaps; an exception undoes it.</summary>
    Task<T> WriteAsync<T>(Func<CatalogContext, Task<T>> write, CancellationToken cancellationToken);

    /// <summary>Ids of lanes with pending deliveries whose endpoint is gone.</summary>
    Task<IReadOnlyList<Id<Endpoint>>> FindDeletedLanesAsync(int limit, CancellationToken cancellationToken);

    /// <summary>For each key that something is sealed with, a sample.</summary>
    Task<IReadOnlyList<SealedSample>> ReadSealedAsync(CancellationToken cancellationToken);
}
