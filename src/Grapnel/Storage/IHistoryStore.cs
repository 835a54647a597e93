using Grapnel.Sending;

namespace Grapnel.Storage;

/// <summary>
/// Reading what happened, and forgetting it when its time is over. No list or count scans a whole table. What a list looks at in one call is
/// bounded whatever its filter: then it answers a short page with <see cref="Page{T}.Done"/> false and the iterator to go on from.
/// </summary>
public interface IHistoryStore
{
    /// <summary>Finds a message of an application by id or event id, with its payload.</summary>
    Task<Message?> FindMessageAsync(Id<Application> application, string idOrEventId, CancellationToken cancellationToken);

    /// <summary>Lists messages of an application, the newest first.</summary>
    Task<Page<Message>> ListMessagesAsync(Id<Application> application, MessageFilter filter, PageRequest page, CancellationToken cancellationToken);

    /// <summary>
    /// Lists messages of one application or of all for people, the newest first, with the progress of their deliveries and without payloads. Those
    /// with <see cref="MessageStatus.Pending"/> stand in the order in which they were last owed, which differs for what was sent again.
    /// </summary>
    Task<Page<MessageRow>> ListMessageRowsAsync(MessageRowFilter filter, PageRequest page, CancellationToken cancellationToken);

    /// <summary>How far the deliveries of a message are.</summary>
    Task<DeliveryProgress> ReadProgressAsync(Message message, CancellationToken cancellationToken);

    /// <summary>What an application consists of, each number counted up to a limit.</summary>
    Task<ApplicationContents> CountContentsAsync(Id<Application> application, int limit, CancellationToken cancellationToken);

    /// <summary>Reads messages of an application by id; those that are not there are left out.</summary>
    Task<IReadOnlyList<Message>> ReadMessagesAsync(
        Id<Application> application, IReadOnlyCollection<Id<Message>> ids, bool withPayload, CancellationToken cancellationToken);

    /// <summary>Lists attempts of a message or of an endpoint (one of the two is given), the newest first.</summary>
    Task<Page<Attempt>> ListAttemptsAsync(Id<Application> application, AttemptFilter filter, PageRequest page, CancellationToken cancellationToken);

