using System.Collections.Concurrent;
using Grapnel.Publishing.Filters;
using Grapnel.Registry;
using Grapnel.Storage;

namespace Grapnel.Publishing;

/// <summary>
/// Remembers each application's endpoints and what routing decides for its event types. A write to the catalog drops what it touches before
/// the writer is answered, so the next publish sees it; there is no expiry to wait for.
/// </summary>
public sealed class RouteCache
{
    private const int MaxApplications = 10_000;

    private readonly ICatalogStore _catalog;
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, Routes> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<Id<Application>, long> _changedAt = [];
    private long _allChangedAt;
    private long _version;
    private long _generation;

    /// <summary>A cache over a catalog, kept true by its events.</summary>
    public RouteCache(ICatalogStore catalog, CatalogEvents events)
    {
        _catalog = catalog;
        events.RoutesChanged += Invalidate;
    }

    /// <summary>The routes of an application by id or uid; null when there is none.</summary>
    public ValueTask<Routes?> FindAsync(string application, CancellationToken cancellationToken) =>
        _byName.TryGetValue(application, out var routes) ? new(routes) : LoadAsync(application, cancellationToken);

    /// <summary>The version of all routing up to which this cache knows every change; see <see cref="RefreshAsync"/>.</summary>
    internal long Version
    {
        get
        {
            lock (_lock)
                return _version;
        }
    }

    /// <summary>Whether nothing is known to have changed in the routes of an application since a version.</summary>
    internal bool IsCurrent(Id<Application> application, long version)
    {
        lock (_lock)
            return version >= _allChangedAt && version >= _changedAt.GetValueOrDefault(application);
    }

    /// <summary>Takes note of what other nodes changed, where several share a catalog.</summary>
    internal async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var changes = await _catalog.ReadRouteChangesAsync(Version, cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            if (changes.Version <= _version)
                return;
            _version = changes.Version;
            if (changes.Applications is null || _changedAt.Count > MaxApplications)
            {
                _changedAt.Clear();
                _allChangedAt = _version;
                _generation++;
                _byName.Clear();
                return;
            }
            foreach (var application in changes.Applications)
            {
                _changedAt[application] = _version;
                Invalidate(application);
            }
        }
    }

    private async ValueTask<Routes?> LoadAsync(string application, CancellationToken cancellationToken)
    {
        var generation = Volatile.Read(ref _generation);
        var table = await _catalog.ReadRouteTableAsync(application, cancellationToken).ConfigureAwait(false);
        if (table is null)
            return null;
        var routes = new Routes(table);
        lock (_lock)
        {
            // A write that finished while we read may not be in what we read: use it once, keep nothing.
            if (generation == _generation)
                Remember(routes);
        }
        return routes;
    }

    private void Remember(Routes routes)
    {
        if (_byName.Count >= 2 * MaxApplications)
            _byName.Clear();
        _byName[routes.Application.Id.ToString()] = routes;
        if (routes.Application.Uid is { } uid)
            _byName[uid] = routes;
    }

    private void Invalidate(Id<Application> id)
    {
        lock (_lock)
        {
            _generation++;
            if (_byName.TryRemove(id.ToString(), out var routes) && routes.Application.Uid is { } uid)
                _byName.TryRemove(uid, out _);
        }
    }
}

/// <summary>The endpoints of one application and the plans made from them.</summary>
public sealed class Routes
{
    private const int MaxPlans = 1_000;
    private readonly RouteTable _table;
    private readonly Dictionary<Id<Endpoint>, PayloadFilter>? _filters;
    private readonly ConcurrentDictionary<string, RoutePlan> _byEventType = new(StringComparer.Ordinal);

    internal Routes(RouteTable table)
    {
        _table = table;
        foreach (var endpoint in table.Endpoints)
            // What is stored was checked when it came in.
            if (endpoint.Filter is { } text && PayloadFilter.TryParse(text, out var filter, out _))
                (_filters ??= []).Add(endpoint.Id, filter);
    }

    /// <summary>The application.</summary>
    public Application Application => _table.Application;

    /// <summary>The version of its endpoints.</summary>
    public long Version => _table.Version;

    /// <summary>What to do with a message of an event type, published on some channels or none, before its payload is looked at.</summary>
    public RoutePlan Plan(string eventType, IReadOnlyList<string>? channels)
    {
        if (channels is not null)
            return new RoutePlan(_table.Endpoints, _filters, eventType, channels);
        if (_byEventType.TryGetValue(eventType, out var plan))
            return plan;
        plan = new RoutePlan(_table.Endpoints, _filters, eventType, null);
        // Event types need not be registered, so their names are not ours to bound; the memory for them is.
        if (_byEventType.Count < MaxPlans)
            _byEventType[eventType] = plan;
        return plan;
    }
}
