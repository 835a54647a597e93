using System.Text.Json;
using Grapnel.Storage;

namespace Grapnel.Registry;

/// <summary>What a caller says about an event type.</summary>
internal sealed record EventTypeInput
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
        FeatureFlags = type.FeatureFlags,
        GroupName = type.GroupName,
    };
}

/// <summary>Adding, changing, archiving and deleting event types.</summary>
internal sealed class EventTypeRegistry(ICatalogStore store, CatalogEvents events, TimeProvider time)
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
            var created = Apply(input, existing?.CreatedAt ?? now, now);
            if (existing is null)
                await store.AddEventTypeAsync(created, CancellationToken.None);
            else
                await store.UpdateEventTypeAsync(created, CancellationToken.None);
            events.OnEventTypesChanged();
            return created;
        }, cancellationToken);

    /// <summary>Finds an event type by name.</summary>
    /// <exception cref="NotFoundException">There is none.</exception>
    public async Task<EventType> GetAsync(string name, CancellationToken cancellationToken) =>
        await store.FindEventTypeAsync(name, cancellationToken) ?? throw Unknown(name);

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
            var changed = Apply(input, current.CreatedAt, time.GetUtcNow());
            if (!await store.UpdateEventTypeAsync(changed, CancellationToken.None))
                throw Unknown(name);
            events.OnEventTypesChanged();
            return changed;
        }, cancellationToken);

    /// <summary>Replaces an event type, or adds it when there is none of that name.</summary>
    public async Task<Saved<EventType>> UpsertAsync(string name, EventTypeInput input, CancellationToken cancellationToken) =>
        await store.FindEventTypeAsync(name, cancellationToken) is not null
            ? new(await EditAsync(name, _ => input, cancellationToken), Created: false)
            : new(await CreateAsync(input with { Name = name }, cancellationToken), Created: true);

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
    }

    private static EventType Apply(EventTypeInput input, DateTimeOffset createdAt, DateTimeOffset updatedAt) => new()
    {
        Name = input.Name!,
        Description = input.Description!,
        Archived = input.Archived,
        Deprecated = input.Deprecated,
        Schemas = input.Schemas,
        FeatureFlags = input.FeatureFlags,
        GroupName = input.GroupName,
        CreatedAt = createdAt,
        UpdatedAt = updatedAt,
    };

    private static void Check(EventTypeInput input)
    {
        var check = new InputCheck();
        check.Key("name", input.Name);
        if (input.Description is null)
            check.Add("description", "is required");
        else
            check.Text("description", input.Description, 4096);
        if (input.Schemas is not null && !IsSchemaSet(input.Schemas))
            check.Add("schemas", "must be an object from version to JSON Schema, each an object or a boolean");
        foreach (var (index, flag) in (input.FeatureFlags ?? []).Index())
            check.Key($"featureFlags.{index}", flag);
        if (input.GroupName is not null)
            check.Key("groupName", input.GroupName);
        check.ThrowIfAny();
    }

    private static bool IsSchemaSet(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.EnumerateObject().All(version =>
                    version.Value.ValueKind is JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static ConflictException Exists(string name) => new("event_type_exists", $"There is already an event type '{name}'.");

    private static NotFoundException Unknown(string name) => new($"There is no event type '{name}'.");
}
