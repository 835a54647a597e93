using System.Collections.Frozen;
using Grapnel.Registry;
using Grapnel.Storage;

namespace Grapnel.Publishing;

/// <summary>The names of registered event types, kept in memory and read again after they changed.</summary>
public sealed class EventTypeNames
{
    private readonly ICatalogStore _catalog;
    private long _generation;
    private (long Generation, FrozenSet<string> Names)? _cached;
    private readonly Lock _lock = new();

    /// <summary>Names over a catalog, kept true by its events.</summary>
    public EventTypeNames(ICatalogStore catalog, CatalogEvents events)
    {
        _catalog = catalog;
        events.EventTypesChanged += () => Interlocked.Increment(ref _generation);
    }

    /// <summary>Whether an event type of this name exists and is not archived.</summary>
    public async ValueTask<bool> ContainsAsync(string name, CancellationToken cancellationToken)
    {
        var generation = Interlocked.Read(ref _generation);
        lock (_lock)
        {
            if (_cached is { } cached && cached.Generation == generation)
                return cached.Names.Contains(name);
        }
        var names = (await _catalog.ReadEventTypeNamesAsync(cancellationToken).ConfigureAwait(false)).ToFrozenSet(StringComparer.Ordinal);
        lock (_lock)
            _cached = (generation, names);
        return names.Contains(name);
    }
}
