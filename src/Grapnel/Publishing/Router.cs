using Grapnel.Storage;

namespace Grapnel.Publishing;

/// <summary>Why an endpoint is owed a message, or why not.</summary>
public enum RouteReason
{
    /// <summary>Owed: the endpoint takes every event type.</summary>
    AllEventTypes = 0,

    /// <summary>Owed: the endpoint subscribed to this event type.</summary>
    EventTypeSubscribed = 1,

    /// <summary>Not owed: the endpoint is disabled.</summary>
    EndpointDisabled = 10,

    /// <summary>Not owed: the endpoint did not subscribe to this event type.</summary>
    EventTypeNotSubscribed = 11,

    /// <summary>Not owed: the endpoint listens on channels, and the message has none of them.</summary>
    NoCommonChannel = 12,

    /// <summary>Not owed: the payload does not pass the endpoint's filter.</summary>
    FilterRejected = 13,

    /// <summary>Not owed: the message was addressed to a single other endpoint.</summary>
    NotAddressed = 14,
}

/// <summary>What routing decided about one endpoint.</summary>
/// <param name="Endpoint">The endpoint.</param>
/// <param name="Reason">Why.</param>
public readonly record struct RouteDecision(Endpoint Endpoint, RouteReason Reason)
{
    /// <summary>Whether the endpoint is owed the message.</summary>
    public bool Owed => Reason < RouteReason.EndpointDisabled;
}

/// <summary>
/// Decides which endpoints a message is owed to, as far as that is known without its payload: filters come after. Pure, and fed by either an endpoint as it is or a revision of it, so that the question
/// "why did this not arrive?" is answered by the very rules that routed the message.
/// </summary>
public static class Router
{
    /// <summary>Decides about an endpoint as it is.</summary>
    public static RouteReason Decide(Endpoint endpoint, string eventType, IReadOnlyList<string>? channels) =>
        Decide(endpoint.Enabled, endpoint.EventTypes, endpoint.Channels, eventType, channels);

    /// <summary>Decides about an endpoint as it was.</summary>
    public static RouteReason Decide(EndpointRevision revision, string eventType, IReadOnlyList<string>? channels) =>
        Decide(revision.Enabled, revision.EventTypes, revision.Channels, eventType, channels);

    private static RouteReason Decide(
        bool enabled, IReadOnlyList<string>? subscribed, IReadOnlyList<string>? listensOn, string eventType, IReadOnlyList<string>? channels)
    {
        if (!enabled)
            return RouteReason.EndpointDisabled;
        if (subscribed is not null && !subscribed.Contains(eventType, StringComparer.Ordinal))
            return RouteReason.EventTypeNotSubscribed;
        if (listensOn is not null && (channels is null || !channels.Any(c => listensOn.Contains(c, StringComparer.Ordinal))))
            return RouteReason.NoCommonChannel;
        return subscribed is null ? RouteReason.AllEventTypes : RouteReason.EventTypeSubscribed;
    }
}

/// <summary>The words for reasons, the same wherever they are shown.</summary>
public static class RouteReasons
{
    /// <summary>A stable word for programs.</summary>
    public static string Word(this RouteReason reason) => reason switch
    {
        RouteReason.AllEventTypes => "allEventTypes",
        RouteReason.EventTypeSubscribed => "eventTypeSubscribed",
        RouteReason.EndpointDisabled => "endpointDisabled",
        RouteReason.EventTypeNotSubscribed => "eventTypeNotSubscribed",
        RouteReason.NoCommonChannel => "noCommonChannel",
        RouteReason.FilterRejected => "filterRejected",
        _ => "notAddressed",
    };

    /// <summary>A sentence for people.</summary>
    public static string Sentence(this RouteReason reason) => reason switch
    {
        RouteReason.AllEventTypes => "The endpoint takes every event type.",
        RouteReason.EventTypeSubscribed => "The endpoint subscribed to this event type.",
        RouteReason.EndpointDisabled => "The endpoint was disabled when the message was accepted.",
        RouteReason.EventTypeNotSubscribed => "The endpoint had not subscribed to this event type.",
        RouteReason.NoCommonChannel => "The endpoint listens on channels, and the message has none of them.",
        RouteReason.FilterRejected => "The payload does not pass the endpoint's filter.",
        _ => "The message was addressed to another endpoint alone.",
    };
}
