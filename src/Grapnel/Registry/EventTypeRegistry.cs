using System.Text;
using System.Text.Json;
using Grapnel.Auditing;
using Grapnel.Publishing.Schemas;
using Grapnel.Storage;

namespace Grapnel.Registry;

/// <summary>What a caller says about an event type.</summary>
public sealed record EventTypeInput
{
    /// <summary>The name, its key; required and never changed.</summary>
    public string? Name { get; init; }

    /// <summary>What it means, for people; required.</summary>
    public string? Description { get; init; }

    /// <summary>Hidden from lists and closed for new subscriptions.</summary>
    public bool Archived { get; init; }

    /// <summary>On its way out; no effect on delivery.</summary>
    public bool Deprecated { get; init; }

    /// <summary>JSON text: an object from version to JSON Schema, or null.</summary>
    public string? Schemas { get; init; }

    /// <summary>What happens to a payload that does not fit the newest of <see cref="Schemas"/>. Default nothing.</summary>
    public SchemaValidation Validation { get; init; }

    /// <summary>Feature flags that make it visible to application keys; null shows it to all.</summary>
    public IReadOnlyList<string>? FeatureFlags { get; init; }

    /// <summary>A heading to list it under, or null.</summary>
    public string? GroupName { get; init; }

    internal static EventTypeInput From(EventType type) => new()
    {
        Name = type.Name,
        Description = type.Description,
        Archived = type.Archived,
        Deprecated = type.Deprecated,
        Schemas = type.Schemas,
        Validation = type.Validation,
        FeatureFlags = type.FeatureFlags,
        GroupName = type.GroupName,
    };
}

/// <summary>Adding, changing, archiving and deleting event types.</summary>
internal sealed partial class EventTypeRegistry(ICatalogStore store, CatalogEvents events, AuditLog audit, TimeProvider time)
{
    private readonly EditGate _gate = new();

    /// <summary>Adds an event type; one of that name that is archived comes back with the new content.</summary>
    public Task<EventType> CreateAsync(EventTypeInput input, CancellationToken cancellationToken) =>
        _gate.RunAsync(async () =>
        {
            Check(input);
            var now = time.GetUtcNow();
            var existing = await store.FindEventTypeAsync(input.Name!, cancellationToken);
            if (existing is { Archived: false })
                throw Exists(input.Name!);
            var created = Apply(input, existing?.CreatedAt ?? now, existing is null ? now : EditGate.Next(time, existing.UpdatedAt));
            if (existing is null)
                await store.AddEventTypeAsync(created, CancellationToken.None);
            else
                await store.UpdateEventTypeAsync(created, existing.UpdatedAt, CancellationToken.None);
            events.OnEventTypesChanged();
            Record(existing, created);
            return created;
        }, cancellationToken);

    /// <summary>Finds an event type by name.</summary>
    /// <exception cref="NotFoundException">There is none.</exception>
    public async Task<EventType> GetAsync(string name, CancellationToken cancellationToken) =>
        await store.FindEventTypeAsync(name, cancellationToken) ?? throw Unknown(name);

    /// <summary>An example of an event as JSON: element <paramref name="index"/> of <c>examples</c> in the newest schema; null where there is none.</summary>
    public async Task<byte[]?> ExampleAsync(string name, int index, CancellationToken cancellationToken)
    {
        if (name is "grapnel.ping" or "svix.ping")
            return """{"success":true}"""u8.ToArray();
        var type = await store.FindEventTypeAsync(name, cancellationToken);
        return SchemaSet.Newest(type?.Schemas) is { ValueKind: JsonValueKind.Object } schema && index >= 0
            && schema.TryGetProperty("examples", out var examples) && examples.ValueKind == JsonValueKind.Array && index < examples.GetArrayLength()
            ? Encoding.UTF8.GetBytes(examples[index].GetRawText())
            : null;
    }

    /// <summary>Finds an event type for a caller with these feature flags; null for one who may know of all types.</summary>
    /// <exception cref="NotFoundException">There is none, or none that this caller may know of.</exception>
    public async Task<EventType> GetVisibleAsync(string name, IReadOnlyList<string>? featureFlags, CancellationToken cancellationToken) =>
        await GetAsync(name, cancellationToken) is var type && type.IsVisibleWith(featureFlags) ? type : throw Unknown(name);

