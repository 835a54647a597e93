using System.Text;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using Grapnel.Dispatching;
using Grapnel.Housekeeping;
using Grapnel.Registry;
using Grapnel.Sending;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

// The answers of the API, as its clients know them. Where versions of the Svix clients disagree about a name, both names are there.

internal sealed record ApplicationOut(
    string Id, string? Uid, string Name, int? ThrottleRate, int? RateLimit, IReadOnlyDictionary<string, string> Metadata,
    DateTime CreatedAt, DateTime UpdatedAt)
{
    public static ApplicationOut From(Application application) => new(
        application.Id.ToString(), application.Uid, application.Name, application.RateLimit, application.RateLimit, application.Metadata,
        application.CreatedAt.ToApiTime(), application.UpdatedAt.ToApiTime());
}

internal sealed record EventTypeOut(
    string Name, string Description, bool Archived, bool Deprecated, RawJson? Schemas, string SchemaValidation, string? FeatureFlag, IReadOnlyList<string>? FeatureFlags,
    string? GroupName, DateTime CreatedAt, DateTime UpdatedAt)
{
    public static EventTypeOut From(EventType type, bool withSchemas) => new(
        type.Name, type.Description, type.Archived, type.Deprecated, withSchemas && type.Schemas is { } json ? new RawJson(json) : null,
        type.Validation.ToCamelCase(), type.FeatureFlags is [var flag, ..] ? flag : null, type.FeatureFlags, type.GroupName, type.CreatedAt.ToApiTime(), type.UpdatedAt.ToApiTime());
}

internal sealed record EndpointOut(
    string Id, string? Uid, string Url, string Description, bool Disabled, string? DisabledReason,
    IReadOnlyList<string>? EventTypes, IReadOnlyList<string>? FilterTypes, IReadOnlyList<string>? Channels, string? Filter,
    int? ThrottleRate, int? RateLimit, int? MaxConcurrency, double? TimeoutSeconds, IReadOnlyList<double>? RetrySchedule,
    bool Ordered, string OnExhausted, int Version, IReadOnlyDictionary<string, string> Metadata, DateTime CreatedAt, DateTime UpdatedAt)
{
    public static EndpointOut From(Endpoint endpoint) => new(
        endpoint.Id.ToString(), endpoint.Uid, endpoint.Url, endpoint.Description, !endpoint.Enabled, endpoint.DisabledReason?.ToCamelCase(),
        endpoint.EventTypes, endpoint.EventTypes, endpoint.Channels, endpoint.Filter,
        endpoint.RateLimit, endpoint.RateLimit, endpoint.MaxConcurrency, endpoint.Timeout?.TotalSeconds,
        endpoint.RetrySchedule?.Select(delay => delay.TotalSeconds).ToArray(),
        endpoint.Ordered, endpoint.OnExhausted.ToCamelCase(), endpoint.Version, endpoint.Metadata,
        endpoint.CreatedAt.ToApiTime(), endpoint.UpdatedAt.ToApiTime());
}

internal sealed record EndpointSecretOut(string Key)
{
    public override string ToString() => nameof(EndpointSecretOut);
}

internal sealed record EndpointHeadersOut(IReadOnlyDictionary<string, string> Headers, IReadOnlyList<string> Sensitive);

internal sealed record ScheduleOut(
    string Id, string EventType, string? Cron, double? MinInterval, double? MaxInterval, RawJson? Payload, bool Enabled, DateTime NextAt,
    DateTime CreatedAt, DateTime UpdatedAt)
{
    public static ScheduleOut From(Schedule schedule) => new(
        schedule.Id.ToString(), schedule.EventType, schedule.Cron, schedule.MinInterval?.TotalSeconds, schedule.MaxInterval?.TotalSeconds,
        schedule.Payload is { } json ? new RawJson(Encoding.UTF8.GetString(json)) : null, schedule.Enabled, schedule.NextAt.ToApiTime(),
        schedule.CreatedAt.ToApiTime(), schedule.UpdatedAt.ToApiTime());
}

internal sealed record AttemptOut(
    string Id, string MsgId, string EndpointId, string Url, int Status, string StatusText, int TriggerType, int ResponseStatusCode,
    int ResponseDurationMs, string Response, string Outcome, int AttemptNumber, DateTime? NextAttempt, DateTime Timestamp)
{
    /// <summary>The message, where it was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RawJson? Msg { get; init; }

    public static AttemptOut From(Attempt attempt, bool withContent)
    {
        var succeeded = attempt.Outcome == SendOutcome.Success;
        return new AttemptOut(
            attempt.Id.ToString(), attempt.MessageId.ToString(), attempt.EndpointId.ToString(), attempt.Url,
            succeeded ? 0 : 2, succeeded ? "success" : "fail", (int)attempt.Trigger, attempt.StatusCode, attempt.DurationMs,
            withContent ? ResponseText(attempt) : "", attempt.Outcome.ToCamelCase(), attempt.Number,
            attempt.NextAttemptAt?.ToApiTime(), attempt.StartedAt.ToApiTime());
    }

    /// <summary>What the receiver answered, in base64 when it is no text; without an answer, why there is none.</summary>
    private static string ResponseText(Attempt attempt)
    {
        var body = attempt.ResponseBody.Span;
        return body.IsEmpty ? attempt.Error ?? "" : Utf8.IsValid(body) ? Encoding.UTF8.GetString(body) : Convert.ToBase64String(body);
    }
}

internal sealed record WhyOut(string State, string Reason, string Detail, int Attempts, DateTime? NextAttempt, DateTime? EndedAt)
{
    public static WhyOut From(Why why) => new(
        why.State.ToCamelCase(), why.Reason, why.Detail, why.Attempts, why.NextAttemptAt?.ToApiTime(), why.EndedAt?.ToApiTime());
}

