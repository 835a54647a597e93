using System.Collections.Frozen;
using System.Reflection;

namespace Grapnel.Auditing;

/// <summary>
/// Which fields the audit log shows, on one page. A field that is not named here may be a secret: of it the log says no more than that it
/// changed. So a new field tells nothing until somebody decides that it may.
/// </summary>
internal static class AuditedFields
{
    private static readonly FrozenDictionary<Type, FrozenSet<string>> Shown = Table(
        (typeof(Application), [nameof(Application.Name), nameof(Application.Uid), nameof(Application.RateLimit), nameof(Application.Metadata)]),
        (typeof(EventType),
        [
            nameof(EventType.Name), nameof(EventType.Description), nameof(EventType.Archived), nameof(EventType.Deprecated), nameof(EventType.Validation),
            nameof(EventType.FeatureFlags), nameof(EventType.GroupName),
        ]),
        (typeof(Endpoint),
        [
            nameof(Endpoint.Url), nameof(Endpoint.Uid), nameof(Endpoint.Description), nameof(Endpoint.EventTypes), nameof(Endpoint.Channels),
            nameof(Endpoint.Filter), nameof(Endpoint.Enabled), nameof(Endpoint.DisabledReason), nameof(Endpoint.Metadata), nameof(Endpoint.RateLimit),
            nameof(Endpoint.MaxConcurrency), nameof(Endpoint.Timeout), nameof(Endpoint.RetrySchedule), nameof(Endpoint.Ordered),
            nameof(Endpoint.OnExhausted), nameof(Endpoint.Version), nameof(Endpoint.Format),
        ]),
        (typeof(Schedule),
        [
            nameof(Schedule.EventType), nameof(Schedule.Cron), nameof(Schedule.MinInterval), nameof(Schedule.MaxInterval), nameof(Schedule.Enabled),
        ]),
        (typeof(ApiKey), [nameof(ApiKey.Name), nameof(ApiKey.Scope), nameof(ApiKey.ExpiresAt)]),
        (typeof(BackgroundTask), [nameof(BackgroundTask.Kind), nameof(BackgroundTask.EndpointId)]),
        (typeof(Inbox), [nameof(Inbox.EndpointId), nameof(Inbox.AnswerStatus), nameof(Inbox.AnswerDelay), nameof(Inbox.FailFirst)]),
        (typeof(User), [nameof(User.Name), nameof(User.Role)]));

    // What changes by itself, or stands in the entry already.
    private static readonly FrozenDictionary<Type, FrozenSet<string>> Ignored = Table(
        (typeof(Schedule), [nameof(Schedule.NextAt)]),
        (typeof(ApiKey), [nameof(ApiKey.LastUsedAt)]),
        (typeof(User),
        [
            nameof(User.NormalizedName), nameof(User.SecurityStamp), nameof(User.FailedSignIns), nameof(User.LockedUntil), nameof(User.LastSignInAt),
        ]));

    private static readonly FrozenSet<string> AlwaysIgnored = FrozenSet.Create("Id", "ApplicationId", "CreatedAt", "UpdatedAt");

    /// <summary>The fields of a type that the log speaks of, and whether it may show what is in them.</summary>
    public static IEnumerable<(PropertyInfo Field, bool Shown)> Of(Type type) =>
        from field in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where !AlwaysIgnored.Contains(field.Name) && !Has(Ignored, type, field)
        select (field, Has(Shown, type, field));

    private static bool Has(FrozenDictionary<Type, FrozenSet<string>> table, Type type, PropertyInfo field) =>
        table.TryGetValue(type, out var names) && names.Contains(field.Name);

    private static FrozenDictionary<Type, FrozenSet<string>> Table(params IEnumerable<(Type Type, string[] Names)> rows) =>
        rows.ToFrozenDictionary(row => row.Type, row => row.Names.ToFrozenSet());
}
