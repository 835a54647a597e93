using Microsoft.EntityFrameworkCore;

namespace Grapnel.Storage.Catalog;

internal sealed partial class CatalogStore
{
    public Task<Application?> FindApplicationAsync(string idOrUid, CancellationToken cancellationToken) =>
        database.ReadAsync(catalog => FindApplicationAsync(catalog, idOrUid, cancellationToken), cancellationToken);

    public Task<Page<Application>> ListApplicationsAsync(PageRequest page, CancellationToken cancellationToken) =>
        database.ReadAsync(catalog => PageAsync(catalog.Applications, row => row.Id, page, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<Application>> ReadLimitedApplicationsAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<Application>>(
            async catalog => await catalog.Applications.Where(row => row.RateLimit != null).ToListAsync(cancellationToken).ConfigureAwait(false), cancellationToken);

    public Task AddApplicationAsync(Application application, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            await RefuseTakenUidAsync(catalog, application).ConfigureAwait(false);
            return await AddAsync(catalog, application).ConfigureAwait(false);
        }, cancellationToken);

    public Task<bool> UpdateApplicationAsync(Application application, DateTimeOffset asOf, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            if (!await IsThereAsync(catalog.Applications.Where(row => row.Id == application.Id).Select(row => row.UpdatedAt), asOf).ConfigureAwait(false))
                return false;
            await RefuseTakenUidAsync(catalog, application).ConfigureAwait(false);
            await NextVersionAsync(catalog).ConfigureAwait(false);
            return await ReplaceAsync(catalog, application).ConfigureAwait(false);
        }, cancellationToken);

    public Task<IReadOnlyList<Id<Endpoint>>?> DeleteApplicationAsync(Id<Application> id, CancellationToken cancellationToken) =>
        database.WriteAsync<IReadOnlyList<Id<Endpoint>>?>(async catalog =>
        {
            if (await catalog.Applications.Where(row => row.Id == id).ExecuteDeleteAsync().ConfigureAwait(false) == 0)
                return null;
            await NextVersionAsync(catalog).ConfigureAwait(false);
            await catalog.Schedules.Where(row => row.ApplicationId == id).ExecuteDeleteAsync().ConfigureAwait(false);
            var inboxes = catalog.Inboxes.Where(row => row.ApplicationId == id);
            foreach (var inbox in await inboxes.Select(row => row.Id).ToListAsync().ConfigureAwait(false))
                await catalog.InboxRequests.Where(row => row.InboxId == inbox).ExecuteDeleteAsync().ConfigureAwait(false);
            await inboxes.ExecuteDeleteAsync().ConfigureAwait(false);
            return await DeleteEndpointsAsync(catalog, catalog.Endpoints.Where(row => row.ApplicationId == id)).ConfigureAwait(false);
        }, cancellationToken);

    private static async Task<Application?> FindApplicationAsync(CatalogContext catalog, string idOrUid, CancellationToken cancellationToken)
    {
        var found = Id<Application>.TryParse(idOrUid, out var id)
            ? await catalog.Applications.FirstOrDefaultAsync(row => row.Id == id, cancellationToken).ConfigureAwait(false)
            : null;
        return found ?? await catalog.Applications.FirstOrDefaultAsync(row => row.Uid == idOrUid, cancellationToken).ConfigureAwait(false);
    }

    private static async Task RefuseTakenUidAsync(CatalogContext catalog, Application application)
    {
        var (id, uid) = (application.Id, application.Uid);
        if (uid is not null && await catalog.Applications.AnyAsync(row => row.Uid == uid && row.Id != id).ConfigureAwait(false))
            throw new ConflictException("conflict", $"Another application has the uid '{uid}'.");
    }
}
