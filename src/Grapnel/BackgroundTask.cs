namespace Grapnel;

/// <summary>Long work that a request began. It survives restarts: how far it came is stored together with what it did.</summary>
public sealed record BackgroundTask : IIdentified
{
    /// <inheritdoc/>
    public static string IdPrefix => "qtask_";

    /// <summary>The identity.</summary>
    public required Id<BackgroundTask> Id { get; init; }

    /// <summary>What it does, one of <see cref="BackgroundTaskKinds"/>. The words are those of the Svix API.</summary>
    public required string Kind { get; init; }

    /// <summary>Where it stands.</summary>
    public BackgroundTaskStatus Status { get; init; }

    /// <summary>The application it is about, or null when it is about all.</summary>
    public Id<Application>? ApplicationId { get; init; }

    /// <summary>The endpoint it is about, or null.</summary>
    public Id<Endpoint>? EndpointId { get; init; }

    /// <summary>What exactly it is to do, as JSON; each kind has its own form.</summary>
    public required string Arguments { get; init; }

    /// <summary>What it publishes; null for kinds that publish nothing, after its end, and in lists.</summary>
    public ReadOnlyMemory<byte>? Payload { get; init; }

    /// <summary>Where it goes on; null at the beginning.</summary>
    public ReadOnlyMemory<byte>? Cursor { get; init; }

    /// <summary>Rows looked at so far.</summary>
    public long Scanned { get; init; }

    /// <summary>Messages sent so far, or applications published to.</summary>
    public long Done { get; init; }

    /// <summary>What <see cref="Done"/> was going to be when it began; null where counting would have taken long.</summary>
    public long? Total { get; init; }

    /// <summary>Why it failed, as a sentence for people, or null.</summary>
    public string? Error { get; init; }

    /// <summary>When it was begun.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last moved on.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>Where a background task stands.</summary>
public enum BackgroundTaskStatus
{
    /// <summary>Being worked on, or waiting for a node that has time.</summary>
    Running = 0,

    /// <summary>All done.</summary>
    Finished = 1,

    /// <summary>It could not go on; <see cref="BackgroundTask.Error"/> says why. What it had done stays done.</summary>
    Failed = 2,

    /// <summary>Someone cancelled it. What it had done stays done.</summary>
    Cancelled = 3,
}

/// <summary>What background tasks do.</summary>
public static class BackgroundTaskKinds
{
    /// <summary>Sends once more what an endpoint did not take.</summary>
    public const string Recover = "endpoint.recover";

    /// <summary>Delivers what an endpoint was never owed.</summary>
    public const string ReplayMissing = "endpoint.replay";

    /// <summary>Sends messages once more, whatever became of them.</summary>
    public const string BulkReplay = "endpoint.bulk-replay";

    /// <summary>Publishes a message to every application.</summary>
    public const string Broadcast = "message.broadcast";

    /// <summary>Erases an application that was deleted. Not a word of the Svix API.</summary>
    public const string Erase = "application.erase";
}
