using System.Diagnostics.CodeAnalysis;

namespace Grapnel.Storage;

/// <summary>
/// The hot path of a store: accepting, lanes, settling. Every verb takes a batch and is one transaction that survives power loss
/// before its task completes. What each verb promises is what the conformance suite tests; nothing more may be relied on.
/// A store that cannot write just now throws <see cref="StoreUnavailableException"/>, and then nothing of the batch was done.
/// </summary>
public interface IDeliveryStore
{
    /// <summary>Whether other nodes may accept messages for lanes of this one, and take those that it does not own.</summary>
    bool IsShared { get; }

    /// <summary>Adds a node with a fresh heartbeat.</summary>
    Task<Id<Node>> JoinAsync(string name, NodeRoles roles, CancellationToken cancellationToken);

    /// <summary>Renews the node's heartbeat; false when it has been expelled.</summary>
    Task<bool> HeartbeatAsync(Id<Node> node, CancellationToken cancellationToken);

    /// <summary>
    /// Expels every other node whose last heartbeat is older than <paramref name="limit"/>, or a fraction of that where the store knows that its process has no
    /// connection any more (<see cref="NodeOptions.GoneDivisor"/>), and frees its lanes with it. With it, too, it is noted as an alert that nobody was told of
    /// yet: whoever expels may have nothing to do with alerts, or end at once. Returns what they called themselves.
    /// </summary>
    Task<IReadOnlyList<string>> ExpelAsync(Id<Node> self, TimeSpan limit, CancellationToken cancellationToken);

    /// <summary>Removes the node and frees its lanes at once. Leaving twice is fine.</summary>
    Task LeaveAsync(Id<Node> node, CancellationToken cancellationToken);

    /// <summary>All nodes, the oldest first.</summary>
    Task<IReadOnlyList<NodeStatus>> ReadNodesAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Gives the node up to <paramref name="limit"/> lanes that have pending deliveries and no owner, lanes whose row is missing included.
    /// A lane is given to one node only.
    /// </summary>
    Task<IReadOnlyList<Id<Endpoint>>> TakeLanesAsync(Id<Node> node, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// The lanes of a node that have pending deliveries. A node whose signals or answers were lost finds with it what it owns without knowing, and
    /// what came in without its being told.
    /// </summary>
    Task<IReadOnlyList<Id<Endpoint>>> ReadOwnedAsync(Id<Node> node, CancellationToken cancellationToken);

    /// <summary>
    /// Shares the rate limits of applications among nodes, by the number of lanes for which each needs them, and returns the part of each that this node
    /// may use from now on. A part that another node still has is not given away before it has called again; so at no time do parts add up to more than a
    /// whole, unless a node goes on with more than it was answered. The parts of a node that is expelled or leaves are free with its lanes. Where nobody
    /// needs a limit, parts stay as they are. A node that has been expelled is given nothing.
    /// </summary>
    /// <param name="node">Who calls.</param>
    /// <param name="demands">All applications with a limit of which the node owns lanes; parts of others are given back.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyList<LimitShare>> ShareLimitsAsync(Id<Node> node, IReadOnlyList<LimitDemand> demands, CancellationToken cancellationToken);

    /// <summary>
    /// Stores messages with their deliveries, all of the batch together. Receipts stand in the order of the items. An item whose event id
    /// or idempotency key is already taken stores nothing and says so, and does not disturb the others. Where <see cref="AcceptBatch.RouteVersion"/>
    /// is no longer that of the catalog, nothing of the batch is stored.
    /// </summary>
    Task<AcceptResult> AcceptAsync(AcceptBatch batch, CancellationToken cancellationToken);

    /// <summary>
    /// Records outcomes: attempts, delivery states, roll-ups, health, lanes given back. False when the node has been expelled:
    /// then nothing of the batch was done. A delivery that is no longer pending (cancelled meanwhile) keeps its end; its attempt is still logged.
    /// </summary>
    Task<bool> SettleAsync(SettleBatch batch, CancellationToken cancellationToken);

    /// <summary>
    /// Reads pending deliveries of a lane. Unordered: fresh ones (<see cref="Delivery.DueAt"/> 0) with a place after
    /// <see cref="LaneRead.AfterSeq"/> in order of place, and those due by <see cref="LaneRead.Now"/> in order of due time.
    /// Ordered: everything in order of place, except scheduled messages that are not due and were never tried.
    /// </summary>
    Task<LanePage> ReadLaneAsync(LaneRead read, CancellationToken cancellationToken);

    /// <summary>
    /// Ends pending deliveries of a message as <see cref="DeliveryEnd.Cancelled"/>, at one endpoint or at all of them; returns what was ended.
    /// </summary>
    Task<IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)>> CancelAsync(
        Message message, Id<Endpoint>? endpoint, CancellationToken cancellationToken);

