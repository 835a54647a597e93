using Grapnel.Registry;
using Grapnel.Storage;

namespace Grapnel.Dispatching;

/// <summary>Lanes and nodes as people see them: what the store knows, and what this node is doing about it.</summary>
internal sealed class Lanes(IHistoryStore history, IDeliveryStore store, Dispatcher dispatcher, CatalogEvents events, TimeProvider time)
{
    private readonly EditGate _pauses = new();

    /// <summary>The id of this node.</summary>
    public Id<Node> Self => dispatcher.Node;

    /// <summary>All nodes, the oldest first.</summary>
    public Task<IReadOnlyList<NodeStatus>> ReadNodesAsync(CancellationToken cancellationToken) => store.ReadNodesAsync(cancellationToken);

    /// <summary>Lanes with pending deliveries, of all applications or of one, by endpoint id.</summary>
    public async Task<Page<LaneView>> ListAsync(Id<Application>? application, PageRequest page, CancellationToken cancellationToken) =>
        (await history.ListLanesAsync(application, page, cancellationToken).ConfigureAwait(false)).As(View);

    /// <summary>The lane of one endpoint, pending deliveries or not.</summary>
    public async Task<LaneView> ReadAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) =>
        View(await history.ReadLaneAsync(endpoint, cancellationToken).ConfigureAwait(false));

    /// <summary>Sends nothing to an endpoint from now on and queues everything, until <see cref="ResumeAsync"/>; over restarts too. Attempts in flight go on.</summary>
    public Task PauseAsync(Id<Endpoint> endpoint) => ChangeAsync(endpoint, paused: true);

    /// <summary>Sends what was queued. What failed before the pause is forgotten: the endpoint gets a fair try, slowly at first.</summary>
    public Task ResumeAsync(Id<Endpoint> endpoint) => ChangeAsync(endpoint, paused: false);

    // One after the other, so that the store and the dispatcher hear the same last word.
    private Task<bool> ChangeAsync(Id<Endpoint> endpoint, bool paused) => _pauses.RunAsync(async () =>
    {
        await (paused ? store.PauseLaneAsync(endpoint, CancellationToken.None) : store.ResumeLaneAsync(endpoint, CancellationToken.None)).ConfigureAwait(false);
        events.OnLanePaused(endpoint, paused);
        return paused;
    }, CancellationToken.None);

    /// <summary>Adds what this node is doing about a lane.</summary>
    public LaneView View(StoredLane lane)
    {
        var status = dispatcher.FindLane(lane.EndpointId);
        // What another node holds in memory is not known here, but its last word is in the store.
        var paused = status is not null || lane.Health is not { PausedUntil: var ms } || ms <= time.GetUtcNow().ToUnixTimeMilliseconds()
            ? status?.PausedUntil
            : DateTimeOffset.FromUnixTimeMilliseconds(ms);
        var state = lane.PausedAt is not null && status?.State != LaneState.Disabled ? LaneState.Paused : status?.State;
        return new LaneView(lane, state, status?.InFlight ?? 0, paused);
    }
}

/// <summary>A lane as people see it.</summary>
/// <param name="Stored">What the store knows.</param>
/// <param name="State">What holds it; null when this node does not own it and no person has it paused.</param>
/// <param name="InFlight">Attempts in flight from this node.</param>
/// <param name="PausedUntil">When a pause of the breaker or the receiver ends, or null.</param>
public sealed record LaneView(StoredLane Stored, LaneState? State, int InFlight, DateTimeOffset? PausedUntil);
