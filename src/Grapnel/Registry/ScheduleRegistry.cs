using Grapnel.Auditing;
using Grapnel.Housekeeping;
using Grapnel.Storage;
using Microsoft.Extensions.Options;

namespace Grapnel.Registry;

/// <summary>What a caller says about a schedule: a cron expression, or an interval drawn anew each time.</summary>
public sealed record ScheduleInput
{
    /// <summary>The event type to publish; required, known and not archived.</summary>
    public string? EventType { get; init; }

    /// <summary>A cron expression of five fields, or six with seconds, in UTC; null with intervals.</summary>
    public string? Cron { get; init; }

    /// <summary>The shortest interval, at least 1 second; given together with <see cref="MaxInterval"/>.</summary>
    public TimeSpan? MinInterval { get; init; }

    /// <summary>The longest interval, at most 366 days; given together with <see cref="MinInterval"/>.</summary>
    public TimeSpan? MaxInterval { get; init; }

    /// <summary>The body to publish, byte for byte; null for the standard envelope.</summary>
    public byte[]? Payload { get; init; }

    /// <summary>Whether it runs. Default true.</summary>
    public bool Enabled { get; init; } = true;

    internal static ScheduleInput From(Schedule schedule) => new()
    {
        EventType = schedule.EventType,
        Cron = schedule.Cron,
        MinInterval = schedule.MinInterval,
        MaxInterval = schedule.MaxInterval,
        Payload = schedule.Payload,
        Enabled = schedule.Enabled,
    };
}

/// <summary>Adding, changing and deleting schedules.</summary>
internal sealed class ScheduleRegistry(
    ICatalogStore store, CatalogEvents events, AuditLog audit, IdGenerator ids, IOptions<PublishingOptions> publishing, TimeProvider time, Random random)
{
    private readonly EditGate _gate = new();

    /// <summary>Adds a schedule to an application.</summary>
    public async Task<Schedule> CreateAsync(Id<Application> application, ScheduleInput input, CancellationToken cancellationToken)
    {
        await CheckAsync(input, heldType: null, cancellationToken);
        var now = time.GetUtcNow();
        var schedule = Apply(input, new Schedule
        {
            Id = ids.Next<Schedule>(),
            ApplicationId = application,
            EventType = "",
            NextAt = now,
            CreatedAt = now,
            UpdatedAt = now,
        });
        await store.AddScheduleAsync(schedule, CancellationToken.None);
        events.OnSchedulesChanged();
        audit.RecordChange(AuditActions.ScheduleCreated, schedule.Id.ToString(), application, null, schedule);
        return schedule;
    }

    /// <summary>Finds a schedule of an application.</summary>
    /// <exception cref="NotFoundException">There is none.</exception>
    public async Task<Schedule> GetAsync(Id<Application> application, string id, CancellationToken cancellationToken) =>
        await FindAsync(application, id, cancellationToken) ?? throw Unknown(id);

    /// <summary>Lists schedules of an application by id.</summary>
    public Task<Page<Schedule>> ListAsync(Id<Application> application, PageRequest page, CancellationToken cancellationToken) =>
        store.ListSchedulesAsync(application, page, cancellationToken);

    /// <summary>Changes a schedule: <paramref name="edit"/> gets what is there and returns what should be. Its next time is drawn anew.</summary>
    public Task<Schedule> EditAsync(
        Id<Application> application, string id, Func<ScheduleInput, ScheduleInput> edit, CancellationToken cancellationToken) =>
        _gate.RunAsync(async () =>
        {
            var current = await GetAsync(application, id, cancellationToken);
            var input = edit(ScheduleInput.From(current));
            await CheckAsync(input, current.EventType, cancellationToken);
            var changed = Apply(input, current) with { UpdatedAt = EditGate.Next(time, current.UpdatedAt) };
            if (!await store.UpdateScheduleAsync(changed, current.UpdatedAt, CancellationToken.None))
                throw Unknown(id);
            events.OnSchedulesChanged();
            audit.RecordChange(AuditActions.ScheduleUpdated, changed.Id.ToString(), application, current, changed);
            return changed;
        }, cancellationToken);

    /// <summary>Replaces a schedule, or adds it when there is none of that id.</summary>
    public async Task<Saved<Schedule>> UpsertAsync(
        Id<Application> application, string id, ScheduleInput input, CancellationToken cancellationToken) =>
        await FindAsync(application, id, cancellationToken) is not null
            ? new(await EditAsync(application, id, _ => input, cancellationToken), Created: false)
            : new(await CreateAsync(application, input, cancellationToken), Created: true);

    /// <summary>Deletes a schedule.</summary>
    public async Task DeleteAsync(Id<Application> application, string id, CancellationToken cancellationToken)
    {
        var schedule = await GetAsync(application, id, cancellationToken);
        if (!await store.DeleteScheduleAsync(schedule.Id, CancellationToken.None))
            throw Unknown(id);
        events.OnSchedulesChanged();
        audit.RecordChange(AuditActions.ScheduleDeleted, schedule.Id.ToString(), application, schedule, null);
    }

    private async Task<Schedule?> FindAsync(Id<Application> application, string id, CancellationToken cancellationToken) =>
        Id<Schedule>.TryParse(id, out var parsed) ? await store.FindScheduleAsync(application, parsed, cancellationToken) : null;

    private async Task CheckAsync(ScheduleInput input, string? heldType, CancellationToken cancellationToken)
    {
        var check = new InputCheck();
        await CheckEventTypeAsync(check, input.EventType, heldType, cancellationToken);
        check.Add(ScheduleCalendar.Validate(input.Cron, input.MinInterval, input.MaxInterval, time.GetUtcNow()));
        // Otherwise every occurrence would be refused, and nobody would be there to hear it.
        if (input.Payload?.Length > publishing.Value.MaxPayloadBytes)
            check.Add("payload", $"must have at most {publishing.Value.MaxPayloadBytes} bytes");
        check.ThrowIfAny();
    }

    private async Task CheckEventTypeAsync(InputCheck check, string? name, string? held, CancellationToken cancellationToken)
    {
        if (name is null)
            check.Add("eventType", "is required");
        else if (name != held && await store.FindEventTypeAsync(name, cancellationToken) is not { Archived: false })
            check.Add("eventType", $"there is no event type '{name}', or it is archived");
    }

    private Schedule Apply(ScheduleInput input, Schedule schedule)
    {
        var now = time.GetUtcNow();
        var changed = schedule with
        {
            EventType = input.EventType!,
            Cron = input.Cron,
            MinInterval = input.MinInterval,
            MaxInterval = input.MaxInterval,
            Payload = input.Payload,
            Enabled = input.Enabled,
        };
        return changed with { NextAt = ScheduleCalendar.Next(changed, now, random.NextDouble()) };
    }

    private static NotFoundException Unknown(string id) => new($"There is no schedule '{id}' in this application.");
}