    /// <summary>
    /// Removes the payload of a message for good, and ends what is pending of it as <see cref="DeliveryEnd.Cancelled"/>, together; returns what
    /// was ended. A message that is not there, or has no payload any more, is left as it is.
    /// </summary>
    Task<IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)>> ExpungeAsync(Message message, CancellationToken cancellationToken);

    /// <summary>
    /// Adds manual deliveries of a message that is already stored, one per endpoint, due at once; returns them with their places, in the order of the
    /// endpoints.
    /// </summary>
    /// <exception cref="NotFoundException">The message is no longer stored, or its content has been removed; nothing was done.</exception>
    Task<IReadOnlyList<Delivery>> ResendAsync(Message message, IReadOnlyList<Id<Endpoint>> endpoints, CancellationToken cancellationToken);

    /// <summary>
    /// Adds deliveries of stored messages to one endpoint, due at once (scheduled ones not before their message's time), and moves the background task on
    /// by what was added: all of it together. Null when the task may not be moved on, see <see cref="IBackgroundTaskStore.AdvanceAsync"/>; then nothing was
    /// done. Messages that are no longer stored, have no content, or do not belong to <see cref="ReplayBatch.Set"/> any more are passed over.
    /// </summary>
    Task<ReplayResult?> ReplayAsync(ReplayBatch batch, CancellationToken cancellationToken);

    /// <summary>
    /// Ends pending deliveries of an endpoint as <see cref="DeliveryEnd.Cancelled"/> whose messages were accepted before a time, a page of
    /// the lane per call. A walk from null until <see cref="CancelPage.Next"/> is null meets every delivery that was pending when it began,
    /// also those that are tried meanwhile.
    /// </summary>
    Task<CancelPage> CancelOlderAsync(
        Id<Endpoint> endpoint, DateTimeOffset acceptedBefore, LanePosition? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Notes that a person has paused a lane: its owner sends nothing, everything is queued, over restarts too. Until
    /// <see cref="ResumeLaneAsync"/>, <see cref="LanePage.IsPaused"/> says so. Nothing changes when it is paused already.
    /// </summary>
    Task PauseLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken);

    /// <summary>Ends the pause of a lane, and forgets the endpoint's health with it, so that it gets a fair try. Nothing changes when it is not paused.</summary>
    Task ResumeLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken);

    /// <summary>Ends up to <paramref name="limit"/> pending deliveries of a deleted endpoint; returns how many, 0 when none is left.</summary>
    Task<int> DropLaneAsync(Id<Endpoint> endpoint, int limit, CancellationToken cancellationToken);
}

/// <summary>One running process.</summary>
[SuppressMessage("Design", "CA1052", Justification = "Names a kind of id; nodes have no other members yet.")]
public sealed class Node : IIdentified
{
    private Node() { }

    /// <inheritdoc/>
    public static string IdPrefix => "node_";
}

/// <summary>What a node does.</summary>
[Flags]
public enum NodeRoles
{
    /// <summary>Answers the HTTP API.</summary>
    Api = 1,

    /// <summary>Shows the console and the portal.</summary>
    Console = 2,

    /// <summary>Owns lanes and sends; runs schedules, background tasks and housekeeping.</summary>
    Dispatch = 4,

    /// <summary>Everything.</summary>
    All = Api | Console | Dispatch,
}

/// <summary>A node as the others see it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What it calls itself.</param>
/// <param name="JoinedAt">When it joined.</param>
/// <param name="HeartbeatAt">When it was last heard of.</param>
/// <param name="Lanes">Lanes that it owns, counted up to 10,000.</param>
public sealed record NodeStatus(Id<Node> Id, string Name, DateTimeOffset JoinedAt, DateTimeOffset HeartbeatAt, CappedCount Lanes)
{
    /// <summary>What it does.</summary>
    public NodeRoles Roles { get; init; } = NodeRoles.All;
}

