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

/// <summary>An application.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Uid">Your own identifier.</param>
/// <param name="Name">A name for people.</param>
/// <param name="ThrottleRate">Attempts per second that its endpoints share; null for no limit.</param>
/// <param name="RateLimit">The older name of <c>throttleRate</c>.</param>
/// <param name="Metadata">Free string pairs.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
internal sealed record ApplicationOut(
    string Id, string? Uid, string Name, int? ThrottleRate, int? RateLimit, IReadOnlyDictionary<string, string> Metadata,
    DateTime CreatedAt, DateTime UpdatedAt)
{
    public static ApplicationOut From(Application application) => new(
        application.Id.ToString(), application.Uid, application.Name, application.RateLimit, application.RateLimit, application.Metadata,
        application.CreatedAt.ToApiTime(), application.UpdatedAt.ToApiTime());
}

/// <summary>An event type.</summary>
/// <param name="Name">Its name and key.</param>
/// <param name="Description">What it means, for people.</param>
/// <param name="Archived">Whether it is hidden from lists and closed for new subscriptions.</param>
/// <param name="Deprecated">Whether it is on its way out.</param>
/// <param name="Schemas">An object from version to JSON Schema; null in lists unless they were asked for.</param>
/// <param name="SchemaValidation"><c>off</c>, <c>warn</c> or <c>enforce</c>.</param>
/// <param name="FeatureFlag">The first of <c>featureFlags</c>.</param>
/// <param name="FeatureFlags">Flags of which an application token needs one to see the type.</param>
/// <param name="GroupName">A heading to list it under.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
internal sealed record EventTypeOut(
    string Name, string Description, bool Archived, bool Deprecated, RawJson? Schemas, string SchemaValidation, string? FeatureFlag, IReadOnlyList<string>? FeatureFlags,
    string? GroupName, DateTime CreatedAt, DateTime UpdatedAt)
{
    public static EventTypeOut From(EventType type, bool withSchemas) => new(
        type.Name, type.Description, type.Archived, type.Deprecated, withSchemas && type.Schemas is { } json ? new RawJson(json) : null,
        type.Validation.ToCamelCase(), type.FeatureFlags is [var flag, ..] ? flag : null, type.FeatureFlags, type.GroupName, type.CreatedAt.ToApiTime(), type.UpdatedAt.ToApiTime());
}

/// <summary>An endpoint. Its secret and its headers have routes of their own.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Uid">Your own identifier.</param>
/// <param name="Url">Where it is sent to.</param>
/// <param name="Description">What it is for, for people.</param>
/// <param name="Disabled">Whether it receives nothing.</param>
/// <param name="DisabledReason">Why, if nobody asked for it: <c>gone</c>, <c>failingForTooLong</c> or <c>orderedExhausted</c>.</param>
/// <param name="EventTypes">The event types that it receives; null for all.</param>
/// <param name="FilterTypes">The older name of <c>eventTypes</c>.</param>
/// <param name="Channels">The channels that it listens on; null for any message.</param>
/// <param name="Filter">The JMESPath expression that a payload must pass.</param>
/// <param name="Format">How requests are written: <c>standard</c>, <c>github</c>, <c>githubForm</c>, <c>cloudEvents</c> or <c>cloudEventsStructured</c>.</param>
/// <param name="ThrottleRate">Attempts per second; null for no limit.</param>
/// <param name="RateLimit">The older name of <c>throttleRate</c>.</param>
/// <param name="MaxConcurrency">Attempts in flight at once; null for the server's default.</param>
/// <param name="TimeoutSeconds">Limit of one whole exchange; null for the server's default.</param>
/// <param name="RetrySchedule">Seconds between attempts; null for the server's default.</param>
/// <param name="Ordered">Whether it gets messages strictly one after the other.</param>
/// <param name="OnExhausted"><c>skip</c> or <c>pause</c>: what <c>ordered</c> does with a message that cannot be delivered.</param>
/// <param name="Version">As it was given; no effect.</param>
/// <param name="Tls">How connections are secured, without the private key; null for as any.</param>
/// <param name="Oauth">Where access tokens are asked for, without the secret; null for none.</param>
/// <param name="Metadata">Free string pairs.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
internal sealed record EndpointOut(
    string Id, string? Uid, string Url, string Description, bool Disabled, string? DisabledReason,
    IReadOnlyList<string>? EventTypes, IReadOnlyList<string>? FilterTypes, IReadOnlyList<string>? Channels, string? Filter,
    string Format, int? ThrottleRate, int? RateLimit, int? MaxConcurrency, double? TimeoutSeconds, IReadOnlyList<double>? RetrySchedule,
    bool Ordered, string OnExhausted, int Version, EndpointTlsOut? Tls, EndpointOAuthOut? Oauth, IReadOnlyDictionary<string, string> Metadata,
    DateTime CreatedAt, DateTime UpdatedAt)
{
    public static EndpointOut From(Endpoint endpoint) => new(
        endpoint.Id.ToString(), endpoint.Uid, endpoint.Url, endpoint.Description, !endpoint.Enabled, endpoint.DisabledReason?.ToCamelCase(),
        endpoint.EventTypes, endpoint.EventTypes, endpoint.Channels, endpoint.Filter,
        endpoint.Format.ToCamelCase(), endpoint.RateLimit, endpoint.RateLimit, endpoint.MaxConcurrency, endpoint.Timeout?.TotalSeconds,
        endpoint.RetrySchedule?.Select(delay => delay.TotalSeconds).ToArray(),
        endpoint.Ordered, endpoint.OnExhausted.ToCamelCase(), endpoint.Version, EndpointTlsOut.From(endpoint.Tls), EndpointOAuthOut.From(endpoint.OAuth), endpoint.Metadata,
        endpoint.CreatedAt.ToApiTime(), endpoint.UpdatedAt.ToApiTime());
}

