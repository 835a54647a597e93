using Grapnel.Dispatching;
using Grapnel.History;
using Grapnel.Server.Console.Shared;

namespace Grapnel.Server.Console.Events;

/// <summary>Where a fresh delivery stands, in few words.</summary>
internal static class DeliveryWords
{
    /// <summary>One word for the state.</summary>
    public static string Word(OwedEndpoint owed) => owed.Destination.Status switch
    {
        DeliveryStatus.Success => "Delivered",
        DeliveryStatus.Fail => "Failed",
        DeliveryStatus.Canceled => "Cancelled",
        DeliveryStatus.Sending => "Sending",
        _ => owed.Attempts.Count > 0 ? "Retrying" : "Waiting",
    };

    /// <summary>What the state means.</summary>
    public static StateKind Kind(OwedEndpoint owed) => owed.Destination.Status switch
    {
        DeliveryStatus.Success => StateKind.Good,
        DeliveryStatus.Fail => StateKind.Bad,
        DeliveryStatus.Canceled => StateKind.Calm,
        _ => StateKind.Waiting,
    };

    /// <summary>What the receiver answered last, and what is waited for.</summary>
    public static string Sentence(OwedEndpoint owed)
    {
        var answer = owed.Attempts is [.., var last]
            ? $"{(last.StatusCode > 0 ? $"answered {last.StatusCode}" : last.Error?.TrimEnd('.') ?? "did not answer")} after {Words.Milliseconds(last.DurationMs)}"
            : "";
        return owed.Why.State != WhyState.Pending ? answer : answer.Length > 0 ? $"{answer}. {owed.Why.Detail}" : owed.Why.Detail;
    }
}
