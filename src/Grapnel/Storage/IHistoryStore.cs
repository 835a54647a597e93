using Grapnel.Sending;

namespace Grapnel.Storage;

/// <summary>Reading what happened, and forgetting it when its time is over. No list or count scans a whole table.</summary>
public interface IHistoryStore
{
    /// <summary>Finds a message of an application by id or event id, with its payload.</summary>
    Task<Message?> FindMessageAsync(Id<Application> application, string idOrEventId, CancellationToken cancellationToken);

    /// <summary>Lists messages of an application, the newest first.</summary>
    Task<Page<Message>> ListMessagesAsync(Id<Application> application, MessageFilter filter, PageRequest page, CancellationToken cancellationToken);

    /// <summary>Lists attempts of a message or of an endpoint (one of the two is given), the newest first.</summary>
    Task<Page<Attempt>> ListAttemptsAsync(Id<Application> application, AttemptFilter filter, PageRequest page, CancellationToken cancellationToken);

    /// <summary>Finds one attempt of a message.</summary>
    Task<Attempt?> FindAttemptAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken);

    /// <summary>The states of a message's deliveries: pending ones and ended ones, in order of endpoint id.</summary>
    Task<IReadOnlyList<DeliveryState>> ReadDeliveriesAsync(Message message, CancellationToken cancellationToken);

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

    /// <summary>Pending deliveries in all, and when the oldest of them was accepted. Costs the same whatever the backlog.</summary>
    Task<Backlog> ReadBacklogAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Removes up to <paramref name="limit"/> messages accepted before a time that have nothing pending, with their attempts and ends; and as
    /// many expired idempotency entries, roll-ups and background tasks that have ended. Returns how many went of the kind that most went of; fewer
    /// than the limit means done.
    /// </summary>
    Task<int> PruneAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
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
/// <param name="Before">Started before this time.</param>
/// <param name="After">Started after this time.</param>
public sealed record AttemptFilter(
    Id<Message>? MessageId = null, Id<Endpoint>? EndpointId = null, bool? Succeeded = null, int? StatusCodeClass = null,
    string? Channel = null, IReadOnlyList<string>? EventTypes = null, DateTimeOffset? Before = null, DateTimeOffset? After = null);

/// <summary>Where one delivery of a message stands: pending (<paramref name="End"/> null) or ended.</summary>
/// <param name="EndpointId">The endpoint it is or was owed to.</param>
/// <param name="End">How it ended, or null while it is pending.</param>
/// <param name="At">When it ended; for a pending one, when it is next due (the Unix epoch means as soon as possible).</param>
/// <param name="Attempts">Attempts of the schedule made so far.</param>
/// <param name="LastOutcome">What the newest attempt came to, or null when there was none.</param>
public sealed record DeliveryState(Id<Endpoint> EndpointId, DeliveryEnd? End, DateTimeOffset At, int Attempts, SendOutcome? LastOutcome);

/// <summary>What happened at one endpoint in one minute.</summary>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="Minute">The start of the minute.</param>
/// <param name="Succeeded">Attempts that succeeded.</param>
/// <param name="Failed">Attempts that failed.</param>
/// <param name="DurationMs">The sum of their durations in milliseconds.</param>
/// <param name="MaxDurationMs">The longest of them.</param>
public sealed record Rollup(Id<Endpoint> EndpointId, DateTimeOffset Minute, int Succeeded, int Failed, long DurationMs, int MaxDurationMs);

/// <summary>What is still to be done.</summary>
/// <param name="Pending">Pending deliveries.</param>
/// <param name="OldestAcceptedAt">When the oldest of them was accepted, or null when there is none.</param>
public sealed record Backlog(long Pending, DateTimeOffset? OldestAcceptedAt);
