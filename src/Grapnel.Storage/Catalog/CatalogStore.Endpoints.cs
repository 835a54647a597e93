using Microsoft.EntityFrameworkCore;

namespace Grapnel.Storage.Catalog;

internal sealed partial class CatalogStore
{
    private const int MaxChanges = 100;

    public async Task<Endpoint?> FindEndpointAsync(Id<Application> application, string idOrUid, CancellationToken cancellationToken) =>
        _sealing.Open(await database.ReadAsync(async catalog =>
        {
            var own = catalog.Endpoints.Where(row => row.ApplicationId == application);
            var found = Id<Endpoint>.TryParse(idOrUid, out var id)
                ? await own.FirstOrDefaultAsync(row => row.Id == id, cancellationToken).ConfigureAwait(false)
                : null;
            return found ?? await own.FirstOrDefaultAsync(row => row.Uid == idOrUid, cancellationToken).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false));

    public async Task<IReadOnlyList<Endpoint>> ReadEndpointsAsync(IReadOnlyList<Id<Endpoint>> ids, CancellationToken cancellationToken)
    {
        var stored = await database.ReadAsync(async catalog =>
        {
            var found = new List<Endpoint>(ids.Count);
            foreach (var id in ids)
            {
                if (await catalog.Endpoints.FirstOrDefaultAsync(row => row.Id == id, cancellationToken).ConfigureAwait(false) is { } endpoint)
                    found.Add(endpoint);
            }
            return found;
        }, cancellationToken).ConfigureAwait(false);
        return [.. stored.Select(row => _sealing.Open(row))];
    }

    public async Task<Page<Endpoint>> ListEndpointsAsync(Id<Application> application, PageRequest page, CancellationToken cancellationToken)
    {
        var stored = await database.ReadAsync(catalog => PageAsync(
            catalog.Endpoints.Where(row => row.ApplicationId == application), row => row.Id, page, cancellationToken), cancellationToken).ConfigureAwait(false);
        return stored.As(row => _sealing.Open(row));
    }

    public Task AddEndpointAsync(Endpoint endpoint, CancellationToken cancellationToken)
    {
        var stored = _sealing.Seal(endpoint);
        return database.WriteAsync(async catalog =>
        {
            var application = endpoint.ApplicationId;
            if (!await catalog.Applications.AnyAsync(row => row.Id == application).ConfigureAwait(false))
                throw new NotFoundException($"Application {application} does not exist.");
            await RefuseTakenUidAsync(catalog, endpoint).ConfigureAwait(false);
            await AddRevisionAsync(catalog, endpoint, deleted: false).ConfigureAwait(false);
            return await AddAsync(catalog, stored).ConfigureAwait(false);
        }, cancellationToken);
    }

    public Task<bool> UpdateEndpointAsync(Endpoint endpoint, DateTimeOffset asOf, CancellationToken cancellationToken)
    {
        var stored = _sealing.Seal(endpoint);
        return database.WriteAsync(async catalog =>
        {
            if (!await IsThereAsync(catalog.Endpoints.Where(row => row.Id == endpoint.Id).Select(row => row.UpdatedAt), asOf).ConfigureAwait(false))
                return false;
            await RefuseTakenUidAsync(catalog, endpoint).ConfigureAwait(false);
            await AddRevisionAsync(catalog, endpoint, deleted: false).ConfigureAwait(false);
            return await ReplaceAsync(catalog, stored).ConfigureAwait(false);
        }, cancellationToken);
    }

    public Task<bool> DeleteEndpointAsync(Id<Endpoint> id, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
            (await DeleteEndpointsAsync(catalog, catalog.Endpoints.Where(row => row.Id == id)).ConfigureAwait(false)).Count > 0, cancellationToken);

    public Task<IReadOnlyList<Id<Endpoint>>> FindDeletedLanesAsync(int limit, CancellationToken cancellationToken) =>
        database.FindDeletedLanesAsync(limit, cancellationToken);

    public async Task<RouteTable?> ReadRouteTableAsync(string applicationIdOrUid, CancellationToken cancellationToken)
    {
        var stored = await database.ReadAsync(async catalog =>
        {
            if (await FindApplicationAsync(catalog, applicationIdOrUid, cancellationToken).ConfigureAwait(false) is not { } application)
                return null;
            var id = application.Id;
            var version = await ReadVersionAsync(catalog, cancellationToken).ConfigureAwait(false);
            var endpoints = await catalog.Endpoints.Where(row => row.ApplicationId == id).OrderBy(row => row.Id)
                .ToListAsync(cancellationToken).ConfigureAwait(false);
            return new RouteTable(application, version, endpoints);
        }, cancellationToken).ConfigureAwait(false);
        return stored is null ? null : stored with { Endpoints = [.. stored.Endpoints.Select(row => _sealing.Open(row))] };
    }

    public Task<RouteChanges> ReadRouteChangesAsync(long since, CancellationToken cancellationToken) =>
        database.ReadAsync(async catalog =>
        {
            var version = await ReadVersionAsync(catalog, cancellationToken).ConfigureAwait(false);
            if (version == since)
                return new RouteChanges(version, []);
            var changed = await catalog.Revisions.Where(row => row.Version > since).Select(row => row.EndpointId).Take(MaxChanges + 1)
                .ToListAsync(cancellationToken).ConfigureAwait(false);
            // Changes of an application itself leave no revision.
            if (changed.Count != version - since)
                return new RouteChanges(version, null);
            var applications = new HashSet<Id<Application>>();
            foreach (var id in changed.Distinct())
            {
                // Of an endpoint that is gone nobody knows any more whose it was.
                if (await catalog.Endpoints.Where(row => row.Id == id).Select(row => (Id<Application>?)row.ApplicationId)
                        .FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false) is not { } application)
                    return new RouteChanges(version, null);
                applications.Add(application);
            }
            return new RouteChanges(version, [.. applications]);
        }, cancellationToken);