/// <summary>How connections to an endpoint are secured.</summary>
/// <param name="ClientCertificate">What the receiver is shown, in PEM; null for nothing. Its private key is never told.</param>
/// <param name="Authorities">The authorities that the receiver's certificate may come from, in PEM; null for those that the system trusts.</param>
/// <param name="Insecure">Whether any certificate will do.</param>
internal sealed record EndpointTlsOut(string? ClientCertificate, string? Authorities, bool Insecure)
{
    public static EndpointTlsOut? From(EndpointTls? tls) => tls is null ? null : new(tls.ClientCertificate, tls.Authorities, tls.Insecure);
}

/// <summary>Where access tokens are asked for. The secret is never told.</summary>
/// <param name="TokenUrl">The token endpoint of the authorization server.</param>
/// <param name="ClientId">Who asks.</param>
/// <param name="Scope">What for; null leaves it to the server.</param>
/// <param name="Audience">Which receiver the token is for; null when it is not said.</param>
/// <param name="ClientAuthentication"><c>basic</c> or <c>post</c>: where id and secret stand.</param>
internal sealed record EndpointOAuthOut(string TokenUrl, string ClientId, string? Scope, string? Audience, string ClientAuthentication)
{
    public static EndpointOAuthOut? From(EndpointOAuth? grant) => grant is null
        ? null
        : new(grant.TokenUrl, grant.ClientId, grant.Scope, grant.Audience, grant.ClientAuthentication.ToCamelCase());
}

/// <summary>What became of secrets at rest.</summary>
/// <param name="Sealed">How many endpoints and secrets of the installation were sealed again.</param>
internal sealed record KeyRingRotatedOut(int Sealed);

/// <summary>A signing secret.</summary>
/// <param name="Key">What receivers verify with: <c>whsec_…</c>, or <c>whpk_…</c>, the public key of an asymmetric one.</param>
internal sealed record EndpointSecretOut(string Key)
{
    public override string ToString() => nameof(EndpointSecretOut);
}

/// <summary>Extra request headers.</summary>
/// <param name="Headers">Names and values.</param>
/// <param name="Sensitive">Names of those whose values are not shown.</param>
internal sealed record EndpointHeadersOut(IReadOnlyDictionary<string, string> Headers, IReadOnlyList<string> Sensitive);

