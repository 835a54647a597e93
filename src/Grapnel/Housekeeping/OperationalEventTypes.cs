using System.Collections.Frozen;

namespace Grapnel.Housekeeping;

/// <summary>The event types of operational events. They are built in: nobody registers them, and endpoints of the operational application know no others.</summary>
internal static class OperationalEventTypes
{
    /// <summary>An endpoint was added.</summary>
    public const string EndpointCreated = "endpoint.created";

    /// <summary>An endpoint was edited, or its secret was replaced.</summary>
    public const string EndpointUpdated = "endpoint.updated";

    /// <summary>An endpoint was deleted.</summary>
    public const string EndpointDeleted = "endpoint.deleted";

    /// <summary>A disabled endpoint was enabled.</summary>
    public const string EndpointEnabled = "endpoint.enabled";

    /// <summary>An endpoint was disabled, by a person or by the engine.</summary>
    public const string EndpointDisabled = "endpoint.disabled";

    /// <summary>A delivery failed for the fourth time, and is tried again.</summary>
    public const string AttemptFailing = "message.attempt.failing";

    /// <summary>A delivery failed for good.</summary>
    public const string AttemptExhausted = "message.attempt.exhausted";

    /// <summary>A delivery succeeded after it had failed.</summary>
    public const string AttemptRecovered = "message.attempt.recovered";

    /// <summary>A background task came to its end.</summary>
    public const string BackgroundTaskFinished = "background_task.finished";

    /// <summary>An endpoint fails for long, or was disabled by the engine; or does so no longer.</summary>
    public const string AlertEndpoint = "alert.endpoint";

    /// <summary>Messages wait too long for their first attempt, or no longer do.</summary>
    public const string AlertBacklog = "alert.backlog";

    /// <summary>The disk of a node runs low, or no longer does.</summary>
    public const string AlertDisk = "alert.disk";

    /// <summary>A node was given up, or is back.</summary>
    public const string AlertNode = "alert.node";

    /// <summary>All of them.</summary>
    public static FrozenSet<string> All { get; } = new[]
    {
        EndpointCreated, EndpointUpdated, EndpointDeleted, EndpointEnabled, EndpointDisabled,
        AttemptFailing, AttemptExhausted, AttemptRecovered, BackgroundTaskFinished,
        AlertEndpoint, AlertBacklog, AlertDisk, AlertNode,
    }.ToFrozenSet(StringComparer.Ordinal);
}
