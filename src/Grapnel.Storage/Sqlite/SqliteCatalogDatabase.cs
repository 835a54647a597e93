using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Sqlite;

/// <summary>The catalog's reads on the reader connections, its writes through the gate. SQLite completes every task at once, so nothing waits.</summary>
internal sealed class SqliteCatalogDatabase(SqliteGate gate, SqliteReaders readers) : ICatalogDatabase
{
    public Task<T> ReadAsync<T>(Func<CatalogContext, Task<T>> read, CancellationToken cancellationToken) =>
        readers.RunAsync(session => Run(session, read), cancellationToken);

    public Task<T> WriteAsync<T>(Func<CatalogContext, Task<T>> write, CancellationToken cancellationToken) =>
        gate.RunAsync(session => Run(session, write));

    public Task<IReadOnlyList<Id<Endpoint>>> FindDeletedLanesAsync(int limit, CancellationToken cancellationToken) =>
        readers.RunAsync(session =>
        {
            var lanes = new List<Id<Endpoint>>();
            var select = session.Prepare(LaneSql.Deleted).Bind(limit);
            while (select.Step())
                lanes.Add(select.Id<Endpoint>(0));
            return (IReadOnlyList<Id<Endpoint>>)lanes;
        }, cancellationToken);

    public Task<IReadOnlyList<SealedSample>> ReadSealedAsync(CancellationToken cancellationToken) => readers.RunAsync(ReadSealed, cancellationToken);

    /// <summary>For each key that something is sealed with, a sample.</summary>
    public static IReadOnlyList<SealedSample> ReadSealed(SqliteSession session)
    {
        var found = new List<SealedSample?>();
        var secrets = session.Prepare(SealedFields.SecretsSql);
        while (secrets.Step())
            found.Add(SealedFields.Sample(secrets.Blob(0).ToArray()));
        var endpoints = session.Prepare(SealedFields.EndpointsSql("instr"));
        while (endpoints.Step())
            found.Add(SealedFields.Sample(endpoints.Text(0), endpoints.Int64(1)));
        return [.. found.OfType<SealedSample>()];
    }

    private static T Run<T>(SqliteSession session, Func<CatalogContext, Task<T>> work)
    {
        using var catalog = session.OpenCatalog();
        return work(catalog).GetAwaiter().GetResult();
    }
}