/// <summary>A schedule.</summary>
/// <param name="Id">Its id.</param>
/// <param name="EventType">The event type that it publishes.</param>
/// <param name="Cron">A cron expression, in UTC; or null.</param>
/// <param name="MinInterval">The shortest random interval in seconds, or null.</param>
/// <param name="MaxInterval">The longest random interval in seconds, or null.</param>
/// <param name="Payload">What it publishes; null for the standard envelope.</param>
/// <param name="Enabled">Whether it runs.</param>
/// <param name="NextAt">When it publishes next.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
internal sealed record ScheduleOut(
    string Id, string EventType, string? Cron, double? MinInterval, double? MaxInterval, RawJson? Payload, bool Enabled, DateTime NextAt,
    DateTime CreatedAt, DateTime UpdatedAt)
{
    public static ScheduleOut From(Schedule schedule) => new(
        schedule.Id.ToString(), schedule.EventType, schedule.Cron, schedule.MinInterval?.TotalSeconds, schedule.MaxInterval?.TotalSeconds,
        schedule.Payload is { } json ? new RawJson(Encoding.UTF8.GetString(json)) : null, schedule.Enabled, schedule.NextAt.ToApiTime(),
        schedule.CreatedAt.ToApiTime(), schedule.UpdatedAt.ToApiTime());
}

/// <summary>One HTTP exchange.</summary>
/// <param name="Id">Its id.</param>
/// <param name="MsgId">The message.</param>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="Url">Where it was sent to.</param>
/// <param name="Status">0 success, 2 fail.</param>
/// <param name="StatusText">The same in a word.</param>
/// <param name="TriggerType">0 by the schedule of the delivery, 1 by hand.</param>
/// <param name="ResponseStatusCode">The status that was answered; 0 without an answer.</param>
/// <param name="ResponseDurationMs">How long it took.</param>
/// <param name="Response">The beginning of what was answered, in base64 when it is no text; without an answer, why there is none.</param>
/// <param name="Outcome">What it came to, in a word, such as <c>success</c>, <c>refused</c> or <c>timeout</c>.</param>
/// <param name="AttemptNumber">Its number within the delivery, from 1.</param>
/// <param name="NextAttempt">When it is tried next; null for never.</param>
/// <param name="Timestamp">When it began.</param>
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

/// <summary>Where a delivery stands, and why.</summary>
/// <param name="State"><c>pending</c>, <c>delivered</c>, <c>exhausted</c>, <c>cancelled</c> or <c>notOwed</c>.</param>
/// <param name="Reason">Why, in a word for programs.</param>
/// <param name="Detail">Why, in a sentence for people.</param>
/// <param name="Attempts">Attempts of the schedule made so far.</param>
/// <param name="NextAttempt">When it is tried next, as far as that is known.</param>
/// <param name="EndedAt">When it ended.</param>
internal sealed record WhyOut(string State, string Reason, string Detail, int Attempts, DateTime? NextAttempt, DateTime? EndedAt)
{
    public static WhyOut From(Why why) => new(
        why.State.ToCamelCase(), why.Reason, why.Detail, why.Attempts, why.NextAttemptAt?.ToApiTime(), why.EndedAt?.ToApiTime());
}

/// <summary>What an import changed.</summary>
/// <param name="Data">What it changed.</param>
internal sealed record ImportOut(ImportedOut Data)
{
    public static ImportOut From(IReadOnlyList<EventType> changed, bool dryRun) => new(new ImportedOut(
        [.. changed.Select(type => type.Name)], dryRun ? [.. changed.Select(type => EventTypeOut.From(type, withSchemas: true))] : null));
}

/// <summary>What an import changed.</summary>
/// <param name="Modified">Names of event types that were, or would be, changed.</param>
/// <param name="ToModify">With <c>dryRun</c>: the event types as they would be.</param>
internal sealed record ImportedOut(
    IReadOnlyList<string> Modified, [property: JsonPropertyName("to_modify")] IReadOnlyList<EventTypeOut>? ToModify);

/// <summary>Whether anybody would get a message.</summary>
/// <param name="Active">Whether any endpoint would be owed it, filters left aside.</param>
internal sealed record PrecheckOut(bool Active);

/// <summary>What was cancelled.</summary>
/// <param name="Cancelled">How many deliveries were ended.</param>
internal sealed record CancelOut(int Cancelled);

/// <summary>What would be sent.</summary>
/// <param name="Count">How many messages.</param>
/// <param name="Scanned">How many rows were looked at.</param>
/// <param name="Complete">Whether those were all of them.</param>
internal sealed record ReplayCountOut(int Count, int Scanned, bool Complete);

