namespace Grapnel.Housekeeping;

/// <summary>How far a task came, in words and numbers for people.</summary>
internal static class TaskProgress
{
    /// <summary>
    /// The word for a status. The Svix API knows three, and typed clients of it fail on a fourth, even in a list where a single task has it:
    /// a cancelled task reads as failed, and says beside that that it was cancelled.
    /// </summary>
    public static string Word(this BackgroundTaskStatus status) => status switch
    {
        BackgroundTaskStatus.Running => "running",
        BackgroundTaskStatus.Finished => "finished",
        _ => "failed",
    };

    /// <summary>About how many seconds are left, if it goes on as it did; null when it has ended or nothing can be told yet.</summary>
    /// <param name="task">The task.</param>
    /// <param name="since">For a replay: the time of the first message it looks at.</param>
    public static double? SecondsLeft(BackgroundTask task, DateTimeOffset? since)
    {
        var elapsed = (task.UpdatedAt - task.CreatedAt).TotalSeconds;
        return task.Status == BackgroundTaskStatus.Running && Fraction(task, since) is { } fraction && elapsed > 0
            ? Math.Round(elapsed * (1 - fraction) / fraction, 1)
            : null;
    }

    private static double? Fraction(BackgroundTask task, DateTimeOffset? since)
    {
        if (task.Total is > 0)
            return InRange(task.Done / (double)task.Total.Value);
        // Without a total, the time of what was looked at last tells: cursors are ids.
        if (since is not { } first || task.Cursor is not { } cursor || task.CreatedAt <= first)
            return null;
        return InRange((Id<Message>.FromBytes(cursor.Span).Timestamp - first) / (task.CreatedAt - first));
    }

    private static double? InRange(double fraction) => fraction is > 0 and <= 1 ? fraction : null;
}
