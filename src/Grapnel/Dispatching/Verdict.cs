using Grapnel.Sending;

namespace Grapnel.Dispatching;

/// <summary>
/// What an attempt makes of its delivery and of its lane. A pure function of result, policy and attempt number:
/// <code>
/// answer                    delivery            breaker      lane
/// 2xx                       delivered           alive        goes on
/// 410                       gone                -            the endpoint is disabled
/// 429                       retry or exhausted  throttling   pauses
/// 502, 503, 504             retry or exhausted  failing      pauses
/// other 3xx, 4xx, 5xx       retry or exhausted  failing      goes on
/// no answer                 retry or exhausted  failing      goes on
/// blocked by address guard  retry or exhausted  failing      goes on
/// request not buildable     retry or exhausted  -            goes on
/// abandoned by the node     stays as it was     -            goes on
/// </code>
/// docs/delivery-lifecycle.md gives the reasons, and a test holds the two together.
/// </summary>
/// <param name="Kind">What becomes of the delivery.</param>
/// <param name="DelayMs">Milliseconds until the next attempt of <see cref="VerdictKind.Retry"/>, else 0.</param>
/// <param name="LanePauseMs">Milliseconds for which the whole lane starts no attempt, because the receiver asked for less; else 0.</param>
/// <param name="Sign">What the breaker should learn from it.</param>
internal readonly record struct Verdict(VerdictKind Kind, long DelayMs = 0, long LanePauseMs = 0, ReceiverSign Sign = ReceiverSign.None)
{
    /// <summary>The lane's pause, in milliseconds, when a receiver asks for less without saying for how long.</summary>
    public const long BasePauseMs = 1000;

    /// <summary>How the delivery ends; null when it stays pending. A manual one that fails has an end here but leaves none behind.</summary>
    public DeliveryEnd? End => Kind switch
    {
        VerdictKind.Delivered => DeliveryEnd.Delivered,
        VerdictKind.Exhausted => DeliveryEnd.Exhausted,
        VerdictKind.Gone => DeliveryEnd.Gone,
        _ => null,
    };

    /// <summary>Judges one attempt.</summary>
    /// <param name="result">What the exchange came to.</param>
    /// <param name="trigger">A manual attempt is the only one of its delivery.</param>
    /// <param name="attemptsMade">Attempts of the schedule made, this one included; not looked at for a manual one.</param>
    /// <param name="schedule">The delays in force for the endpoint.</param>
    /// <param name="options">Jitter and the cap on <c>Retry-After</c>.</param>
    /// <param name="random">A number in [0, 1).</param>
    public static Verdict Of(
        in SendResult result, Trigger trigger, int attemptsMade,
        IReadOnlyList<TimeSpan> schedule, DeliveryOptions options, double random) => result.Outcome switch
        {
            SendOutcome.Success => new Verdict(VerdictKind.Delivered, Sign: ReceiverSign.Alive),
            SendOutcome.Gone => new Verdict(VerdictKind.Gone),
            SendOutcome.Abandoned => new Verdict(VerdictKind.Abandoned),
            _ => OfFailure(result, trigger, attemptsMade, schedule, options, random),
        };

    private static Verdict OfFailure(
        in SendResult result, Trigger trigger, int attemptsMade, IReadOnlyList<TimeSpan> schedule, DeliveryOptions options, double random)
    {
        var askedMs = AskedPauseMs(result.RetryAfter, options, random);
        var lanePauseMs = result.Outcome == SendOutcome.Throttled ? Math.Max(askedMs, BasePauseMs) : 0;
        var delayMs = trigger == Trigger.Manual ? null : RetrySchedule.NextDelayMs(schedule, attemptsMade, options.Jitter, random);
        return delayMs is { } scheduledMs
            ? new Verdict(VerdictKind.Retry, Math.Max(scheduledMs, askedMs), lanePauseMs, SignOf(result))
            : new Verdict(VerdictKind.Exhausted, 0, lanePauseMs, SignOf(result));
    }

    // Never shorter than asked; spread upwards, because a host that serves many endpoints gives them all the same answer at once.
    private static long AskedPauseMs(TimeSpan? retryAfter, DeliveryOptions options, double random)
    {
        var askedMs = Math.Max(0, retryAfter?.TotalMilliseconds ?? 0);
        return (long)Math.Min(askedMs * (1 + options.Jitter * random), options.MaxRetryAfter.TotalMilliseconds);
    }

    private static ReceiverSign SignOf(in SendResult result) => result.Outcome switch
    {
        // A receiver that says "too many" is alive. A gateway that says so (502, 503, 504) speaks for one that is not.
        SendOutcome.Throttled when result.StatusCode == 429 => ReceiverSign.Throttling,
        // One message that cannot be sent says nothing about the others.
        SendOutcome.RequestInvalid => ReceiverSign.None,
        _ => ReceiverSign.Failing,
    };
}

/// <summary>What becomes of a delivery after an attempt.</summary>
internal enum VerdictKind
{
    /// <summary>Done: the receiver has it.</summary>
    Delivered,

    /// <summary>Failed, and tried again after <see cref="Verdict.DelayMs"/>.</summary>
    Retry,

    /// <summary>Failed, and that was the last attempt: of the schedule, or the only one of a manual delivery.</summary>
    Exhausted,

    /// <summary>The receiver wants no more: the delivery ends, the endpoint is to be disabled.</summary>
    Gone,

    /// <summary>Given up by the node itself; the delivery stays pending as it was, the attempt is not counted.</summary>
    Abandoned,
}

/// <summary>What an attempt tells about the receiver's health.</summary>
internal enum ReceiverSign
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It accepted a message.</summary>
    Alive,

    /// <summary>It answers, but wants less.</summary>
    Throttling,

    /// <summary>It fails, or cannot be reached.</summary>
    Failing,
}