/// <summary>A background task.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Status"><c>running</c>, <c>finished</c> or <c>failed</c>; a cancelled one reads as failed.</param>
/// <param name="Task">Its kind: <c>endpoint.recover</c>, <c>endpoint.replay</c> (what is missing), <c>endpoint.bulk-replay</c> or <c>message.broadcast</c>.</param>
/// <param name="Data">What it is about, and how far it is.</param>
/// <param name="CreatedAt">When it began.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
internal sealed record BackgroundTaskOut(
    string Id, string Status, string Task, BackgroundTaskDataOut Data, DateTime CreatedAt, DateTime UpdatedAt)
{
    public static BackgroundTaskOut From(BackgroundTask task) => new(
        task.Id.ToString(), task.Status.Word(), task.Kind, BackgroundTaskDataOut.From(task), task.CreatedAt.ToApiTime(), task.UpdatedAt.ToApiTime());
}

/// <summary>What a background task is about, and how far it is.</summary>
/// <param name="AppId">The application, if it is about one.</param>
/// <param name="EndpointId">The endpoint, if it is about one.</param>
/// <param name="Since">Messages accepted from this time on.</param>
/// <param name="Until">Messages accepted before this time.</param>
/// <param name="Scanned">Rows looked at so far.</param>
/// <param name="Done">Messages sent so far.</param>
/// <param name="MessagesSent">The same, as clients of Svix know it.</param>
/// <param name="Total">Of how many; null when counting would have taken long.</param>
/// <param name="Rate">Messages per second at most.</param>
/// <param name="SecondsLeft">How long it will still take, as far as that can be told.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="Cancelled">Whether it was cancelled.</param>
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

/// <summary>An API key, without the key itself.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What it is for, for people.</param>
/// <param name="Hint">The first characters of the key.</param>
/// <param name="Scope"><c>full</c>, <c>publish</c> or <c>read</c>.</param>
/// <param name="Application">The one application that it is for; null for all.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it stops working by itself.</param>
/// <param name="LastUsedAt">When it was used last; written down every 30 seconds.</param>
/// <param name="RevokedAt">When it was revoked.</param>
internal sealed record ApiKeyOut(
    string Id, string Name, string Hint, string Scope, string? Application, DateTime CreatedAt, DateTime? ExpiresAt, DateTime? LastUsedAt,
    DateTime? RevokedAt)
{
    public static ApiKeyOut From(ApiKey key) => new(
        key.Id.ToString(), key.Name, key.Hint, key.Scope.ToCamelCase(), key.ApplicationId?.ToString(), key.CreatedAt.ToApiTime(),
        key.ExpiresAt?.ToApiTime(), key.LastUsedAt?.ToApiTime(), key.RevokedAt?.ToApiTime());
}

/// <summary>An API key that has just been made.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What it is for, for people.</param>
/// <param name="Hint">The first characters of the key.</param>
/// <param name="Scope"><c>full</c>, <c>publish</c> or <c>read</c>.</param>
/// <param name="Application">The one application that it is for; null for all.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it stops working by itself.</param>
/// <param name="LastUsedAt">When it was used last.</param>
/// <param name="RevokedAt">When it was revoked.</param>
/// <param name="Key">The key. It is shown this one time only.</param>
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

/// <summary>A token for one application.</summary>
/// <param name="Url">The address that opens the portal with it, to send its owner to.</param>
/// <param name="Token">The token.</param>
internal sealed record PortalAccessOut(string Url, string Token)
{
    public override string ToString() => nameof(PortalAccessOut);
}

/// <summary>A page of a list.</summary>
/// <param name="Data">The entries.</param>
/// <param name="Iterator">Where the page after this one begins.</param>
/// <param name="PrevIterator">Where the page before this one begins.</param>
/// <param name="Done">Whether there is nothing more in this direction.</param>
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
[JsonSerializable(typeof(ListOut<AuditEntryOut>))]
[JsonSerializable(typeof(ReplayCountOut))]
[JsonSerializable(typeof(NewApiKeyOut))]
[JsonSerializable(typeof(PortalAccessOut))]
[JsonSerializable(typeof(EndpointSecretOut))]
[JsonSerializable(typeof(KeyRingRotatedOut))]
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
