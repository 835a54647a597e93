namespace Grapnel.Storage;

/// <summary>
/// Erases applications that were deleted: everything that any table still says of one, in small steps. What finds things by the endpoints of an application
/// learns of these on the way, and keeps a list of them until the end.
/// </summary>
public interface IErasureStore
{
    /// <summary>
    /// Does the step at which the task stands, and moves the task on, in one transaction. What is finished no longer names the application.
    /// </summary>
    /// <param name="task">The task. Its payload holds the ids of the endpoints that the application had, 16 bytes each.</param>
    /// <param name="node">Who works on it.</param>
    /// <param name="limit">Most messages of the step.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The task as it is now; null when the step may not be taken, see <see cref="IBackgroundTaskStore.AdvanceAsync"/>.</returns>
    Task<BackgroundTask?> EraseAsync(BackgroundTask task, Id<Node> node, int limit, CancellationToken cancellationToken);

    /// <summary>The endpoints of an application that an erasure has learnt of so far, by id.</summary>
    Task<IReadOnlyList<Id<Endpoint>>> ReadErasedEndpointsAsync(
        Id<Application> application, Id<Endpoint> after, int limit, CancellationToken cancellationToken);
}

/// <summary>What an erasure goes through, in this order.</summary>
public enum ErasurePhase
{
    /// <summary>Notes the endpoints that the application had when the task began.</summary>
    Known = 0,

    /// <summary>Messages with everything that is found by them, what is pending included.</summary>
    Messages = 1,

    /// <summary>Entries of the audit log, but for those that tell of an erasure.</summary>
    AuditLog = 2,

    /// <summary>What is found by an endpoint.</summary>
    Endpoints = 3,

    /// <summary>Roll-ups.</summary>
    Rollups = 4,

    /// <summary>Keys, revocations and other background tasks.</summary>
    Rest = 5,
}

/// <summary>
/// Where an erasure stands. It goes through all phases twice: what was in flight, or only in the memory of a node, is written when the first time is over.
/// </summary>
/// <param name="Pass">0 for the first time, 1 for the second.</param>
/// <param name="Phase">What it is at.</param>
/// <param name="Position">Where in it; empty at its beginning.</param>
public readonly record struct ErasureCursor(int Pass, ErasurePhase Phase, ReadOnlyMemory<byte> Position)
{
    /// <summary>Endpoints that one step looks after.</summary>
    public const int EndpointsAtOnce = 20;

    /// <summary>What the audit log calls an erasure.</summary>
    public const string AuditAction = "application.erased";

    private const int LastPass = 1;

    /// <summary>Whether the second time is about to begin.</summary>
    public bool IsBeforeLastPass => this is { Pass: LastPass, Phase: ErasurePhase.Messages, Position.Length: 0 };

    /// <summary>Where a task stands.</summary>
    public static ErasureCursor Of(BackgroundTask task) =>
        task.Cursor is { Length: >= 2 } bytes ? new(bytes.Span[0], (ErasurePhase)bytes.Span[1], bytes[2..]) : default;

    /// <summary>The endpoint after which the phase goes on.</summary>
    public Id<Endpoint> Endpoint => Position.IsEmpty ? default : Id<Endpoint>.FromBytes(Position.Span);

    /// <summary>The step of a task that got so far.</summary>
    /// <param name="task">The task.</param>
    /// <param name="node">Who works on it.</param>
    /// <param name="page">What was done of the phase.</param>
    public static TaskStep Step(BackgroundTask task, Id<Node> node, ErasedPage page)
    {
        var at = Of(task);
        var next = page.Next is { } position ? at with { Position = position }
            : at.Phase < ErasurePhase.Rest ? at with { Phase = at.Phase + 1, Position = default }
            : new(at.Pass + 1, ErasurePhase.Messages, default);
        return next.Pass > LastPass
            ? new TaskStep(task, node, null, page.Scanned, page.Messages, BackgroundTaskStatus.Finished)
            : new TaskStep(task, node, next.ToBytes(), page.Scanned, page.Messages);
    }

    private byte[] ToBytes() => [(byte)Pass, (byte)Phase, .. Position.Span];
}

/// <summary>What a step of an erasure did.</summary>
/// <param name="Next">Where the phase goes on; null when it is over.</param>
/// <param name="Scanned">Rows looked at.</param>
/// <param name="Messages">Messages removed.</param>
public readonly record struct ErasedPage(byte[]? Next, int Scanned, int Messages = 0);
