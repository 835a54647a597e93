using Grapnel.Storage;

namespace Grapnel.Housekeeping;

/// <summary>How one or several kinds of background tasks are done: a page of work at a time.</summary>
internal interface ITaskWork
{
    /// <summary>The kinds it does.</summary>
    IReadOnlyList<string> Kinds { get; }

    /// <summary>Messages per second that the task may send, or null for no limit.</summary>
    int? RateOf(BackgroundTask task);

    /// <summary>How long to wait before the next page, without holding up other tasks; none unless said otherwise.</summary>
    TimeSpan PauseBefore(BackgroundTask task) => TimeSpan.Zero;

    /// <summary>
    /// Does a page of work and makes it durable together with where the task goes on. What it throws says that the page may or may not have
    /// been done; it must then be safe to try it again from what the store says.
    /// </summary>
    /// <returns>The task as it is now; null when it was cancelled, or is another node's.</returns>
    /// <exception cref="TaskFailedException">The task cannot go on, now or later.</exception>
    Task<BackgroundTask?> StepAsync(BackgroundTask task, Id<Node> node, CancellationToken cancellationToken);
}

/// <summary>A background task cannot go on; the message says why, for people.</summary>
internal sealed class TaskFailedException(string message) : Exception(message);
