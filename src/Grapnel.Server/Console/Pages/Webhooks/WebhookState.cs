using Grapnel.Dispatching;
using Grapnel.Server.Console.Shared;
using Grapnel.Storage;

namespace Grapnel.Server.Console.Pages.Webhooks;

/// <summary>How an endpoint is, in a word, and why, in a sentence.</summary>
/// <param name="Kind">Good or bad.</param>
/// <param name="Word">The word.</param>
/// <param name="Sentence">The reason, and what it means for what is waiting.</param>
internal sealed record WebhookState(StateKind Kind, string Word, string Sentence)
{
    /// <summary>Since when it is so, or null.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>When something is sent again, or null.</summary>
    public DateTimeOffset? Next { get; init; }

    /// <summary>What puts it right.</summary>
    public Remedy Remedy { get; init; }

    /// <summary>Judges an endpoint by what is known of it just now.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="lane">Its lane.</param>
    /// <param name="isInTrouble">Whether its failures are more than everyday life.</param>
    /// <param name="last">Its newest attempt; null when there is none, or nobody asked.</param>
    public static WebhookState Of(Endpoint endpoint, LaneView lane, bool isInTrouble, Attempt? last) => (endpoint, lane) switch
    {
        ({ Enabled: false }, _) => Disabled(endpoint.DisabledReason),
        (_, { Stored.PausedAt: { } at }) => new(StateKind.Calm, "Paused", "A person paused it: everything is queued, and nothing is sent until it is resumed.")
        {
            Since = at, Remedy = Remedy.Resume,
        },
        (_, { Stored.Health: { FailingSince: not null } health }) => Failing(health, lane, isInTrouble, last),
        (_, { State: LaneState.Throttled }) => new(StateKind.Waiting, "Holding back", "Its receiver asked for a pause.") { Next = lane.PausedUntil },
        (_, { State: LaneState.RateLimited }) => new(StateKind.Good, "Healthy", "Its rate limit holds back what is waiting."),
        _ => new(StateKind.Good, "Healthy", last is null ? "Nothing is wrong." : $"The last attempt {WebhookWords.EndOf(last)}."),
    };

    private static WebhookState Disabled(EndpointDisabledReason? reason) => reason switch
    {
        null => new(StateKind.Calm, "Disabled", "A person disabled it. Nothing is sent, and new messages are not kept for it.") { Remedy = Remedy.Enable },
        EndpointDisabledReason.Gone => ByEngine("The receiver answered 410 Gone: it wants no more. Enable it once it does, and send it what it missed."),
        EndpointDisabledReason.OrderedExhausted => ByEngine(
            "It delivers in order, and the message at the head of its queue failed for good. The queue is kept; once enabled, it goes on with the next message."),
        _ => ByEngine("It did nothing but fail for days. Mend the receiver, enable it, and send it what it missed."),
    };

    private static WebhookState ByEngine(string sentence) => new(StateKind.Bad, "Disabled by Grapnel", sentence) { Remedy = Remedy.Enable };

    private static WebhookState Failing(EndpointHealth health, LaneView lane, bool isInTrouble, Attempt? last)
    {
        var count = $"{Words.Count(health.Failures, "failure")} in a row";
        return new(
            isInTrouble ? StateKind.Bad : StateKind.Waiting, isInTrouble ? "Failing" : "Retrying",
            last is null ? $"{count}." : $"{count}; the last attempt {WebhookWords.EndOf(last)}.")
        {
            Since = health.FailingSince, Next = lane.PausedUntil, Remedy = isInTrouble ? Remedy.Recover : Remedy.None,
        };
    }
}

/// <summary>What puts an endpoint right.</summary>
internal enum Remedy
{
    /// <summary>Nothing need be done.</summary>
    None,

    /// <summary>To resume it.</summary>
    Resume,

    /// <summary>To enable it.</summary>
    Enable,

    /// <summary>To mend the receiver, and to send again what failed.</summary>
    Recover,
}