    /// <summary>Finds one attempt of a message.</summary>
    Task<Attempt?> FindAttemptAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken);

    /// <summary>The headers of an attempt, <see cref="AttemptHeaders.None"/> when it has none; null when there is no such attempt.</summary>
    Task<AttemptHeaders?> FindAttemptHeadersAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken);

    /// <summary>
    /// Lists the messages that were attempted at an endpoint, the one whose first attempt is the newest first. The iterators are message ids,
    /// or attempt ids where a page ends between two messages.
    /// </summary>
    Task<Page<AttemptedMessage>> ListAttemptedMessagesAsync(
        Id<Application> application, Id<Endpoint> endpoint, AttemptedFilter filter, PageRequest page, CancellationToken cancellationToken);

    /// <summary>Lists the endpoints that a message is or was owed to, deleted ones included, by id.</summary>
    /// <param name="message">The message.</param>
    /// <param name="isSending">Whether the delivery at this place of an endpoint is in flight.</param>
    /// <param name="page">Which page.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task<Page<Destination>> ListDestinationsAsync(
        Message message, Func<Id<Endpoint>, long, bool> isSending, PageRequest page, CancellationToken cancellationToken);

    /// <summary>Removes what an attempt got as an answer, headers included; from then on it reads <c>EXPUNGED</c>. False when there is no such attempt.</summary>
    Task<bool> ExpungeAttemptAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken);

    /// <summary>The states of a message's deliveries: pending ones and ended ones, in order of endpoint id.</summary>
    Task<IReadOnlyList<DeliveryState>> ReadDeliveriesAsync(Message message, CancellationToken cancellationToken);

    /// <summary>The pending delivery of a message at an endpoint, the scheduled one before manual ones; null when there is none.</summary>
    Task<PendingDelivery?> FindPendingAsync(Message message, Id<Endpoint> endpoint, CancellationToken cancellationToken);

    /// <summary>The stored health of an endpoint, or null.</summary>
    Task<EndpointHealth?> FindHealthAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken);

    /// <summary>Roll-ups of an endpoint per minute, the oldest first.</summary>
    Task<IReadOnlyList<Rollup>> ReadRollupsAsync(Id<Endpoint> endpoint, DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken);

    /// <summary>
    /// Walks up to <paramref name="limit"/> rows (attempts or messages, see <see cref="ReplaySet"/>) from a position on, oldest first, and
    /// returns the messages among them that a replay concerns. Messages whose content was removed are passed over.
    /// </summary>
    /// <param name="query">Which messages.</param>
    /// <param name="after">The cursor of the last page, or of one of its candidates; null for the beginning.</param>
    /// <param name="limit">Most rows to walk; fewer where the payloads that are asked for would take much memory.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<ReplayPage> ReadReplayAsync(ReplayQuery query, ReadOnlyMemory<byte>? after, int limit, CancellationToken cancellationToken);

    /// <summary>Roll-ups of an endpoint added up over spans of equal width since the Unix epoch, the oldest first; spans without any are left out.</summary>
    Task<IReadOnlyList<Rollup>> SumRollupsAsync(
        Id<Endpoint> endpoint, DateTimeOffset since, DateTimeOffset until, TimeSpan width, CancellationToken cancellationToken);

    /// <summary>Pending deliveries of an endpoint, counted up to a limit.</summary>
    Task<CappedCount> CountPendingAsync(Id<Endpoint> endpoint, int limit, CancellationToken cancellationToken);

    /// <summary>Lists lanes that have pending deliveries, of all applications or of one, by endpoint id.</summary>
    Task<Page<StoredLane>> ListLanesAsync(Id<Application>? application, PageRequest page, CancellationToken cancellationToken);

    /// <summary>What is pending for an endpoint and who owns its lane; also when nothing is pending.</summary>
    Task<StoredLane> ReadLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken);

    /// <summary>Pending deliveries in all, and when the oldest of them was accepted. Costs the same whatever the backlog.</summary>
    Task<Backlog> ReadBacklogAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Removes the payloads of messages whose <see cref="Message.ContentExpiresAt"/> has come. One that has pending deliveries keeps its payload
    /// until they are over. Looks at up to <paramref name="limit"/> messages, and returns where to go on; null means done.
    /// </summary>
    Task<ContentPosition?> ExpireContentAsync(ContentPosition? from, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Removes the payloads of messages accepted before a time, in the order in which they were accepted. One that has pending deliveries keeps its payload
    /// until they are over: then <see cref="ExpireContentAsync"/> takes it. Looks at up to <paramref name="limit"/> messages, and stores how far it came
    /// together with what it removed: so nothing is looked at twice, whoever goes on. Tells whether there may be more.
    /// </summary>
    Task<bool> ExpirePayloadsAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Removes attempts from before a time whose delivery has ended. The first and the last at each endpoint stay, and those that succeeded or ended the
    /// delivery, so that whatever is told of it stays as it was; they lose the answer's body and the headers. Looks at up to <paramref name="limit"/> messages
    /// accepted before that time, in the order in which they were accepted, and again at those that had something pending or younger attempts, or were sent
    /// again. Stores how far it came like <see cref="ExpirePayloadsAsync"/>, and tells whether there may be more.
    /// </summary>
    Task<bool> ThinAttemptsAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Removes messages accepted before a time that have nothing pending, with their attempts and ends. Looks at up to <paramref name="limit"/>
    /// messages, and removes as many expired idempotency entries, roll-ups from before that time, and background tasks that were begun before it
    /// and have ended. Returns where to go on; null means done.
    /// </summary>
    Task<PrunePosition?> PruneAsync(DateTimeOffset before, PrunePosition? from, int limit, CancellationToken cancellationToken);
}

/// <summary>Which messages to list; null members do not filter.</summary>
/// <param name="Before">Accepted before this time.</param>
/// <param name="After">Accepted after this time.</param>
/// <param name="Channel">Published on this channel.</param>
/// <param name="EventTypes">Of one of these event types.</param>
/// <param name="Tag">With this tag.</param>
/// <param name="WithPayload">Whether to read the payloads.</param>
public sealed record MessageFilter(
    DateTimeOffset? Before = null, DateTimeOffset? After = null, string? Channel = null,
    IReadOnlyList<string>? EventTypes = null, string? Tag = null, bool WithPayload = true);

/// <summary>Which attempts to list; null members do not filter.</summary>
/// <param name="MessageId">Of this message.</param>
/// <param name="EndpointId">Of this endpoint.</param>
/// <param name="Succeeded">Only successes, or only failures.</param>
/// <param name="StatusCodeClass">Only this class: 0 for no answer, 100 to 500.</param>
/// <param name="Channel">Of messages on this channel.</param>
/// <param name="EventTypes">Of messages of these event types.</param>
/// <param name="Before">Started before this time, as its id tells.</param>
/// <param name="After">Started after this time, as its id tells.</param>
/// <param name="Tag">Of messages with this tag.</param>
/// <param name="WithBody">Whether to read the bodies of the answers.</param>
public sealed record AttemptFilter(
    Id<Message>? MessageId = null, Id<Endpoint>? EndpointId = null, bool? Succeeded = null, int? StatusCodeClass = null,
    string? Channel = null, IReadOnlyList<string>? EventTypes = null, DateTimeOffset? Before = null, DateTimeOffset? After = null,
    string? Tag = null, bool WithBody = true);

