using Grapnel.Sending;
using Grapnel.Storage;
using Microsoft.Extensions.Options;

namespace Grapnel.Dispatching;

/// <summary>Tells what a pending delivery waits for, and who asked for the wait.</summary>
internal sealed class Waits(IDeliveryStore store, IHistoryStore history, Dispatcher dispatcher, ScheduleClock clock, IOptions<DeliveryOptions> options)
{
    // Attempts by hand may stand between; more than a few never do.
    private const int RecentAttempts = 10;

    // Between the end of an exchange and the time from which the next attempt is reckoned.
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(100);

    private static readonly IReadOnlySet<long> NothingHeld = new HashSet<long>();

    /// <summary>Tells it of a delivery that is pending as <paramref name="state"/> says.</summary>
    public async Task<Why> DescribeAsync(Message message, DeliveryState state, Endpoint endpoint, CancellationToken cancellationToken)
    {
        var lane = dispatcher.FindLane(endpoint.Id);
        var due = state.At > DateTimeOffset.UnixEpoch ? state.At : (DateTimeOffset?)null;
        var why = await DescribeHoldAsync(endpoint, lane, due, cancellationToken).ConfigureAwait(false)
            ?? await DescribeOrderAsync(message, endpoint, due, cancellationToken).ConfigureAwait(false)
            // What is replayed has been due since then, and waits for its turn.
            ?? (due is { } at && (state.Attempts > 0 || at > DateTimeOffset.FromUnixTimeMilliseconds(clock.NowMs))
                ? await DescribeTimeAsync(message, state, endpoint, at, cancellationToken).ConfigureAwait(false)
                : await DescribeTurnAsync(message, endpoint, lane, cancellationToken).ConfigureAwait(false));
        return why with { Attempts = state.Attempts };
    }

    // What holds the whole lane comes before what holds the one delivery. Where another node owns the lane, the store knows of a pause.
    private async Task<Why?> DescribeHoldAsync(Endpoint endpoint, LaneStatus? lane, DateTimeOffset? due, CancellationToken cancellationToken)
    {
        var isPaused = lane is null
            ? (await history.ReadLaneAsync(endpoint.Id, cancellationToken).ConfigureAwait(false)).PausedAt is not null
            : lane.State == LaneState.Paused;
        var next = Later(due, lane?.PausedUntil);
        return lane?.State switch
        {
            _ when !endpoint.Enabled => Pending(WaitCause.Disabled, "endpointDisabled", "The endpoint is disabled; the delivery waits until it is enabled."),
            _ when isPaused => Pending(WaitCause.Paused, "paused", "A person has paused the endpoint; the delivery waits until it is resumed."),
            LaneState.BreakerOpen => Pending(WaitCause.Breaker, "breakerOpen",
                next is { } at ? $"The endpoint keeps failing; it is probed again at {at:u}." : "The endpoint keeps failing; it is being probed.", next),
            LaneState.Throttled => Pending(WaitCause.ReceiverPause, "throttled", $"The receiver asked for a pause until {next:u}.", next),
            _ => null,
        };
    }

    private async Task<Why?> DescribeOrderAsync(Message message, Endpoint endpoint, DateTimeOffset? due, CancellationToken cancellationToken)
    {
        if (!endpoint.Ordered || due > DateTimeOffset.FromUnixTimeMilliseconds(clock.NowMs) && message.DeliverAt == due)
            return null;
        var page = await store.ReadLaneAsync(
            new LaneRead(endpoint.Id, Ordered: true, AfterSeq: -1, clock.NowMs, Limit: 1, ByteLimit: 1, NothingHeld), cancellationToken).ConfigureAwait(false);
        return page.Deliveries is [{ Message.Id: var head }] && head != message.Id
            ? Pending(WaitCause.Order, "ordered", $"The endpoint gets its messages in order; {head} goes first.") with { Behind = head }
            : null;
    }

