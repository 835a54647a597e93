using Grapnel.Dispatching;
using Grapnel.History;
using Grapnel.Sending;
using Grapnel.Server.Console.Shared;

namespace Grapnel.Server.Console.Pages.Messages;

/// <summary>Where a delivery stands, as a sentence: a word, what happened, and what comes next, when, and why then.</summary>
/// <param name="Kind">What the state means.</param>
/// <param name="Word">The state in a word.</param>
/// <param name="Text">What happened, and what comes next.</param>
/// <param name="At">When that is, or null.</param>
/// <param name="Because">Why then, or null.</param>
public sealed record DeliverySentence(StateKind Kind, string Word, string Text, DateTimeOffset? At = null, string? Because = null)
{
    /// <summary>The sentence about a delivery.</summary>
    public static DeliverySentence Of(OwedEndpoint owed) => owed.Why.State switch
    {
        WhyState.Delivered => new(StateKind.Good, "Delivered", Delivered(owed.Attempts)),
        WhyState.Exhausted when owed.Why.Reason == "gone" =>
            new(StateKind.Bad, "Failed", "the receiver answered 410 Gone, which ended the delivery and disabled the endpoint"),
        WhyState.Exhausted => new(StateKind.Bad, "Failed", $"{AttemptWords.Of(owed.Attempts) ?? "no attempt succeeded"}; no attempt of the retry schedule is left"),
        WhyState.Cancelled => new(StateKind.Calm, "Cancelled", owed.Why.Reason == "cancelled" ? "somebody ended it" : "its endpoint was deleted", owed.Why.EndedAt),
        WhyState.NotOwed => new(StateKind.Calm, "Not owed", owed.Why.Detail),
        _ => Waiting(owed.Why, AttemptWords.Of(owed.Attempts)),
    };

    private static string Delivered(IReadOnlyList<Attempt> attempts) => attempts.LastOrDefault(attempt => attempt.Outcome == SendOutcome.Success) is { } success
        ? $"answered {AttemptWords.Status(success.StatusCode)} in {Words.Milliseconds(success.DurationMs)}{Tries(attempts, success)}"
        : "the receiver has it";

    private static string Tries(IReadOnlyList<Attempt> attempts, Attempt success) =>
        attempts.TakeWhile(attempt => attempt != success).Count() is > 0 and var before ? $", at attempt {before + 1}" : ", at the first attempt";

    private static DeliverySentence Waiting(Why why, string? past)
    {
        var kind = why.Cause is WaitCause.Paused or WaitCause.Disabled ? StateKind.Calm : StateKind.Waiting;
        var (next, because) = Next(why);
        return new DeliverySentence(kind, why.Cause == WaitCause.Sending ? "Sending" : "Waiting", past is null ? next : $"{past}, {next}", why.NextAttemptAt, because);
    }

    private static (string Next, string? Because) Next(Why why) => why.Cause switch
    {
        WaitCause.Sending => ("an attempt is under way", null),
        WaitCause.Turn => ("it is the next to go", null),
        WaitCause.DeliverAt => ("first try", "because its publisher asked for that time"),
        WaitCause.RetrySchedule => ("next try", "by the retry schedule"),
        WaitCause.RetryAfter => ("next try", "because the receiver asked for it (Retry-After)"),
        WaitCause.ReceiverPause => ("next try", "because the receiver asked for a pause of everything"),
        WaitCause.Breaker when why.NextAttemptAt is null => ("the endpoint keeps failing and is being probed", null),
        WaitCause.Breaker => ("next probe", "because the endpoint keeps failing"),
        WaitCause.EndpointRate => ("held back by the rate limit of the endpoint", null),
        WaitCause.ApplicationRate => ("held back by the rate limit of the application", null),
        WaitCause.Concurrency => ("until one of the attempts in flight has ended", null),
        WaitCause.Order => ("behind an earlier message, because this endpoint gets its messages in order", null),
        WaitCause.Paused => ("until somebody resumes the endpoint, which is paused", null),
        WaitCause.Disabled => ("until somebody enables the endpoint", null),
        _ => (why.Detail, null),
    };
}
