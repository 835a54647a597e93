namespace Grapnel.Storage;

/// <summary>Which messages a replay sends to an endpoint, and as what.</summary>
public enum ReplaySet
{
    /// <summary>
    /// Those whose delivery ended exhausted or gone, and that were not delivered since and are not pending. Found by walking the endpoint's
    /// failed attempts; sent once more, manually.
    /// </summary>
    Failed = 0,

    /// <summary>Those the endpoint was never owed. Found by walking messages; they become ordinary scheduled deliveries.</summary>
    NeverOwed = 1,

    /// <summary>Those the endpoint was ever owed. Found by walking messages; sent once more, manually, even while they are pending.</summary>
    Owed = 2,
}

/// <summary>Messages of one application that a replay to one of its endpoints concerns; null members do not filter.</summary>
/// <param name="ApplicationId">The application.</param>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="Set">What they have to do with the endpoint.</param>
/// <param name="Since">Accepted at this time or later.</param>
/// <param name="Until">Accepted before this time.</param>
public sealed record ReplayQuery(
    Id<Application> ApplicationId, Id<Endpoint> EndpointId, ReplaySet Set, DateTimeOffset Since, DateTimeOffset Until)
{
    /// <summary>For <see cref="ReplaySet.Failed"/>: attempts made from this time on are not looked at, so that a walk comes to its end.</summary>
    public DateTimeOffset AttemptsBefore { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>Whether to read the payloads.</summary>
    public bool WithPayload { get; init; }

    /// <summary>Of one of these event types.</summary>
    public IReadOnlyList<string>? EventTypes { get; init; }

    /// <summary>Published on this channel.</summary>
    public string? Channel { get; init; }

    /// <summary>With this tag.</summary>
    public string? Tag { get; init; }

    /// <summary>Whose delivery to the endpoint stands there.</summary>
    public ReplayStatus? Status { get; init; }

    /// <summary>With an attempt at the endpoint that was answered with this class of status: 0 for no answer, 100 to 500.</summary>
    public int? StatusCodeClass { get; init; }
}

/// <summary>Where the delivery of a message to an endpoint stands. The numbers are those of the Svix API.</summary>
public enum ReplayStatus
{
    /// <summary>Delivered.</summary>
    Success = 0,

    /// <summary>Pending, after an attempt.</summary>
    Pending = 1,

    /// <summary>Exhausted or gone.</summary>
    Fail = 2,

    /// <summary>Pending, before the first attempt has ended.</summary>
    Sending = 3,

    /// <summary>Cancelled, by a person or because its endpoint was deleted.</summary>
    Canceled = 4,
}

/// <summary>A page of what a replay concerns.</summary>
/// <param name="Candidates">The messages, in the order of the walk.</param>
/// <param name="End">Where the walk stands after the page.</param>
/// <param name="Done">Whether the walk ends with this page.</param>
public sealed record ReplayPage(IReadOnlyList<ReplayCandidate> Candidates, ReplayPosition End, bool Done);

/// <summary>One message that a replay concerns.</summary>
/// <param name="Message">The message; its payload only where it was asked for.</param>
/// <param name="At">Where the walk stands after it.</param>
public sealed record ReplayCandidate(Message Message, ReplayPosition At);

/// <summary>Where a walk stands.</summary>
/// <param name="Cursor">Goes on after this; null at the beginning.</param>
/// <param name="Scanned">Rows walked within the page so far.</param>
public readonly record struct ReplayPosition(ReadOnlyMemory<byte>? Cursor, int Scanned);

/// <summary>Messages to add to one lane in one transaction, and the step that the task takes with it.</summary>
/// <param name="Step">The step, its <see cref="TaskStep.Done"/> apart, which is counted; its task names application and endpoint.</param>
/// <param name="Set">What the messages have to do with the endpoint, which is checked again.</param>
/// <param name="Messages">The messages.</param>
public sealed record ReplayBatch(TaskStep Step, ReplaySet Set, IReadOnlyList<Id<Message>> Messages)
{
    /// <summary>
    /// Since when the deliveries are due, in milliseconds of schedule time: they take turns with fresh ones, however many they are. 0, the default, to
    /// stand among the fresh ones, in order of place.
    /// </summary>
    public long DueAt { get; init; }
}

/// <summary>What became of a batch.</summary>
/// <param name="Added">Deliveries added.</param>
/// <param name="FirstSeq">The place of the first of them; the others follow. 0 when there is none.</param>
public sealed record ReplayResult(int Added, long FirstSeq);

/// <summary>Where a walk over a lane stands.</summary>
/// <param name="Run">Which of the runs of the lane; only the store knows what they are.</param>
/// <param name="Seq">The place within the run.</param>
public readonly record struct LanePosition(int Run, long Seq);

/// <summary>What a page of a walk over a lane ended.</summary>
/// <param name="Ended">The deliveries.</param>
/// <param name="Next">Where to go on, or null at the end.</param>
public sealed record CancelPage(IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)> Ended, LanePosition? Next);
