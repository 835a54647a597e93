namespace Grapnel.Storage;

/// <summary>
/// Background tasks. A running task has at most one worker, the node that took it; it is free again when that node leaves or is expelled,
/// as lanes are. Whoever ends a task removes its payload with it.
/// </summary>
public interface IBackgroundTaskStore
{
    /// <summary>Adds a task. Nobody works on it yet.</summary>
    Task AddAsync(BackgroundTask task, CancellationToken cancellationToken);

    /// <summary>Finds a task, with its payload.</summary>
    Task<BackgroundTask?> FindAsync(Id<BackgroundTask> id, CancellationToken cancellationToken);

    /// <summary>Lists tasks by id, without payloads.</summary>
    Task<Page<BackgroundTask>> ListAsync(BackgroundTaskFilter filter, PageRequest page, CancellationToken cancellationToken);

    /// <summary>Gives the node up to <paramref name="limit"/> running tasks that nobody works on, the oldest first. A node that was expelled gets none.</summary>
    Task<IReadOnlyList<BackgroundTask>> TakeAsync(Id<Node> node, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Moves a task on. False when it may not be: it has ended, another node works on it, or its cursor is not the one that the step began
    /// at, because that very step was taken before. Then nothing was changed.
    /// </summary>
    Task<bool> AdvanceAsync(TaskStep step, CancellationToken cancellationToken);

    /// <summary>Ends a running task as <see cref="BackgroundTaskStatus.Cancelled"/> and returns it; null when there is no such running task.</summary>
    Task<BackgroundTask?> CancelAsync(Id<BackgroundTask> id, CancellationToken cancellationToken);
}

/// <summary>Which tasks to list; null members do not filter.</summary>
/// <param name="Status">In one of these states.</param>
/// <param name="Kind">Of this kind.</param>
/// <param name="ApplicationId">About this application.</param>
public sealed record BackgroundTaskFilter(
    IReadOnlyList<BackgroundTaskStatus>? Status = null, string? Kind = null, Id<Application>? ApplicationId = null);

/// <summary>How far a task came with one page of its work.</summary>
/// <param name="Task">The task as it was before.</param>
/// <param name="Node">Who works on it.</param>
/// <param name="Cursor">Where it goes on.</param>
/// <param name="Scanned">Rows looked at with this step.</param>
/// <param name="Done">Messages sent, or applications published to, with this step.</param>
/// <param name="Status">Running, unless this was the last step.</param>
/// <param name="Error">Why it failed, or null.</param>
public sealed record TaskStep(
    BackgroundTask Task, Id<Node> Node, ReadOnlyMemory<byte>? Cursor, int Scanned = 0, int Done = 0,
    BackgroundTaskStatus Status = BackgroundTaskStatus.Running, string? Error = null)
{
    /// <summary>The task after the step.</summary>
    public BackgroundTask Result(DateTimeOffset now) => Task with
    {
        Cursor = Cursor, Scanned = Task.Scanned + Scanned, Done = Task.Done + Done, Status = Status, Error = Error, UpdatedAt = now,
    };
}
