using Microsoft.EntityFrameworkCore;

namespace Grapnel.Storage.Catalog;

internal sealed partial class CatalogStore
{
    public Task<IReadOnlyList<TokenRevocation>> ReadTokenRevocationsAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<TokenRevocation>>(async catalog =>
            await catalog.TokenRevocations.Where(row => row.KeepUntil > now).ToListAsync(cancellationToken).ConfigureAwait(false), cancellationToken);

    public Task AddTokenRevocationsAsync(IReadOnlyList<TokenRevocation> revocations, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            foreach (var revocation in revocations)
                await AddRevocationAsync(catalog, revocation).ConfigureAwait(false);
            return true;
        }, cancellationToken);

    public Task<int> DropTokenRevocationsAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        database.WriteAsync(catalog => catalog.TokenRevocations.Where(row => row.KeepUntil <= now).ExecuteDeleteAsync(), cancellationToken);

    private static async Task AddRevocationAsync(CatalogContext catalog, TokenRevocation added)
    {
        var known = await catalog.TokenRevocations.Where(row => row.Subject == added.Subject).ToListAsync().ConfigureAwait(false);
        if (known.Any(row => row.Covers(added)))
            return;
        if (known.FirstOrDefault(row => row.Before == added.Before) is { } same)
            added = added with { EffectiveAt = Sooner(same.EffectiveAt, added.EffectiveAt), KeepUntil = Later(same.KeepUntil, added.KeepUntil) };
        foreach (var row in known.Where(added.Covers))
        {
            var (subject, before) = (row.Subject, row.Before);
            await catalog.TokenRevocations.Where(old => old.Subject == subject && old.Before == before).ExecuteDeleteAsync().ConfigureAwait(false);
        }
        await AddAsync(catalog, added).ConfigureAwait(false);
    }

    private static DateTimeOffset Sooner(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