    private async Task<Why> DescribeTimeAsync(
        Message message, DeliveryState state, Endpoint endpoint, DateTimeOffset at, CancellationToken cancellationToken) =>
        state.Attempts == 0 ? Pending(WaitCause.DeliverAt, "scheduled", $"It is to be delivered at {at:u}.", at)
        : await AskedForAsync(message, endpoint, at, cancellationToken).ConfigureAwait(false)
            ? Pending(WaitCause.RetryAfter, "retrying", $"The next attempt is at {at:u}, because the receiver asked for it (Retry-After).", at)
            : Pending(WaitCause.RetrySchedule, "retrying", $"The next attempt is at {at:u}.", at);

    /// <summary>Whether the answer to the attempt before asked for a wait as long as this one, spread upwards as such waits are.</summary>
    private async Task<bool> AskedForAsync(Message message, Endpoint endpoint, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var filter = new AttemptFilter(message.Id, endpoint.Id, WithBody: false);
        var recent = await history.ListAttemptsAsync(message.ApplicationId, filter, new PageRequest(RecentAttempts), cancellationToken).ConfigureAwait(false);
        if (recent.Items.FirstOrDefault(attempt => attempt.NextAttemptAt == at) is not { } attempt)
            return false;
        var headers = await history.FindAttemptHeadersAsync(message.Id, attempt.Id, cancellationToken).ConfigureAwait(false);
        var value = headers?.Received?.FirstOrDefault(header => header.Key.Equals("Retry-After", StringComparison.OrdinalIgnoreCase)).Value;
        var endedAt = attempt.StartedAt.AddMilliseconds(attempt.DurationMs);
        return value is not null && RetryAfter.Parse(value, endedAt) is { Ticks: > 0 } asked
            && at - endedAt <= Longest(asked) + Slack;
    }

    private TimeSpan Longest(TimeSpan asked) =>
        asked < options.Value.MaxRetryAfter ? asked * (1 + options.Value.Jitter) : options.Value.MaxRetryAfter;

    private async Task<Why> DescribeTurnAsync(Message message, Endpoint endpoint, LaneStatus? lane, CancellationToken cancellationToken)
    {
        var pending = await history.FindPendingAsync(message, endpoint.Id, cancellationToken).ConfigureAwait(false);
        return lane switch
        {
            _ when pending is { Seq: var seq } && dispatcher.IsSending(endpoint.Id, seq) => Pending(WaitCause.Sending, "queued", "It is being sent."),
            { State: LaneState.RateLimited, WaitsForApplication: true } =>
                Pending(WaitCause.ApplicationRate, "rateLimited", "It waits for the rate limit of the application."),
            { State: LaneState.RateLimited } => Pending(WaitCause.EndpointRate, "rateLimited", "It waits for the endpoint's rate limit."),
            { IsFull: true } => Pending(WaitCause.Concurrency, "queued", "It waits until one of the attempts in flight has ended."),
            _ => Pending(WaitCause.Turn, "queued", "It waits for its turn."),
        };
    }

    private static Why Pending(WaitCause cause, string reason, string detail, DateTimeOffset? next = null) =>
        new(WhyState.Pending, reason, detail, NextAttemptAt: next) { Cause = cause };

    private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b : a;
}

/// <summary>What a pending delivery waits for.</summary>
public enum WaitCause
{
    /// <summary>Nothing: an attempt of it is in flight, or has just ended.</summary>
    Sending,

    /// <summary>Its turn.</summary>
    Turn,

    /// <summary>The time that its publisher gave.</summary>
    DeliverAt,

    /// <summary>The retry schedule.</summary>
    RetrySchedule,

    /// <summary>The receiver, which asked for it with <c>Retry-After</c> in its answer to this very delivery.</summary>
    RetryAfter,

    /// <summary>The receiver, which asked for a pause of the whole lane.</summary>
    ReceiverPause,

    /// <summary>The breaker.</summary>
    Breaker,

    /// <summary>The rate limit of the endpoint.</summary>
    EndpointRate,

    /// <summary>The rate limit of the application.</summary>
    ApplicationRate,

    /// <summary>The endpoint's limit of attempts in flight.</summary>
    Concurrency,

    /// <summary>Another delivery, which goes first: <see cref="Why.Behind"/>.</summary>
    Order,

    /// <summary>A person, who paused the endpoint.</summary>
    Paused,

    /// <summary>Somebody, or the engine, who disabled the endpoint.</summary>
    Disabled,
}
