using Grapnel.Dispatching;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

// The answers about what happened and what is still to be done.

/// <summary>What was sent and what came back. An attempt without an answer has no response headers at all.</summary>
/// <param name="SentHeaders">Names and values.</param>
/// <param name="ResponseHeaders">Pairs of name and value.</param>
/// <param name="Sensitive">Names of those whose values are not kept.</param>
internal sealed record AttemptHeadersOut(
    IReadOnlyDictionary<string, string> SentHeaders, IReadOnlyList<string[]>? ResponseHeaders, IReadOnlyList<string> Sensitive)
{
    public static AttemptHeadersOut From(AttemptHeaders headers) => new(
        headers.Sent.GroupBy(header => header.Key).ToDictionary(group => group.Key, group => string.Join(", ", group.Select(header => header.Value))),
        headers.Received?.Select(header => new[] { header.Key, header.Value }).ToList(), headers.Sensitive);
}

/// <summary>A payload.</summary>
/// <param name="Payload">The payload as text, or in base64 when it is no UTF-8.</param>
internal sealed record MessageRawPayloadOut(string Payload);

/// <summary>An endpoint as a destination of a message. Of one that was deleted only the id and what its attempts tell is left.</summary>
/// <param name="Id">The endpoint.</param>
/// <param name="Uid">Your own identifier.</param>
/// <param name="Url">Where it is sent to.</param>
/// <param name="Description">What it is for, for people.</param>
/// <param name="Disabled">Whether it receives nothing.</param>
/// <param name="EventTypes">The event types that it receives; null for all.</param>
/// <param name="FilterTypes">The older name of <c>eventTypes</c>.</param>
/// <param name="Channels">The channels that it listens on; null for any message.</param>
/// <param name="ThrottleRate">Attempts per second; null for no limit.</param>
/// <param name="RateLimit">The older name of <c>throttleRate</c>.</param>
/// <param name="Version">As it was given; no effect.</param>
/// <param name="Status">0 success, 1 pending, 2 fail, 3 sending, 4 canceled.</param>
/// <param name="StatusText">The same in a word.</param>
/// <param name="NextAttempt">When it is tried next.</param>
/// <param name="Deleted">Whether the endpoint was deleted.</param>
/// <param name="CreatedAt">When the endpoint was made.</param>
/// <param name="UpdatedAt">When the endpoint was changed last.</param>
internal sealed record MessageEndpointOut(
    string Id, string? Uid, string Url, string Description, bool Disabled, IReadOnlyList<string>? EventTypes, IReadOnlyList<string>? FilterTypes,
    IReadOnlyList<string>? Channels, int? ThrottleRate, int? RateLimit, int Version, int Status, string StatusText, DateTime? NextAttempt,
    bool Deleted, DateTime CreatedAt, DateTime UpdatedAt)
{
    public static MessageEndpointOut From(Destination destination, Endpoint? endpoint)
    {
        var created = (endpoint?.CreatedAt ?? destination.EndpointId.Timestamp).ToApiTime();
        return new MessageEndpointOut(
            destination.EndpointId.ToString(), endpoint?.Uid, endpoint?.Url ?? destination.Url ?? "", endpoint?.Description ?? "",
            endpoint is { Enabled: false }, endpoint?.EventTypes, endpoint?.EventTypes, endpoint?.Channels, endpoint?.RateLimit, endpoint?.RateLimit,
            endpoint?.Version ?? 1, (int)destination.Status, destination.Status.ToCamelCase(), destination.NextAttemptAt?.ToApiTime(),
            endpoint is null, created, endpoint?.UpdatedAt.ToApiTime() ?? created);
    }
}

/// <summary>Where a delivery to an endpoint stands, and why.</summary>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="Url">Its URL.</param>
/// <param name="State"><c>pending</c>, <c>delivered</c>, <c>exhausted</c>, <c>cancelled</c> or <c>notOwed</c>.</param>
/// <param name="Reason">Why, in a word for programs.</param>
/// <param name="Detail">Why, in a sentence for people.</param>
/// <param name="Attempts">Attempts of the schedule made so far.</param>
/// <param name="NextAttempt">When it is tried next, as far as that is known.</param>
/// <param name="EndedAt">When it ended.</param>
internal sealed record EndpointWhyOut(
    string EndpointId, string Url, string State, string Reason, string Detail, int Attempts, DateTime? NextAttempt, DateTime? EndedAt)
{
    public static EndpointWhyOut From(Endpoint endpoint, Why why) => new(
        endpoint.Id.ToString(), endpoint.Url, why.State.ToCamelCase(), why.Reason, why.Detail, why.Attempts, why.NextAttemptAt?.ToApiTime(),
        why.EndedAt?.ToApiTime());
}

