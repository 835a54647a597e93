using Microsoft.EntityFrameworkCore;

namespace Grapnel.Storage.Catalog;

internal sealed partial class CatalogStore
{
    public Task<Schedule?> FindScheduleAsync(Id<Application> application, Id<Schedule> id, CancellationToken cancellationToken) =>
        database.ReadAsync(catalog => catalog.Schedules
            .FirstOrDefaultAsync(row => row.Id == id && row.ApplicationId == application, cancellationToken), cancellationToken);

    public Task<Page<Schedule>> ListSchedulesAsync(Id<Application> application, PageRequest page, CancellationToken cancellationToken) =>
        database.ReadAsync(catalog => PageAsync(
            catalog.Schedules.Where(row => row.ApplicationId == application), row => row.Id, page, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<Schedule>> ReadDueSchedulesAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<Schedule>>(async catalog => await catalog.Schedules
            .Where(row => row.Enabled && row.NextAt <= now)
            .OrderBy(row => row.NextAt)
            .Take(limit)
            .ToListAsync(cancellationToken).ConfigureAwait(false), cancellationToken);

    public Task<DateTimeOffset?> NextScheduleAtAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(catalog => catalog.Schedules
            .Where(row => row.Enabled)
            .OrderBy(row => row.NextAt)
            .Select(row => (DateTimeOffset?)row.NextAt)
            .FirstOrDefaultAsync(cancellationToken), cancellationToken);

    public Task AddScheduleAsync(Schedule schedule, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
        {
            var application = schedule.ApplicationId;
            if (!await catalog.Applications.AnyAsync(row => row.Id == application).ConfigureAwait(false))
                throw new NotFoundException($"Application {application} does not exist.");
            return await AddAsync(catalog, schedule).ConfigureAwait(false);
        }, cancellationToken);

    public Task<bool> UpdateScheduleAsync(Schedule schedule, DateTimeOffset asOf, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
            await IsThereAsync(catalog.Schedules.Where(row => row.Id == schedule.Id).Select(row => row.UpdatedAt), asOf).ConfigureAwait(false)
            && await ReplaceAsync(catalog, schedule).ConfigureAwait(false), cancellationToken);

    public Task<bool> AdvanceScheduleAsync(Id<Schedule> id, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog => await catalog.Schedules
            .Where(row => row.Id == id && row.NextAt == from)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.NextAt, to)).ConfigureAwait(false) > 0, cancellationToken);

    public Task<bool> DeleteScheduleAsync(Id<Schedule> id, CancellationToken cancellationToken) =>
        database.WriteAsync(async catalog =>
            await catalog.Schedules.Where(row => row.Id == id).ExecuteDeleteAsync().ConfigureAwait(false) > 0, cancellationToken);
}