    /// <summary>Lists event types by name, for a caller with these feature flags; null for one who may know of all types.</summary>
    public Task<Page<EventType>> ListAsync(
        PageRequest page, bool includeArchived, IReadOnlyList<string>? featureFlags, CancellationToken cancellationToken) =>
        store.ListEventTypesAsync(page, includeArchived, featureFlags, cancellationToken);

    /// <summary>Changes an event type: <paramref name="edit"/> gets what is there and returns what should be.</summary>
    public Task<EventType> EditAsync(string name, Func<EventTypeInput, EventTypeInput> edit, CancellationToken cancellationToken) =>
        _gate.RunAsync(async () =>
        {
            var current = await GetAsync(name, cancellationToken);
            var input = edit(EventTypeInput.From(current)) with { Name = name };
            Check(input);
            var changed = Apply(input, current.CreatedAt, EditGate.Next(time, current.UpdatedAt));
            if (!await store.UpdateEventTypeAsync(changed, current.UpdatedAt, CancellationToken.None))
                throw Unknown(name);
            events.OnEventTypesChanged();
            Record(current, changed);
            return changed;
        }, cancellationToken);

    /// <summary>Replaces an event type, or adds it when there is none of that name.</summary>
    public async Task<Saved<EventType>> UpsertAsync(string name, EventTypeInput input, CancellationToken cancellationToken)
    {
        try
        {
            if (await store.FindEventTypeAsync(name, cancellationToken) is null)
                return new(await CreateAsync(input with { Name = name }, cancellationToken), Created: true);
        }
        catch (ConflictException)
        {
            // Somebody who wanted the same was faster.
        }
        return new(await EditAsync(name, _ => input, cancellationToken), Created: false);
    }

    /// <summary>Archives an event type: it keeps its name and its history.</summary>
    public Task ArchiveAsync(string name, CancellationToken cancellationToken) =>
        EditAsync(name, input => input with { Archived = true }, cancellationToken);

    /// <summary>Deletes an event type for good. Messages of the type stay.</summary>
    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!await store.DeleteEventTypeAsync(name, CancellationToken.None))
            throw Unknown(name);
        events.OnEventTypesChanged();
        audit.Record(AuditActions.EventTypeDeleted, name);
    }

    private void Record(EventType? before, EventType after) => audit.RecordChange(ActionOf(before, after), after.Name, null, before, after);

    private static string ActionOf(EventType? before, EventType after) => (before?.Archived, after.Archived) switch
    {
        (null, _) => AuditActions.EventTypeCreated,
        (true, false) => AuditActions.EventTypeRestored,
        (false, true) => AuditActions.EventTypeArchived,
        _ => AuditActions.EventTypeUpdated,
    };

    private static EventType Apply(EventTypeInput input, DateTimeOffset createdAt, DateTimeOffset updatedAt) => new()
    {
        Name = input.Name!,
        Description = input.Description!,
        Archived = input.Archived,
        Deprecated = input.Deprecated,
        Schemas = input.Schemas,
        Validation = input.Validation,
        FeatureFlags = input.FeatureFlags,
        GroupName = input.GroupName,
        CreatedAt = createdAt,
        UpdatedAt = updatedAt,
    };

    private static void Check(EventTypeInput input)
    {
        if (Faults(input) is { Count: > 0 } faults)
            throw new InvalidInputException(faults);
    }

    private static IReadOnlyList<FieldError> Faults(EventTypeInput input)
    {
        var check = new InputCheck();
        check.Key("name", input.Name);
        if (input.Description is null)
            check.Add("description", "is required");
        else
            check.Text("description", input.Description, 4096);
        if (input.Schemas is not null)
            check.Add(SchemaSet.Faults(input.Schemas, input.Validation != SchemaValidation.Off));
        if (input.Validation != SchemaValidation.Off && input.Schemas is null or "{}")
            check.Add("schemaValidation", "needs at least one schema in 'schemas'");
        foreach (var (index, flag) in (input.FeatureFlags ?? []).Index())
            check.Key($"featureFlags.{index}", flag);
        if (input.GroupName is not null)
            check.Key("groupName", input.GroupName);
        return check.Errors;
    }

    private static ConflictException Exists(string name) => new("event_type_exists", $"There is already an event type '{name}'.");

    private static NotFoundException Unknown(string name) => new($"There is no event type '{name}'.");
}