/// <summary>Counts of an endpoint.</summary>
/// <param name="Success">Attempts of the range that succeeded.</param>
/// <param name="Pending">Deliveries that wait now, up to 10,000.</param>
/// <param name="PendingIsMore">Whether there are more.</param>
/// <param name="Sending">Attempts in flight now.</param>
/// <param name="Fail">Attempts of the range that failed.</param>
/// <param name="Canceled">Deliveries that were cancelled in the range.</param>
internal sealed record EndpointStatsOut(long Success, long Pending, bool PendingIsMore, long Sending, long Fail, long Canceled);

/// <summary>Counts of one period.</summary>
/// <param name="Start">When it begins.</param>
/// <param name="Succeeded">Attempts that succeeded.</param>
/// <param name="Failed">Attempts that failed.</param>
/// <param name="Cancelled">Deliveries that were cancelled.</param>
/// <param name="AverageDurationMs">How long an attempt took on average.</param>
/// <param name="MaxDurationMs">How long the longest took.</param>
internal sealed record StatsBucketOut(DateTime Start, int Succeeded, int Failed, int Cancelled, double? AverageDurationMs, int MaxDurationMs)
{
    public static StatsBucketOut From(Rollup sum)
    {
        var attempts = sum.Succeeded + sum.Failed;
        return new StatsBucketOut(
            sum.Minute.ToApiTime(), sum.Succeeded, sum.Failed, sum.Cancelled,
            attempts == 0 ? null : Math.Round((double)sum.DurationMs / attempts, 1), sum.MaxDurationMs);
    }
}

/// <summary>Counts by period.</summary>
/// <param name="Period"><c>minute</c>, <c>hour</c> or <c>day</c>.</param>
/// <param name="Data">Periods with an attempt, in order.</param>
internal sealed record StatsHistoryOut(string Period, IReadOnlyList<StatsBucketOut> Data);

/// <summary>Whether the throttle rate holds an endpoint up.</summary>
/// <param name="Status"><c>RateLimited</c> or <c>Ok</c>.</param>
/// <param name="ThrottledSince">Always null; clients expect it.</param>
internal sealed record RateLimitStatusOut(string Status, DateTime? ThrottledSince);

/// <summary>A running process.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">The name of its machine.</param>
/// <param name="JoinedAt">When it began.</param>
/// <param name="HeartbeatAt">Its latest heartbeat.</param>
/// <param name="Lanes">How many lanes it owns.</param>
/// <param name="LanesIsMore">Whether there are more than that.</param>
/// <param name="IsThis">Whether it is the one that answers.</param>
internal sealed record NodeOut(string Id, string Name, DateTime JoinedAt, DateTime HeartbeatAt, int Lanes, bool LanesIsMore, bool IsThis)
{
    public static NodeOut From(NodeStatus node, Id<Node> self) => new(
        node.Id.ToString(), node.Name, node.JoinedAt.ToApiTime(), node.HeartbeatAt.ToApiTime(), node.Lanes.Count, node.Lanes.IsMore, node.Id == self);
}

/// <summary>All pending deliveries of one endpoint.</summary>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="ApplicationId">Its application; null when the endpoint is gone.</param>
/// <param name="Node">The node that owns the lane.</param>
/// <param name="State"><c>idle</c>, <c>sending</c>, <c>waiting</c>, <c>rateLimited</c>, <c>throttled</c>, <c>breakerOpen</c>, <c>disabled</c> or <c>paused</c>; null when another node has it.</param>
/// <param name="Pending">Deliveries still to be done, up to 1,000.</param>
/// <param name="PendingIsMore">Whether there are more.</param>
/// <param name="OldestAcceptedAt">When the message of the oldest was accepted.</param>
/// <param name="InFlight">Attempts in flight.</param>
/// <param name="PausedUntil">Until when nothing is sent.</param>
/// <param name="FailingSince">Since when the endpoint did nothing but fail.</param>
/// <param name="PausedAt">Since when a person has it paused; null when nobody has.</param>
internal sealed record LaneOut(
    string EndpointId, string? ApplicationId, string? Node, string? State, int Pending, bool PendingIsMore, DateTime? OldestAcceptedAt, int InFlight,
    DateTime? PausedUntil, DateTime? FailingSince, DateTime? PausedAt)
{
    public static LaneOut From(LaneView lane) => new(
        lane.Stored.EndpointId.ToString(), lane.Stored.ApplicationId?.ToString(), lane.Stored.Owner?.ToString(), lane.State?.ToCamelCase(),
        lane.Stored.Pending.Count, lane.Stored.Pending.IsMore, lane.Stored.OldestAcceptedAt?.ToApiTime(), lane.InFlight,
        lane.PausedUntil?.ToApiTime(), lane.Stored.Health?.FailingSince?.ToApiTime(), lane.Stored.PausedAt?.ToApiTime());
}

/// <summary>All pending deliveries.</summary>
/// <param name="Pending">Deliveries still to be done.</param>
/// <param name="OldestAcceptedAt">When the message of the oldest was accepted.</param>
internal sealed record BacklogOut(long Pending, DateTime? OldestAcceptedAt);
