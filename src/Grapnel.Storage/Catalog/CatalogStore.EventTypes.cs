using Microsoft.EntityFrameworkCore;

namespace Grapnel.Storage.Catalog;

internal sealed partial class CatalogStore
{
    public Task<EventType?> FindEventTypeAsync(string name, CancellationToken cancellationToken) =>
        database.ReadAsync(catalog => catalog.EventTypes.FirstOrDefaultAsync(row => row.Name == name, cancellationToken), cancellationToken);

    public Task<Page<EventType>> ListEventTypesAsync(
        PageRequest page, bool includeArchived, IReadOnlyList<string>? featureFlags, CancellationToken cancellationToken) =>
        database.ReadAsync(async catalog =>
        {
            var position = PagePosition.Of(page);
            IQueryable<EventType> rows = catalog.EventTypes;
            if (!includeArchived)
                rows = rows.Where(row => !row.Archived);
            if (position.Iterator is { } name)
                rows = rows.Where(Beyond<EventType, string>(row => row.Name, name, position.Ascending));
            rows = position.Ascending ? rows.OrderBy(row => row.Name) : rows.OrderByDescending(row => row.Name);
            // Flags are a JSON text: rows stream by until the page is full.
            var visible = featureFlags is null ? rows.Take(page.Limit + 1).AsAsyncEnumerable()
                : rows.AsAsyncEnumerable().Where(row => row.IsVisibleWith(featureFlags)).Take(page.Limit + 1);
            return position.ToPage(await visible.ToListAsync(cancellationToken).ConfigureAwait(false), page.Limit);
        }, cancellationToken);

    public Task<IReadOnlyList<string>> ReadEventTypeNamesAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<string>>(async catalog => await catalog.EventTypes
            .Where(row => !row.Archived)
            .OrderBy(row => row.Name)
            .Select(row => row.Name)
            .ToListAsync(cancellationToken).ConfigureAwait(false), cancellationToken);

    public Task<IReadOnlyList<EventType>> ReadValidatedEventTypesAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<EventType>>(async catalog => await catalog.EventTypes
            .Where(row => row.Validation != SchemaValidation.Off)
            .OrderBy(row => row.Name)
            .ToListAsync(cancellationToken).ConfigureAwait(false), cancellationToken);

    public Task AddEventTypeAsync(EventType eventType, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            if (await EventTypeExistsAsync(catalog, eventType.Name).ConfigureAwait(false))
                throw new ConflictException("event_type_exists", $"The event type '{eventType.Name}' exists already.");
            return await AddAsync(catalog, eventType).ConfigureAwait(false);
        }, cancellationToken);

    public Task<bool> UpdateEventTypeAsync(EventType eventType, DateTimeOffset asOf, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
            await IsThereAsync(catalog.EventTypes.Where(row => row.Name == eventType.Name).Select(row => row.UpdatedAt), asOf).ConfigureAwait(false)
            && await ReplaceAsync(catalog, eventType).ConfigureAwait(false), cancellationToken);

    public Task<bool> DeleteEventTypeAsync(string name, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
            await catalog.EventTypes.Where(row => row.Name == name).ExecuteDeleteAsync().ConfigureAwait(false) > 0, cancellationToken);

    private static Task<bool> EventTypeExistsAsync(CatalogContext catalog, string name) =>
        catalog.EventTypes.AnyAsync(row => row.Name == name);
}
