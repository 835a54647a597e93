using System.Collections.Frozen;
using Grapnel.Publishing.Schemas;
using Grapnel.Registry;
using Grapnel.Storage;

namespace Grapnel.Publishing;

/// <summary>What publishing has to know of registered event types, kept in memory and read again after they changed.</summary>
internal sealed class EventTypeCache : IDisposable
{
    private const string All = "event types";

    private readonly ICatalogStore _catalog;
    private readonly CatalogCache<KnownEventTypes> _cache;

    /// <summary>A cache over a catalog, kept true by its events.</summary>
    public EventTypeCache(ICatalogStore catalog, CatalogEvents events, GrapnelMetrics metrics)
    {
        _catalog = catalog;
        _cache = new CatalogCache<KnownEventTypes>("event_types", 1, _ => All, metrics);
        events.EventTypesChanged += () => _cache.Drop(All);
    }

    /// <summary>The event types as of now.</summary>
    public ValueTask<KnownEventTypes> ReadAsync(CancellationToken cancellationToken) =>
        _cache.Find(All) is { } known ? new(known) : LoadAsync(cancellationToken);

    /// <summary>The event types as of now, for a message that is refused unless its own is among them: another node may have made it a moment ago.</summary>
    public async ValueTask<KnownEventTypes> ReadAsync(string required, CancellationToken cancellationToken)
    {
        var known = await ReadAsync(cancellationToken).ConfigureAwait(false);
        if (known.Contains(required) || await _catalog.FindEventTypeAsync(required, cancellationToken).ConfigureAwait(false) is not { Archived: false })
            return known;
        _cache.Drop(All);
        return await ReadAsync(cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => _cache.Dispose();

    private async ValueTask<KnownEventTypes> LoadAsync(CancellationToken cancellationToken) => (await _cache.GetAsync(All, async cancel =>
    {
        var names = await _catalog.ReadEventTypeNamesAsync(cancel).ConfigureAwait(false);
        return new KnownEventTypes(names, await _catalog.ReadValidatedEventTypesAsync(cancel).ConfigureAwait(false));
    }, cancellationToken).ConfigureAwait(false))!;
}

/// <summary>The event types as of one reading.</summary>
internal sealed class KnownEventTypes(IReadOnlyList<string> names, IReadOnlyList<EventType> validated)
{
    private readonly FrozenSet<string> _names = names.ToFrozenSet(StringComparer.Ordinal);

    // Null as long as nothing is validated: then a message costs no look-up.
    private readonly FrozenDictionary<string, PayloadCheck>? _checks = validated.Count == 0
        ? null
        : validated.ToFrozenDictionary(type => type.Name, type => new PayloadCheck(type), StringComparer.Ordinal);

    /// <summary>Whether an event type of this name exists and is not archived.</summary>
    public bool Contains(string name) => _names.Contains(name);

    /// <summary>What payloads of an event type are held against; null for nothing.</summary>
    public PayloadCheck? CheckOf(string eventType) => _checks?.GetValueOrDefault(eventType);
}

/// <summary>What payloads of an event type are held against. The schema is made ready when the first message comes.</summary>
internal sealed class PayloadCheck(EventType type)
{
    private readonly Lazy<Func<ReadOnlyMemory<byte>, IReadOnlyList<SchemaFault>>?> _check = new(() => CheckOf(type));

    /// <summary>Whether a payload that does not fit is refused, rather than reported.</summary>
    public bool Refuses => type.Validation == SchemaValidation.Enforce;

    /// <summary>What does not fit; null when all does.</summary>
    public IReadOnlyList<SchemaFault>? Faults(ReadOnlyMemory<byte> payload) => _check.Value?.Invoke(payload) is { Count: > 0 } faults ? faults : null;

    private static Func<ReadOnlyMemory<byte>, IReadOnlyList<SchemaFault>>? CheckOf(EventType type)
    {
        if (SchemaSet.Newest(type.Schemas) is not { } schema)
            return null;
        try
        {
            return PayloadSchema.Read(schema).Check;
        }
        catch (SchemaException e)
        {
            // It was good when it was saved, by an older version of this program.
            SchemaFault[] faults = [new([], $"cannot be checked, because the schema of '{type.Name}' cannot be used any more: {e.Message}")];
            return _ => faults;
        }
    }
}
