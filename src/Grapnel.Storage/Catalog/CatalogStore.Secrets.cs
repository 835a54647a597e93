using Microsoft.EntityFrameworkCore;

namespace Grapnel.Storage.Catalog;

internal sealed partial class CatalogStore
{
    private const int EndpointsAtOnce = 100;

    // Sealing and opening never happen within a transaction: the key ring may be in this very store, and a key may have to be made first.
    private readonly SealedFields _sealing = new(box);

    public async Task<InstallationSecret?> FindSecretAsync(string name, CancellationToken cancellationToken)
    {
        var stored = await database.ReadAsync(
            catalog => catalog.Secrets.FirstOrDefaultAsync(row => row.Name == name, cancellationToken), cancellationToken).ConfigureAwait(false);
        return stored is null ? null : _sealing.Open(stored);
    }

    public async Task<InstallationSecret> EnsureSecretAsync(InstallationSecret secret, CancellationToken cancellationToken)
    {
        var stored = _sealing.Seal(secret);
        return _sealing.Open(await database.WriteAsync(async catalog =>
        {
            if (await catalog.Secrets.FirstOrDefaultAsync(row => row.Name == secret.Name).ConfigureAwait(false) is { } known)
                return known;
            await AddAsync(catalog, stored).ConfigureAwait(false);
            return stored;
        }, cancellationToken).ConfigureAwait(false));
    }

    public async Task<int> SealAgainAsync(CancellationToken cancellationToken)
    {
        var count = await SealSecretsAgainAsync(cancellationToken).ConfigureAwait(false);
        Id<Endpoint> last = default;
        while (true)
        {
            var after = last;
            var page = await database.ReadAsync(
                catalog => catalog.Endpoints.OrderBy(row => row.Id).Where(row => row.Id.CompareTo(after) > 0).Take(EndpointsAtOnce).ToListAsync(cancellationToken),
                cancellationToken).ConfigureAwait(false);
            if (page.Count == 0)
                return count;
            await ReplaceSealedAsync([.. page.Select(endpoint => _sealing.Seal(_sealing.Open(endpoint)))], cancellationToken).ConfigureAwait(false);
            count += page.Count;
            last = page[^1].Id;
        }
    }

    public Task<IReadOnlyList<SealedSample>> ReadSealedAsync(CancellationToken cancellationToken) => database.ReadSealedAsync(cancellationToken);

    private async Task<int> SealSecretsAgainAsync(CancellationToken cancellationToken)
    {
        var stored = await database.ReadAsync(catalog => catalog.Secrets.ToListAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
        var secrets = stored.ConvertAll(secret => _sealing.Seal(_sealing.Open(secret)));
        return await database.WriteAsync(async catalog =>
        {
            catalog.UpdateRange(secrets);
            await catalog.SaveChangesAsync().ConfigureAwait(false);
            return secrets.Count;
        }, cancellationToken).ConfigureAwait(false);
    }

    // No revision and no other time of change: nothing about the endpoints is different. What was edited in the meantime was sealed by that edit.
    private Task<bool> ReplaceSealedAsync(IReadOnlyList<Endpoint> endpoints, CancellationToken cancellationToken) => database.WriteAsync(async catalog =>
    {
        foreach (var endpoint in endpoints)
            if (await catalog.Endpoints.AnyAsync(row => row.Id == endpoint.Id && row.UpdatedAt == endpoint.UpdatedAt).ConfigureAwait(false))
                catalog.Update(endpoint);
        await catalog.SaveChangesAsync().ConfigureAwait(false);
        return true;
    }, cancellationToken);
}