internal sealed record ImportOut(ImportedOut Data)
{
    public static ImportOut From(IReadOnlyList<EventType> changed, bool dryRun) => new(new ImportedOut(
        [.. changed.Select(type => type.Name)], dryRun ? [.. changed.Select(type => EventTypeOut.From(type, withSchemas: true))] : null));
}

internal sealed record ImportedOut(
    IReadOnlyList<string> Modified, [property: JsonPropertyName("to_modify")] IReadOnlyList<EventTypeOut>? ToModify);

internal sealed record PrecheckOut(bool Active);

internal sealed record CancelOut(int Cancelled);

internal sealed record ReplayCountOut(int Count, int Scanned, bool Complete);

internal sealed record BackgroundTaskOut(
    string Id, string Status, string Task, BackgroundTaskDataOut Data, DateTime CreatedAt, DateTime UpdatedAt)
{
    public static BackgroundTaskOut From(BackgroundTask task) => new(
        task.Id.ToString(), task.Status.Word(), task.Kind, BackgroundTaskDataOut.From(task), task.CreatedAt.ToApiTime(), task.UpdatedAt.ToApiTime());
}

internal sealed record BackgroundTaskDataOut(
    string? AppId, string? EndpointId, DateTime? Since, DateTime? Until, long Scanned, long Done, long MessagesSent, long? Total, int? Rate,
    double? SecondsLeft, string? Error, bool Cancelled)
{
    public static BackgroundTaskDataOut From(BackgroundTask task)
    {
        var replay = task.EndpointId is null ? null : ReplayArguments.Of(task);
        return new(
            task.ApplicationId?.ToString(), task.EndpointId?.ToString(), replay?.Since.ToApiTime(), replay?.Until.ToApiTime(), task.Scanned,
            task.Done, task.Done, task.Total, replay?.Rate, TaskProgress.SecondsLeft(task, replay?.Since), task.Error,
            task.Status == BackgroundTaskStatus.Cancelled);
    }
}

internal sealed record ApiKeyOut(
    string Id, string Name, string Hint, string Scope, string? Application, DateTime CreatedAt, DateTime? ExpiresAt, DateTime? LastUsedAt,
    DateTime? RevokedAt)
{
    public static ApiKeyOut From(ApiKey key) => new(
        key.Id.ToString(), key.Name, key.Hint, key.Scope.ToCamelCase(), key.ApplicationId?.ToString(), key.CreatedAt.ToApiTime(),
        key.ExpiresAt?.ToApiTime(), key.LastUsedAt?.ToApiTime(), key.RevokedAt?.ToApiTime());
}

internal sealed record NewApiKeyOut(
    string Id, string Name, string Hint, string Scope, string? Application, DateTime CreatedAt, DateTime? ExpiresAt, DateTime? LastUsedAt,
    DateTime? RevokedAt, string Key)
{
    public static NewApiKeyOut From(NewApiKey made)
    {
        var key = ApiKeyOut.From(made.Key);
        return new(key.Id, key.Name, key.Hint, key.Scope, key.Application, key.CreatedAt, key.ExpiresAt, key.LastUsedAt, key.RevokedAt, made.Text);
    }

    public override string ToString() => $"{nameof(NewApiKeyOut)}({Id})";
}

internal sealed record PortalAccessOut(string Url, string Token)
{
    public override string ToString() => nameof(PortalAccessOut);
}

internal sealed record ListOut<T>(IReadOnlyList<T> Data, string? Iterator, string? PrevIterator, bool Done)
{
    public static ListOut<T> From<TItem>(Page<TItem> page, Func<TItem, T> show, Func<TItem, string> iterator) => new(
        [.. page.Items.Select(show)],
        page.Iterator ?? (page.Items is [.., var last] ? iterator(last) : null),
        page.PrevIterator ?? (page.Items is [var first, ..] ? "-" + iterator(first) : null),
        page.Done);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ListOut<ApplicationOut>))]
[JsonSerializable(typeof(ListOut<EventTypeOut>))]
[JsonSerializable(typeof(ListOut<EndpointOut>))]
[JsonSerializable(typeof(ListOut<ScheduleOut>))]
[JsonSerializable(typeof(ListOut<AttemptOut>))]
[JsonSerializable(typeof(ListOut<ApiKeyOut>))]
[JsonSerializable(typeof(ListOut<BackgroundTaskOut>))]
[JsonSerializable(typeof(ReplayCountOut))]
[JsonSerializable(typeof(NewApiKeyOut))]
[JsonSerializable(typeof(PortalAccessOut))]
[JsonSerializable(typeof(EndpointSecretOut))]
[JsonSerializable(typeof(EndpointHeadersOut))]
[JsonSerializable(typeof(WhyOut))]
[JsonSerializable(typeof(CancelOut))]
[JsonSerializable(typeof(AttemptHeadersOut))]
[JsonSerializable(typeof(MessageRawPayloadOut))]
[JsonSerializable(typeof(ListOut<MessageEndpointOut>))]
[JsonSerializable(typeof(ListOut<EndpointWhyOut>))]
[JsonSerializable(typeof(EndpointStatsOut))]
[JsonSerializable(typeof(StatsHistoryOut))]
[JsonSerializable(typeof(RateLimitStatusOut))]
[JsonSerializable(typeof(ListOut<NodeOut>))]
[JsonSerializable(typeof(ListOut<LaneOut>))]
[JsonSerializable(typeof(BacklogOut))]
[JsonSerializable(typeof(PrecheckOut))]
[JsonSerializable(typeof(ImportOut))]
internal sealed partial class ApiJson : JsonSerializerContext;