/// <summary>Which attempted messages to list; null members do not filter.</summary>
/// <param name="IsSending">Whether the delivery at this place of an endpoint is in flight.</param>
/// <param name="Status">Where the message stands at the endpoint.</param>
/// <param name="Messages">Which messages. <see cref="MessageFilter.Before"/> and <see cref="MessageFilter.After"/> go by the first attempt.</param>
public sealed record AttemptedFilter(Func<Id<Endpoint>, long, bool> IsSending, DeliveryStatus? Status, MessageFilter Messages);

/// <summary>A message and where it stands at one endpoint.</summary>
/// <param name="Message">The message.</param>
/// <param name="Destination">Where it stands.</param>
public sealed record AttemptedMessage(Message Message, Destination Destination);

/// <summary>Where a message stands at one endpoint.</summary>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="NextAttemptAt">When it is tried next, if that is known.</param>
/// <param name="Url">Where the newest attempt went, or null when there was none.</param>
public sealed record Destination(Id<Endpoint> EndpointId, DeliveryStatus Status, DateTimeOffset? NextAttemptAt, string? Url);

/// <summary>A number that is only counted up to a limit.</summary>
/// <param name="Count">The number, at most the limit.</param>
/// <param name="IsMore">Whether there are more.</param>
public readonly record struct CappedCount(int Count, bool IsMore);

/// <summary>What an application consists of.</summary>
/// <param name="Endpoints">Its endpoints.</param>
/// <param name="Messages">Its messages.</param>
/// <param name="Pending">Pending deliveries of its endpoints.</param>
public sealed record ApplicationContents(CappedCount Endpoints, CappedCount Messages, CappedCount Pending);

/// <summary>A lane as the store knows it.</summary>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="ApplicationId">Its application; null when the endpoint has been deleted.</param>
/// <param name="Owner">The node that owns the lane, or null.</param>
/// <param name="Pending">Its pending deliveries, counted up to 1,000.</param>
/// <param name="OldestAcceptedAt">When the oldest of their messages was accepted, or null when there are none.</param>
/// <param name="Health">The endpoint's stored health, or null.</param>
public sealed record StoredLane(
    Id<Endpoint> EndpointId, Id<Application>? ApplicationId, Id<Node>? Owner, CappedCount Pending, DateTimeOffset? OldestAcceptedAt,
    EndpointHealth? Health)
{
    /// <summary>Since when a person has it paused, see <see cref="IDeliveryStore.PauseLaneAsync"/>; null when nobody has.</summary>
    public DateTimeOffset? PausedAt { get; init; }
}

/// <summary>How far a sweep over expired content has come.</summary>
/// <param name="ExpiresAt">When the content of the last message looked at expired.</param>
/// <param name="Place">Its place in the order of acceptance.</param>
public sealed record ContentPosition(DateTimeOffset ExpiresAt, long Place);

/// <summary>How far a sweep over old messages has come.</summary>
/// <param name="ApplicationId">The application of the last message looked at.</param>
/// <param name="MessageId">That message.</param>
public sealed record PrunePosition(Id<Application> ApplicationId, Id<Message> MessageId);

/// <summary>Where one delivery of a message stands: pending (<paramref name="End"/> null) or ended.</summary>
/// <param name="EndpointId">The endpoint it is or was owed to.</param>
/// <param name="End">How it ended, or null while it is pending.</param>
/// <param name="At">When it ended; for a pending one, when it is next due (the Unix epoch means as soon as possible).</param>
/// <param name="Attempts">Attempts of the schedule made so far.</param>
/// <param name="LastOutcome">What the newest attempt came to, or null when there was none.</param>
public sealed record DeliveryState(Id<Endpoint> EndpointId, DeliveryEnd? End, DateTimeOffset At, int Attempts, SendOutcome? LastOutcome);

/// <summary>A pending delivery.</summary>
/// <param name="Seq">Its place in the lane.</param>
/// <param name="Trigger">What asked for it.</param>
/// <param name="DueAt">When it is next due (the Unix epoch means as soon as possible).</param>
/// <param name="Attempts">Attempts of the schedule made so far.</param>
public readonly record struct PendingDelivery(long Seq, Trigger Trigger, DateTimeOffset DueAt, int Attempts);

/// <summary>What happened at one endpoint in one minute.</summary>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="Minute">The start of the minute.</param>
/// <param name="Succeeded">Attempts that succeeded.</param>
/// <param name="Failed">Attempts that failed.</param>
/// <param name="DurationMs">The sum of their durations in milliseconds.</param>
/// <param name="MaxDurationMs">The longest of them.</param>
/// <param name="Cancelled">Deliveries that were cancelled.</param>
public sealed record Rollup(
    Id<Endpoint> EndpointId, DateTimeOffset Minute, int Succeeded, int Failed, long DurationMs, int MaxDurationMs, int Cancelled = 0);

/// <summary>What is still to be done.</summary>
/// <param name="Pending">Pending deliveries.</param>
/// <param name="OldestAcceptedAt">When the oldest of them was accepted, or null when there is none.</param>
public sealed record Backlog(long Pending, DateTimeOffset? OldestAcceptedAt);