/// <summary>What a node needs of the rate limit of an application.</summary>
/// <param name="Application">The application.</param>
/// <param name="Lanes">How many lanes of it the node has something to send for.</param>
public sealed record LimitDemand(Id<Application> Application, int Lanes);

/// <summary>What a node may use of the rate limit of an application.</summary>
/// <param name="Application">The application.</param>
/// <param name="Part">Millionths of the limit.</param>
/// <param name="IsShort">Whether it is less than its lanes would have, because another node has it.</param>
public sealed record LimitShare(Id<Application> Application, int Part, bool IsShort)
{
    /// <summary>All of a limit.</summary>
    public const int Whole = 1_000_000;
}

/// <summary>Messages to accept in one transaction.</summary>
/// <param name="Node">The accepting node.</param>
/// <param name="Items">The messages with what they owe.</param>
/// <param name="LanesToTake">Lanes that the node does not know to be owned: it takes those that have no owner.</param>
public sealed record AcceptBatch(Id<Node> Node, IReadOnlyList<AcceptItem> Items, IReadOnlyList<Id<Endpoint>> LanesToTake)
{
    /// <summary>The version of all routing up to which the routes of the batch are known to be true; null where nobody else can change them.</summary>
    public long? RouteVersion { get; init; }
}

/// <summary>A message and the endpoints it is owed to.</summary>
/// <param name="Message">The message with its payload.</param>
/// <param name="Endpoints">The endpoints it is owed to; may be empty.</param>
/// <param name="Idempotency">The idempotency entry to store with it, or null.</param>
public sealed record AcceptItem(Message Message, IReadOnlyList<Id<Endpoint>> Endpoints, IdempotencyEntry? Idempotency)
{
    /// <summary>
    /// On the first item of a request that publishes several under one idempotency key; they stand together in the batch and have no keys of
    /// their own.
    /// </summary>
    public AcceptGroup? Group { get; init; }
}

/// <summary>Items that share one idempotency key: when it is known, every one of them is answered as repeated and none is stored.</summary>
/// <param name="Count">How many items there are, the first included.</param>
/// <param name="Key">16 bytes of a hash over caller, route and <c>Idempotency-Key</c>.</param>
/// <param name="Fingerprint">16 bytes of a hash over the request body.</param>
/// <param name="Render">Makes the answer that a repeat gets of what became of the items. Pure: it may be called again when a commit fails.</param>
/// <param name="ExpiresAt">When the key may be used anew.</param>
public sealed record AcceptGroup(
    int Count, UInt128 Key, UInt128 Fingerprint, Func<ReadOnlyMemory<AcceptReceipt>, byte[]> Render, DateTimeOffset ExpiresAt);

/// <summary>The memory of an answered request.</summary>
/// <param name="Key">16 bytes of a hash over caller, route and <c>Idempotency-Key</c>.</param>
/// <param name="Fingerprint">16 bytes of a hash over the request body.</param>
/// <param name="Response">The answer to repeat.</param>
/// <param name="ExpiresAt">When the key may be used anew.</param>
public sealed record IdempotencyEntry(UInt128 Key, UInt128 Fingerprint, byte[] Response, DateTimeOffset ExpiresAt);

/// <summary>What became of a batch.</summary>
/// <param name="Receipts">One per item, in order.</param>
/// <param name="LanesTaken">Lanes of <see cref="AcceptBatch.LanesToTake"/> that the node owns now.</param>
public sealed record AcceptResult(IReadOnlyList<AcceptReceipt> Receipts, IReadOnlyList<Id<Endpoint>> LanesTaken)
{
    /// <summary>Whether nothing was stored, because routing has changed since <see cref="AcceptBatch.RouteVersion"/>.</summary>
    public bool IsStale { get; init; }

    /// <summary>The answer to a batch whose routes are out of date.</summary>
    public static AcceptResult Stale { get; } = new([], []) { IsStale = true };
}

/// <summary>What became of one item.</summary>
/// <param name="Status">Accepted, or why not.</param>
/// <param name="Seqs">The places of its deliveries, in the order of <see cref="AcceptItem.Endpoints"/>; empty unless accepted.</param>
/// <param name="Existing">The stored entry whose key it repeats, or null.</param>
/// <param name="ExistingMessage">The stored message whose event id it repeats, or null.</param>
public readonly record struct AcceptReceipt(
    AcceptStatus Status, ReadOnlyMemory<long> Seqs = default, IdempotencyEntry? Existing = null, Id<Message>? ExistingMessage = null);

