using Microsoft.EntityFrameworkCore;

namespace Grapnel.Storage.Catalog;

internal sealed partial class CatalogStore
{
    public Task<IReadOnlyList<ApiKey>> ReadApiKeysAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<ApiKey>>(async catalog =>
            await catalog.ApiKeys.OrderBy(row => row.Id).ToListAsync(cancellationToken).ConfigureAwait(false), cancellationToken);

    public Task<bool> AddApiKeyAsync(ApiKey key, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            var (hash, now) = (key.Hash, key.CreatedAt);
            return !await catalog.ApiKeys.AnyAsync(row => row.Hash == hash && row.RevokedAt == null && (row.ExpiresAt == null || row.ExpiresAt > now)).ConfigureAwait(false)
                && await AddAsync(catalog, key).ConfigureAwait(false);
        }, cancellationToken);

    public Task<bool> RevokeApiKeyAsync(Id<ApiKey> id, DateTimeOffset at, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog => await catalog.ApiKeys
            .Where(row => row.Id == id && row.RevokedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.RevokedAt, at)).ConfigureAwait(false) > 0, cancellationToken);

    public Task<bool> UpdateApiKeyAsync(Id<ApiKey> id, string name, DateTimeOffset? expiresAt, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog => await catalog.ApiKeys
            .Where(row => row.Id == id && row.RevokedAt == null)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Name, name).SetProperty(row => row.ExpiresAt, expiresAt))
            .ConfigureAwait(false) > 0, cancellationToken);

    public Task NoteApiKeyUsesAsync(IReadOnlyCollection<Id<ApiKey>> keys, DateTimeOffset at, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            // In the order of ids, as every node does it: two that write at once wait for each other, but never in a circle.
            foreach (var id in keys.Order())
                await catalog.ApiKeys.Where(row => row.Id == id && (row.LastUsedAt == null || row.LastUsedAt < at))
                    .ExecuteUpdateAsync(set => set.SetProperty(row => row.LastUsedAt, at)).ConfigureAwait(false);
            return true;
        }, cancellationToken);
}
