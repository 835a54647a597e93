using Grapnel.Sending;

namespace Grapnel.Storage;

/// <summary>
/// The figures that people look at all day. What a call costs depends on the time it spans and on what it answers: not on how many endpoints
/// there are, nor on the backlog. Where there are several nodes, figures are of all of them.
/// </summary>
public interface IStatisticsStore
{
    /// <summary>
    /// Adds up, for each scope, what happened over spans of equal width since the Unix epoch, the oldest first; spans without anything are left
    /// out. A width of whole hours is read hour by hour, as far as the limits allow; any other minute by minute.
    /// </summary>
    /// <remarks>Accepted messages are counted in memory, and are in here with the next settle or heartbeat; a crash in between loses their count.</remarks>
    Task<IReadOnlyList<IReadOnlyList<RollupSpan>>> SumAsync(
        IReadOnlyList<RollupScope> scopes, DateTimeOffset since, DateTimeOffset until, TimeSpan width, CancellationToken cancellationToken);

    /// <summary>Pending deliveries in all. Unlike <see cref="IHistoryStore.ReadBacklogAsync"/> it does not look for the oldest.</summary>
    Task<long> CountPendingAsync(CancellationToken cancellationToken);

    /// <summary>How many endpoints are in which condition. Looks at no more than 10,000 that fail, those that have failed longest.</summary>
    Task<EndpointCounts> CountEndpointsAsync(TroubleRule rule, CancellationToken cancellationToken);

    /// <summary>
    /// Endpoints in trouble, the one that has failed longest first, then those that the engine disabled, the one that changed last first. These
    /// get a quarter of the places when there are more than enough of both. Looks at no more than 10,000 of each kind.
    /// </summary>
    Task<IReadOnlyList<TroubledEndpoint>> ReadTroubledAsync(
        TroubleRule rule, Id<Application>? application, int limit, CancellationToken cancellationToken);

    /// <summary>What is pending for endpoints, counted up to 10,000 each, in their order.</summary>
    Task<IReadOnlyList<StoredLane>> ReadLanesAsync(IReadOnlyList<Id<Endpoint>> endpoints, CancellationToken cancellationToken);
}

/// <summary>When failures are more than everyday life.</summary>
/// <param name="Failures">Failures in a row that are trouble at once.</param>
/// <param name="FailingFor">The time without a success after which any failure is.</param>
public sealed record TroubleRule(int Failures, TimeSpan FailingFor)
{
    /// <summary>Judges an endpoint.</summary>
    public EndpointCondition Judge(bool enabled, EndpointHealth? health, DateTimeOffset now) => (enabled, health) switch
    {
        (false, _) => EndpointCondition.Disabled,
        (_, { FailingSince: { } since, Failures: var failures }) when failures >= Failures || since + FailingFor <= now => EndpointCondition.InTrouble,
        (_, { PausedUntil: var ms }) when ms > now.ToUnixTimeMilliseconds() => EndpointCondition.Paused,
        _ => EndpointCondition.Healthy,
    };
}

/// <summary>How an endpoint is doing, in one word.</summary>
public enum EndpointCondition
{
    /// <summary>Its last attempt succeeded, or it only just began to fail.</summary>
    Healthy,

    /// <summary>Its receiver asked for a pause, or its breaker is open for a moment.</summary>
    Paused,

    /// <summary>It has failed for longer, or more often in a row, than is everyday life.</summary>
    InTrouble,

    /// <summary>Disabled, by a person or by the engine.</summary>
    Disabled,
}

/// <summary>Endpoints by condition; each is counted once.</summary>
/// <param name="Healthy">Neither of the others.</param>
/// <param name="Paused">In <see cref="EndpointCondition.Paused"/>.</param>
/// <param name="InTrouble">In <see cref="EndpointCondition.InTrouble"/>.</param>
/// <param name="Disabled">In <see cref="EndpointCondition.Disabled"/>.</param>
public sealed record EndpointCounts(long Healthy, long Paused, long InTrouble, long Disabled)
{
    /// <summary>All endpoints.</summary>
    public long Total => Healthy + Paused + InTrouble + Disabled;
}

/// <summary>An endpoint that fails, or that the engine disabled.</summary>
/// <param name="Lane">What is pending for it, counted up to 10,000, and its health.</param>
/// <param name="DisabledReason">Why the engine disabled it, or null.</param>
/// <param name="LastAttempt">Its newest attempt, or null when none is stored.</param>
public sealed record TroubledEndpoint(StoredLane Lane, EndpointDisabledReason? DisabledReason, LastAttempt? LastAttempt);

/// <summary>What an attempt came to.</summary>
/// <param name="MessageId">Its message.</param>
/// <param name="AttemptId">The attempt.</param>
/// <param name="StartedAt">When it started.</param>
/// <param name="Outcome">What happened.</param>
/// <param name="StatusCode">The status that arrived, or 0.</param>
/// <param name="Error">What went wrong, for people, or null.</param>
public sealed record LastAttempt(
    Id<Message> MessageId, Id<Attempt> AttemptId, DateTimeOffset StartedAt, SendOutcome Outcome, int StatusCode, string? Error);
