using Grapnel.Registry;
using Grapnel.Storage;

namespace Grapnel.Housekeeping;

/// <summary>
/// Erases an application, a few messages at a time. The application itself goes first, as when it is merely deleted, should whoever began the task not have
/// got that far.
/// </summary>
internal sealed class EraseWork(IErasureStore store, ApplicationRegistry applications, CatalogEvents events, TimeProvider time) : ITaskWork
{
    /// <summary>
    /// Longer than an attempt may take, and than a node keeps counts to itself: after this long nothing is written any more of an application that is gone.
    /// </summary>
    public static readonly TimeSpan Settling = TimeSpan.FromMinutes(3);

    // On SQLite every publish waits behind the transaction of a step.
    private const int MessagesAtOnce = 200;

    public IReadOnlyList<string> Kinds { get; } = [BackgroundTaskKinds.Erase];

    public int? RateOf(BackgroundTask task) => null;

    public TimeSpan PauseBefore(BackgroundTask task)
    {
        if (!ErasureCursor.Of(task).IsBeforeLastPass)
            return TimeSpan.Zero;
        var left = task.CreatedAt + Settling - time.GetUtcNow();
        return left < Settling ? left : Settling;
    }

    public async Task<BackgroundTask?> StepAsync(BackgroundTask task, Id<Node> node, CancellationToken cancellationToken)
    {
        if (task.Cursor is null)
            await applications.DeleteIfThereAsync(task.ApplicationId!.Value, cancellationToken).ConfigureAwait(false);
        var next = await store.EraseAsync(task, node, MessagesAtOnce, CancellationToken.None).ConfigureAwait(false);
        if (next?.Status == BackgroundTaskStatus.Finished)
            events.OnApiKeysChanged();
        return next;
    }
}
