using Grapnel.Dispatching;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

// The answers about what happened and what is still to be done.

/// <summary>What was sent and what came back. An attempt without an answer has no response headers at all.</summary>
internal sealed record AttemptHeadersOut(
    IReadOnlyDictionary<string, string> SentHeaders, IReadOnlyList<string[]>? ResponseHeaders, IReadOnlyList<string> Sensitive)
{
    public static AttemptHeadersOut From(AttemptHeaders headers) => new(
        headers.Sent.GroupBy(header => header.Key).ToDictionary(group => group.Key, group => string.Join(", ", group.Select(header => header.Value))),
        headers.Received?.Select(header => new[] { header.Key, header.Value }).ToList(), headers.Sensitive);
}

internal sealed record MessageRawPayloadOut(string Payload);

/// <summary>An endpoint as a destination of a message. Of one that was deleted only the id and what its attempts tell is left.</summary>
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

internal sealed record EndpointWhyOut(
    string EndpointId, string Url, string State, string Reason, string Detail, int Attempts, DateTime? NextAttempt, DateTime? EndedAt)
{
    public static EndpointWhyOut From(Endpoint endpoint, Why why) => new(
        endpoint.Id.ToString(), endpoint.Url, why.State.ToCamelCase(), why.Reason, why.Detail, why.Attempts, why.NextAttemptAt?.ToApiTime(),
        why.EndedAt?.ToApiTime());
}

internal sealed record EndpointStatsOut(long Success, long Pending, bool PendingIsMore, long Sending, long Fail, long Canceled);

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

internal sealed record StatsHistoryOut(string Period, IReadOnlyList<StatsBucketOut> Data);

internal sealed record RateLimitStatusOut(string Status, DateTime? ThrottledSince);

internal sealed record NodeOut(string Id, string Name, DateTime JoinedAt, DateTime HeartbeatAt, int Lanes, bool LanesIsMore, bool IsThis)
{
    public static NodeOut From(NodeStatus node, Id<Node> self) => new(
        node.Id.ToString(), node.Name, node.JoinedAt.ToApiTime(), node.HeartbeatAt.ToApiTime(), node.Lanes.Count, node.Lanes.IsMore, node.Id == self);
}

internal sealed record LaneOut(
    string EndpointId, string? ApplicationId, string? Node, string? State, int Pending, bool PendingIsMore, DateTime? OldestAcceptedAt, int InFlight,
    DateTime? PausedUntil, DateTime? FailingSince)
{
    public static LaneOut From(LaneView lane) => new(
        lane.Stored.EndpointId.ToString(), lane.Stored.ApplicationId?.ToString(), lane.Stored.Owner?.ToString(), lane.State?.ToCamelCase(),
        lane.Stored.Pending.Count, lane.Stored.Pending.IsMore, lane.Stored.OldestAcceptedAt?.ToApiTime(), lane.InFlight,
        lane.PausedUntil?.ToApiTime(), lane.Stored.Health?.FailingSince?.ToApiTime());
}

internal sealed record BacklogOut(long Pending, DateTime? OldestAcceptedAt);