    private static Task<long> ReadVersionAsync(CatalogContext catalog, CancellationToken cancellationToken) =>
        catalog.Counters.Where(row => row.Name == Counter.Route).Select(row => row.Value).SingleAsync(cancellationToken);

    public Task<EndpointRevision?> FindRevisionAsync(Id<Endpoint> endpoint, long routeVersion, CancellationToken cancellationToken) =>
        database.ReadAsync(catalog => catalog.Revisions
            .Where(row => row.EndpointId == endpoint && row.Version <= routeVersion)
            .OrderByDescending(row => row.Version)
            .FirstOrDefaultAsync(cancellationToken), cancellationToken);

    private static async Task<IReadOnlyList<Id<Endpoint>>> DeleteEndpointsAsync(CatalogContext catalog, IQueryable<Endpoint> endpoints)
    {
        var deleted = await endpoints.ToListAsync().ConfigureAwait(false);
        foreach (var endpoint in deleted)
        {
            await AddRevisionAsync(catalog, endpoint, deleted: true).ConfigureAwait(false);
            catalog.Remove(endpoint);
        }
        await catalog.SaveChangesAsync().ConfigureAwait(false);
        return [.. deleted.Select(endpoint => endpoint.Id)];
    }

    private static async Task AddRevisionAsync(CatalogContext catalog, Endpoint endpoint, bool deleted) => catalog.Add(new EndpointRevision(
        endpoint.Id, await NextVersionAsync(catalog).ConfigureAwait(false), endpoint.Enabled, endpoint.EventTypes, endpoint.Channels, deleted,
        endpoint.Filter));

    private static async Task RefuseTakenUidAsync(CatalogContext catalog, Endpoint endpoint)
    {
        var (id, application, uid) = (endpoint.Id, endpoint.ApplicationId, endpoint.Uid);
        if (uid is not null && await catalog.Endpoints
                .AnyAsync(row => row.ApplicationId == application && row.Uid == uid && row.Id != id).ConfigureAwait(false))
            throw new ConflictException("conflict", $"Another endpoint of the application has the uid '{uid}'.");
    }
}