/// <summary>Whether an item was accepted.</summary>
public enum AcceptStatus
{
    /// <summary>Stored with all its deliveries.</summary>
    Accepted,

    /// <summary>The idempotency key is known, see <see cref="AcceptReceipt.Existing"/>. Nothing was stored.</summary>
    RepeatedKey,

    /// <summary>The event id is taken within the application, see <see cref="AcceptReceipt.ExistingMessage"/>. Nothing was stored.</summary>
    RepeatedEventId,

    /// <summary>Its routes were out of date, see <see cref="AcceptResult.IsStale"/>. Nothing was stored.</summary>
    RoutesChanged,
}

/// <summary>Outcomes to record in one transaction.</summary>
/// <param name="Node">The node that made the attempts.</param>
/// <param name="Settlements">The outcomes.</param>
/// <param name="Health">New health of endpoints whose health changed.</param>
/// <param name="Released">Idle lanes that the node gives back; one that has pending deliveries after all just loses its owner.</param>
public sealed record SettleBatch(
    Id<Node> Node, IReadOnlyList<Settlement> Settlements, IReadOnlyList<EndpointHealth> Health, IReadOnlyList<Id<Endpoint>> Released)
{
    /// <summary>Whether nobody waits for the answer: the store may hold the batch back for a few milliseconds to share a commit with others.</summary>
    public bool Patient { get; init; }

    /// <summary>
    /// Whether deliveries that are tried again are left as they are: due times and attempts are kept elsewhere, and the log of attempts tells
    /// them. False unless a queue stands in front of the store.
    /// </summary>
    internal bool KeepsRows { get; init; }
}

/// <summary>The outcome of one attempt and what it makes of its delivery.</summary>
/// <param name="Attempt">The exchange, to be logged.</param>
/// <param name="Seq">The place of the delivery in its lane.</param>
/// <param name="Trigger">What asked for it: a manual delivery that fails leaves no end behind.</param>
/// <param name="End">How the delivery ended, or null when it is tried again.</param>
/// <param name="DueAt">Unix milliseconds of the next attempt when <paramref name="End"/> is null.</param>
/// <param name="Attempts">Attempts of the schedule made, this one included.</param>
public sealed record Settlement(Attempt Attempt, long Seq, Trigger Trigger, DeliveryEnd? End, long DueAt, int Attempts);

/// <summary>What is remembered of an endpoint's recent past, over restarts too.</summary>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="FailingSince">When the failures began that no success has followed; null when the last attempt succeeded.</param>
/// <param name="Failures">Failures in a row.</param>
/// <param name="PausedUntil">Unix milliseconds until which the breaker or a <c>Retry-After</c> holds the lane; 0 when it is free.</param>
public sealed record EndpointHealth(Id<Endpoint> EndpointId, DateTimeOffset? FailingSince, int Failures, long PausedUntil);

/// <summary>A request for a page of a lane.</summary>
/// <param name="EndpointId">The lane.</param>
/// <param name="Ordered">Whether order of place is all that counts.</param>
/// <param name="AfterSeq">For unordered lanes, fresh deliveries up to this place are skipped.</param>
/// <param name="Now">Unix milliseconds; what is due by then is returned.</param>
/// <param name="Limit">Most deliveries to return, before those the caller already holds are taken out.</param>
/// <param name="ByteLimit">Bytes of <see cref="Delivery.Footprint"/> after which no further delivery is added; at least one is returned.</param>
/// <param name="Held">Places the caller already holds; they are left out and count against nothing.</param>
public sealed record LaneRead(
    Id<Endpoint> EndpointId, bool Ordered, long AfterSeq, long Now, int Limit, long ByteLimit, IReadOnlySet<long> Held);

/// <summary>A page of a lane.</summary>
/// <param name="Deliveries">Pending deliveries, in the order they should be sent.</param>
/// <param name="More">Whether further ones could have been returned now.</param>
/// <param name="NextDueAt">Unix milliseconds of the earliest delivery that is not due yet, or null.</param>
/// <param name="Health">The endpoint's stored health, or null when there is none.</param>
public sealed record LanePage(IReadOnlyList<Delivery> Deliveries, bool More, long? NextDueAt, EndpointHealth? Health)
{
    /// <summary>Whether a person has the lane paused.</summary>
    public bool IsPaused { get; init; }
}
