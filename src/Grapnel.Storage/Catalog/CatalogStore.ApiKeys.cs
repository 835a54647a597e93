using Microsoft.EntityFrameworkCore;

namespace Grapnel.Storage.Catalog;

internal sealed partial class CatalogStore
{
    public Task<IReadOnlyList<ApiKey>> ReadApiKeysAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<ApiKey>>(async catalog =>
            await catalog.ApiKeys.OrderBy(row => row.Id).ToListAsync(cancellationToken).ConfigureAwait(false), cancellationToken);

    public Task AddApiKeyAsync(ApiKey key, CancellationToken cancellationToken) =>
        database.WriteAsync(catalog => AddAsync(catalog, key), cancellationToken);

    public Task<bool> RevokeApiKeyAsync(Id<ApiKey> id, DateTimeOffset at, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog => await catalog.ApiKeys
            .Where(row => row.Id == id && row.RevokedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.RevokedAt, at)).ConfigureAwait(false) > 0, cancellationToken);
}
