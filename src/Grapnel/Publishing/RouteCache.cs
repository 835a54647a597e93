using System.Collections.Concurrent;
using Grapnel.Publishing.Filters;
using Grapnel.Registry;
using Grapnel.Storage;

namespace Grapnel.Publishing;

/// <summary>
/// Remembers each application's endpoints and what routing decides for its event types. A write to the catalog drops what it touches before
/// the writer is answered, so the next publish sees it. Of what other nodes wrote a signal tells; and accepting checks it, so that no signal has to be
/// waited for.
/// </summary>
internal sealed class RouteCache : IDisposable
{
    private const int MaxApplications = 10_000;

    private readonly ICatalogStore _catalog;
    private readonly Lock _lock = new();
    private readonly CatalogCache<Routes> _cache;
    private readonly Dictionary<Id<Application>, long> _changedAt = [];
    private long _allChangedAt;
    private long _version;

    /// <summary>A cache over a catalog, kept true by its events.</summary>
    public RouteCache(ICatalogStore catalog, CatalogEvents events, GrapnelMetrics metrics)
    {
        _catalog = catalog;
        _cache = new CatalogCache<Routes>("routes", 2 * MaxApplications, routes => routes.Application.Id.ToString(), metrics);
        events.RoutesChanged += id => _cache.Drop(id.ToString());
    }

    /// <summary>The routes of an application by id or uid; null when there is none.</summary>
    public ValueTask<Routes?> FindAsync(string application, CancellationToken cancellationToken) =>
        _cache.Find(application) is { } routes ? new(routes) : _cache.GetAsync(application, cancel => LoadAsync(application, cancel), cancellationToken);

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
                _cache.DropAll();
                return;
            }
            foreach (var application in changes.Applications)
            {
                _changedAt[application] = _version;
                _cache.Drop(application.ToString());
            }
        }
    }

    public void Dispose() => _cache.Dispose();

    private async Task<Routes?> LoadAsync(string application, CancellationToken cancellationToken) =>
        await _catalog.ReadRouteTableAsync(application, cancellationToken).ConfigureAwait(false) is { } table ? new Routes(table) : null;
}

/// <summary>The endpoints of one application and the plans made from them.</summary>
internal sealed class Routes
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
