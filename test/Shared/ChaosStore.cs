using Grapnel.Storage;

namespace Grapnel.Tests.Shared;

/// <summary>
/// A store that fails when a test tells it to. <see cref="Before"/> runs ahead of each call and may throw: nothing happened.
/// <see cref="After"/> runs behind it and may throw: it happened, and nobody was told.
/// </summary>
internal sealed class ChaosStore(IDeliveryStore inner) : IDeliveryStore
{
    public Func<string, Task> Before { get; set; } = _ => Task.CompletedTask;

    public Func<string, Task> After { get; set; } = _ => Task.CompletedTask;

    private async Task<T> RunAsync<T>(string verb, Func<Task<T>> call)
    {
        await Before(verb);
        var result = await call();
        await After(verb);
        return result;
    }

    public bool IsShared { get; init; } = inner.IsShared;

    public Task<Id<Node>> JoinAsync(string name, NodeRoles roles, CancellationToken cancellationToken) =>
        RunAsync("Join", () => inner.JoinAsync(name, roles, cancellationToken));

    public Task<bool> HeartbeatAsync(Id<Node> node, CancellationToken cancellationToken) =>
        RunAsync("Heartbeat", () => inner.HeartbeatAsync(node, cancellationToken));

    public Task<IReadOnlyList<string>> ExpelAsync(Id<Node> self, TimeSpan limit, CancellationToken cancellationToken) =>
        RunAsync("Expel", () => inner.ExpelAsync(self, limit, cancellationToken));

    public Task LeaveAsync(Id<Node> node, CancellationToken cancellationToken) => inner.LeaveAsync(node, cancellationToken);

    public Task<IReadOnlyList<Id<Endpoint>>> ReadOwnedAsync(Id<Node> node, CancellationToken cancellationToken) =>
        RunAsync("ReadOwned", () => inner.ReadOwnedAsync(node, cancellationToken));

    public Task<IReadOnlyList<Id<Endpoint>>> TakeLanesAsync(Id<Node> node, int limit, CancellationToken cancellationToken) =>
        RunAsync("TakeLanes", () => inner.TakeLanesAsync(node, limit, cancellationToken));

    public Task<IReadOnlyList<LimitShare>> ShareLimitsAsync(Id<Node> node, IReadOnlyList<LimitDemand> demands, CancellationToken cancellationToken) =>
        RunAsync("ShareLimits", () => inner.ShareLimitsAsync(node, demands, cancellationToken));

    public Task<AcceptResult> AcceptAsync(AcceptBatch batch, CancellationToken cancellationToken) =>
        RunAsync("Accept", () => inner.AcceptAsync(batch, cancellationToken));

    public Task<bool> SettleAsync(SettleBatch batch, CancellationToken cancellationToken) =>
        RunAsync("Settle", () => inner.SettleAsync(batch, cancellationToken));

    public Task<LanePage> ReadLaneAsync(LaneRead read, CancellationToken cancellationToken) =>
        RunAsync("ReadLane", () => inner.ReadLaneAsync(read, cancellationToken));

    public Task<IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)>> CancelAsync(
        Message message, Id<Endpoint>? endpoint, CancellationToken cancellationToken) =>
        RunAsync("Cancel", () => inner.CancelAsync(message, endpoint, cancellationToken));

    public Task<IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)>> ExpungeAsync(Message message, CancellationToken cancellationToken) =>
        RunAsync("Expunge", () => inner.ExpungeAsync(message, cancellationToken));

    public Task<IReadOnlyList<NodeStatus>> ReadNodesAsync(CancellationToken cancellationToken) => inner.ReadNodesAsync(cancellationToken);

    public Task<IReadOnlyList<Delivery>> ResendAsync(Message message, IReadOnlyList<Id<Endpoint>> endpoints, CancellationToken cancellationToken) =>
        RunAsync("Resend", () => inner.ResendAsync(message, endpoints, cancellationToken));

    public Task<ReplayResult?> ReplayAsync(ReplayBatch batch, CancellationToken cancellationToken) =>
        RunAsync("Replay", () => inner.ReplayAsync(batch, cancellationToken));

    public Task<CancelPage> CancelOlderAsync(
        Id<Endpoint> endpoint, DateTimeOffset acceptedBefore, LanePosition? after, int limit, CancellationToken cancellationToken) =>
        RunAsync("CancelOlder", () => inner.CancelOlderAsync(endpoint, acceptedBefore, after, limit, cancellationToken));

    public Task PauseLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) => inner.PauseLaneAsync(endpoint, cancellationToken);

    public Task ResumeLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) => inner.ResumeLaneAsync(endpoint, cancellationToken);

    public Task<int> DropLaneAsync(Id<Endpoint> endpoint, int limit, CancellationToken cancellationToken) =>
        RunAsync("DropLane", () => inner.DropLaneAsync(endpoint, limit, cancellationToken));
}
