using Grapnel.Publishing;

namespace Grapnel.Server.Console.Events;

/// <summary>What routing would decide, told before anything is sent.</summary>
internal static class RouteWords
{
    /// <summary>"Will be sent to 3 of 5 endpoints".</summary>
    public static string Headline(IReadOnlyList<RouteDecision> decisions)
    {
        var owed = decisions.Count(decision => decision.Owed);
        return decisions.Count == 0 ? "There is no endpoint to send it to yet"
            : owed == 0 ? "Will be sent to no endpoint"
            : $"Will be sent to {Words.Number(owed)} of {Words.Count(decisions.Count, "endpoint")}";
    }

    /// <summary>Why an endpoint gets it, or does not, as things stand.</summary>
    public static string Reason(RouteDecision decision) => decision.Reason switch
    {
        RouteReason.AllEventTypes => "takes every event type",
        RouteReason.EventTypeSubscribed => "subscribes to this event type",
        RouteReason.EndpointDisabled => "is disabled",
        RouteReason.EventTypeNotSubscribed => "does not subscribe to this event type",
        RouteReason.NoCommonChannel => $"listens only on {Words.Listed(decision.Endpoint.Channels!)}",
        RouteReason.FilterRejected => "its filter does not let this payload through",
        _ => "is not addressed",
    };

    /// <summary>Whether an endpoint subscribes to an event type at all, whatever channels and filters it has.</summary>
    public static bool Subscribes(RouteDecision decision) => decision.Owed || decision.Reason == RouteReason.NoCommonChannel;
}
