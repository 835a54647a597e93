using Microsoft.EntityFrameworkCore;

namespace Grapnel.Storage.Catalog;

internal sealed partial class ConsoleStore
{
    public Task AddAuditEntriesAsync(IReadOnlyList<AuditEntry> entries, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            var ids = entries.Select(entry => entry.Id).ToArray();
            var there = await catalog.AuditLog.Where(row => ids.Contains(row.Id)).Select(row => row.Id).ToListAsync().ConfigureAwait(false);
            catalog.AddRange(entries.ExceptBy(there, entry => entry.Id));
            return await catalog.SaveChangesAsync().ConfigureAwait(false);
        }, cancellationToken);

    public Task<Page<AuditEntry>> ListAuditEntriesAsync(AuditFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        database.ReadAsync(catalog =>
        {
            IQueryable<AuditEntry> rows = catalog.AuditLog;
            if (filter.Actor is { } actor)
                rows = rows.Where(row => row.Actor == actor);
            if (filter.Subject is { } subject)
                rows = rows.Where(row => row.Subject == subject);
            if (filter.ApplicationId is { } application)
                rows = rows.Where(row => row.ApplicationId == application);
            return CatalogStore.PageAsync(rows, row => row.Id, page, cancellationToken);
        }, cancellationToken);

    public Task<int> PruneAuditEntriesAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken)
    {
        var first = Id<AuditEntry>.FirstAt(before);
        return database.WriteAsync(async catalog =>
        {
            var old = await catalog.AuditLog.OrderBy(row => row.Id).Where(row => row.Id.CompareTo(first) < 0).Select(row => row.Id).Take(limit)
                .ToListAsync().ConfigureAwait(false);
            if (old is not [.., var last])
                return 0;
            return await catalog.AuditLog.Where(row => row.Id.CompareTo(last) <= 0).ExecuteDeleteAsync().ConfigureAwait(false);
        }, cancellationToken);
    }
}
