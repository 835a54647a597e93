using Grapnel.Storage.Catalog;
using Microsoft.EntityFrameworkCore;

namespace Grapnel.Storage.Postgres;

/// <summary>The catalog on the pool's connections. Its writes stand in line behind one lock of the database, whichever node makes them.</summary>
internal sealed class PostgresCatalogDatabase(PostgresDatabase database) : ICatalogDatabase
{
    /// <summary>The advisory lock of catalog writes.</summary>
    public const long WriteLock = 0x6772_6170_6e65_6c01;

    public Task<T> ReadAsync<T>(Func<CatalogContext, Task<T>> read, CancellationToken cancellationToken) =>
        database.ReadSnapshotAsync(session => RunAsync(session, read), cancellationToken);

    public Task<T> WriteAsync<T>(Func<CatalogContext, Task<T>> write, CancellationToken cancellationToken) =>
        database.WriteAsync(async session =>
        {
            await session.Prepare("SELECT pg_advisory_xact_lock($1)").Bind(WriteLock).RunAsync().ConfigureAwait(false);
            return await RunAsync(session, write).ConfigureAwait(false);
        }, cancellationToken);

    public Task<IReadOnlyList<Id<Endpoint>>> FindDeletedLanesAsync(int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<Id<Endpoint>>>(async session => await session.Prepare(LaneSql.Deleted).Bind(limit)
            .RowsAsync(row => row.Id<Endpoint>(0)).ConfigureAwait(false), cancellationToken);

    public Task<IReadOnlyList<SealedSample>> ReadSealedAsync(CancellationToken cancellationToken) => database.ReadSnapshotAsync(ReadSealedAsync, cancellationToken);

    /// <summary>For each key that something is sealed with, a sample.</summary>
    public static async Task<IReadOnlyList<SealedSample>> ReadSealedAsync(PostgresSession session)
    {
        var secrets = await session.Prepare(SealedFields.SecretsSql).RowsAsync(row => SealedFields.Sample(row.Blob(0))).ConfigureAwait(false);
        var endpoints = await session.Prepare(SealedFields.EndpointsSql("strpos")).RowsAsync(row => SealedFields.Sample(row.Text(0), row.Int64(1))).ConfigureAwait(false);
        return [.. secrets.Concat(endpoints).OfType<SealedSample>()];
    }

    /// <summary>A short-lived view of the catalog on a connection, inside whatever transaction is open on it.</summary>
    public static PostgresCatalogContext OpenCatalog(PostgresSession session)
    {
        var context = new PostgresCatalogContext(new DbContextOptionsBuilder<PostgresCatalogContext>()
            .UseNpgsql(session.Connection)
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
            .Options);
        context.Database.AutoTransactionBehavior = AutoTransactionBehavior.Never;
        return context;
    }

    private static async Task<T> RunAsync<T>(PostgresSession session, Func<CatalogContext, Task<T>> work)
    {
        var catalog = OpenCatalog(session);
        await using (catalog.ConfigureAwait(false))
            return await work(catalog).ConfigureAwait(false);
    }
}
