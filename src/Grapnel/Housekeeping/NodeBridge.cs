using Grapnel.Dispatching;
using Grapnel.Publishing;
using Grapnel.Registry;
using Grapnel.Storage;
using Microsoft.Extensions.Logging;

namespace Grapnel.Housekeeping;

/// <summary>
/// Between this process and the other nodes: what changes here is told to them, and what they tell is made known here by the very events that a change
/// of this process's own raises. So whoever keeps something of the catalog in memory needs to know nothing of other nodes.
/// </summary>
internal sealed partial class NodeBridge
{
    private readonly INodeSignals _signals;
    private readonly CatalogEvents _events;
    private readonly ICatalogStore _catalog;
    private readonly Dispatcher _dispatcher;
    private readonly RouteCache _routes;
    private readonly TimeProvider _time;
    private readonly ILogger<NodeBridge> _logger;

    // Set while an event is raised for what another node did: that is not to be told to it again. Handlers run on the raising thread.
    [ThreadStatic]
    private static bool _relaying;

    public NodeBridge(
        INodeSignals signals, CatalogEvents events, ICatalogStore catalog, Dispatcher dispatcher, RouteCache routes, TimeProvider time, ILogger<NodeBridge> logger)
    {
        (_signals, _events, _catalog, _dispatcher, _routes, _time, _logger) = (signals, events, catalog, dispatcher, routes, time, logger);
        events.EndpointChanged += endpoint => Tell(new NodeSignal(SignalKind.EndpointChanged, endpoint.Id, endpoint.ApplicationId));
        events.EndpointGone += (application, id) => Tell(new NodeSignal(SignalKind.EndpointDeleted, id, application));
        events.ApplicationChanged += id => Tell(new NodeSignal(SignalKind.ApplicationChanged, Application: id));
        events.LanePaused += (id, paused) => Tell(new NodeSignal(SignalKind.LanePaused, id, Number: paused ? 1 : 0));
        events.EventTypesChanged += () => Tell(new NodeSignal(SignalKind.EventTypesChanged));
        events.SchedulesChanged += () => Tell(new NodeSignal(SignalKind.SchedulesChanged));
        events.ApiKeysChanged += () => Tell(new NodeSignal(SignalKind.ApiKeysChanged));
        events.TokensRevoked += _ => Tell(new NodeSignal(SignalKind.TokensRevoked));
        signals.Received += OnReceived;
        signals.Interrupted += () => Start(RefreshAsync);
    }

    private static readonly TimeSpan RefreshPeriod = TimeSpan.FromMinutes(1);

    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Periodic.RunAsync(RefreshPeriod, _time, _ => RefreshAsync(), e => LogFailed(_logger, e), cancellationToken);

    /// <summary>
    /// Reads again whatever another node may have changed. Done after signals were lost; and slowly, as a net, because a node can die between a change and
    /// its signal.
    /// </summary>
    public async Task RefreshAsync()
    {
        await _routes.RefreshAsync(CancellationToken.None).ConfigureAwait(false);
        foreach (var ids in _dispatcher.OwnedEndpoints().Chunk(250))
        {
            var there = await _catalog.ReadEndpointsAsync(ids, CancellationToken.None).ConfigureAwait(false);
            foreach (var endpoint in there)
                Relay(() => _events.OnEndpointChanged(endpoint));
            foreach (var gone in ids.Except(there.Select(endpoint => endpoint.Id)))
                Relay(() => _events.OnEndpointDeleted(application: null, gone));
        }
        foreach (var application in await _catalog.ReadLimitedApplicationsAsync(CancellationToken.None).ConfigureAwait(false))
            Relay(() => _events.OnRateLimitChanged(application.Id, application.RateLimit));
        await ReadTokensAsync().ConfigureAwait(false);
        Relay(_events.OnEventTypesChanged);
        Relay(_events.OnSchedulesChanged);
        Relay(_events.OnApiKeysChanged);
        _dispatcher.Doubt();
        _dispatcher.ForgetOwners(endpoint: null);
    }

    private void Tell(NodeSignal signal)
    {
        if (!_relaying)
            _signals.Send(signal);
    }

    private void OnReceived(NodeSignal signal)
    {
        switch (signal.Kind)
        {
            case SignalKind.LaneFilled:
                _dispatcher.Filled(signal.Endpoint, signal.Number);
                break;
            case SignalKind.DeliveryEnded:
                _dispatcher.ForgetHere([(signal.Endpoint, signal.Number)]);
                break;
            case SignalKind.LaneReleased:
                _dispatcher.ForgetOwners(signal.Endpoint);
                break;
            case SignalKind.LanesFree:
                _dispatcher.ForgetOwners(endpoint: null);
                break;
            case SignalKind.LanePaused:
                Relay(() => _events.OnLanePaused(signal.Endpoint, signal.Number == 1));
                break;
            case SignalKind.EndpointChanged:
                Relay(() => _events.OnRoutesChanged(signal.Application));
                Start(() => ReadEndpointAsync(signal.Endpoint));
                break;
            case SignalKind.EndpointDeleted:
                Relay(() => _events.OnEndpointDeleted(signal.Application, signal.Endpoint));
                break;
            case SignalKind.ApplicationChanged:
                Relay(() => _events.OnRoutesChanged(signal.Application));
                Start(() => ReadLimitAsync(signal.Application));
                break;
            case SignalKind.EventTypesChanged:
                Relay(_events.OnEventTypesChanged);
                break;
            case SignalKind.SchedulesChanged:
                Relay(_events.OnSchedulesChanged);
                break;
            case SignalKind.ApiKeysChanged:
                Relay(_events.OnApiKeysChanged);
                break;
            case SignalKind.TokensRevoked:
                Start(ReadTokensAsync);
                break;
        }
    }

    private async Task ReadEndpointAsync(Id<Endpoint> id)
    {
        if (await _catalog.ReadEndpointsAsync([id], CancellationToken.None).ConfigureAwait(false) is [var endpoint])
            Relay(() => _events.OnEndpointChanged(endpoint));
    }

    private async Task ReadLimitAsync(Id<Application> id)
    {
        var application = await _catalog.FindApplicationAsync(id.ToString(), CancellationToken.None).ConfigureAwait(false);
        Relay(() => _events.OnRateLimitChanged(id, application?.RateLimit));
    }

    private async Task ReadTokensAsync()
    {
        var revocations = await _catalog.ReadTokenRevocationsAsync(_time.GetUtcNow(), CancellationToken.None).ConfigureAwait(false);
        Relay(() => _events.OnTokensRevoked(revocations));
    }

    private static void Relay(Action raise)
    {
        _relaying = true;
        try
        {
            raise();
        }
        finally
        {
            _relaying = false;
        }
    }

    // A read that fails leaves what is in memory as it is until the next refresh.
    private void Start(Func<Task> work) => _ = Task.Run(async () =>
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            LogFailed(_logger, e);
        }
    });

    [LoggerMessage(EventId = 340, Level = LogLevel.Warning, Message = "What another node changed could not be read; it is read again within a minute")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
