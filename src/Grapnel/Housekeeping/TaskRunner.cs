using Grapnel.Dispatching;
using Grapnel.Storage;
using Microsoft.Extensions.Logging;

namespace Grapnel.Housekeeping;

/// <summary>
/// Works on background tasks, the oldest first and several side by side. Their pages take turns, two at a time, so that a large task does
/// not hold up small ones, nor all of them together what is published meanwhile.
/// </summary>
internal sealed partial class TaskRunner(
    IBackgroundTaskStore store, IEnumerable<ITaskWork> works, Dispatcher dispatcher, OperationalEvents events, TimeProvider time,
    ILogger<TaskRunner> logger)
{
    /// <summary>Tasks that a node works on side by side; others wait. Those that pause by themselves do not count.</summary>
    public const int SideBySide = 16;

    /// <summary>How often tasks of nodes that are gone are looked for.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    /// <summary>The pause after a failure of the store.</summary>
    public static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private const int PagesAtOnce = 2;

    private readonly Dictionary<string, ITaskWork> _works =
        works.SelectMany(work => work.Kinds, (work, kind) => (work, kind)).ToDictionary(pair => pair.kind, pair => pair.work);
    private readonly SemaphoreSlim _turns = new(PagesAtOnce);
    private volatile TaskCompletionSource _woken = new();
    private int _busy;

    /// <summary>Tells that there is a new task.</summary>
    public void Wake() => _woken.TrySetResult();

    /// <summary>Runs until cancelled, and ends when every page that was begun is done; then completes without an exception.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var workers = new List<Task>();
        while (!cancellationToken.IsCancellationRequested)
        {
            // Fresh before the store is read: a task that is not in what is read wakes the sleep after it.
            _woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            workers.RemoveAll(worker => worker.IsCompleted);
            var node = dispatcher.Node;
            foreach (var task in await TakeAsync(node, SideBySide - Volatile.Read(ref _busy), cancellationToken).ConfigureAwait(false))
                workers.Add(WorkAsync(task, node, cancellationToken));
            await _woken.Task.WaitAsync(Period, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await Task.WhenAll(workers).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<BackgroundTask>> TakeAsync(Id<Node> node, int limit, CancellationToken cancellationToken)
    {
        try
        {
            return limit <= 0 ? [] : await store.TakeAsync(node, limit, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            if (!cancellationToken.IsCancellationRequested)
                LogTakeFailed(e);
            return [];
        }
    }

    private async Task WorkAsync(BackgroundTask? task, Id<Node> node, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _busy);
        try
        {
            while (task is { Status: BackgroundTaskStatus.Running })
                task = await StepSafelyAsync(task, node, cancellationToken).ConfigureAwait(false);
            if (task is not null)
                await EndedAsync(task, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested) { }
        finally
        {
            GiveUpPlace();
        }
    }

    private void GiveUpPlace()
    {
        Interlocked.Decrement(ref _busy);
        Wake();
    }

    // Others take its place meanwhile. When it comes back there may be more than there should be: then nobody follows them until there are fewer again.
    private async Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        GiveUpPlace();
        try
        {
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Increment(ref _busy);
        }
    }

    private async Task<BackgroundTask?> StepSafelyAsync(BackgroundTask task, Id<Node> node, CancellationToken cancellationToken)
    {
        try
        {
            return await StepAsync(task, node, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogStepFailed(e, task.Id);
            return await FindAgainAsync(task, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<BackgroundTask?> StepAsync(BackgroundTask task, Id<Node> node, CancellationToken cancellationToken)
    {
        if (_works.GetValueOrDefault(task.Kind)?.PauseBefore(task) is { } pause && pause > TimeSpan.Zero)
            await PauseAsync(pause, cancellationToken).ConfigureAwait(false);
        var next = await TakeTurnAsync(task, node, cancellationToken).ConfigureAwait(false);
        if (next is { Status: BackgroundTaskStatus.Running } && next.Done > task.Done && WorkOf(task).RateOf(task) is { } rate)
            await Task.Delay(TimeSpan.FromSeconds((next.Done - task.Done) / (double)rate), time, cancellationToken).ConfigureAwait(false);
        return next;
    }

    private async Task<BackgroundTask?> TakeTurnAsync(BackgroundTask task, Id<Node> node, CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await WorkOf(task).StepAsync(task, node, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TaskFailedException or InvalidInputException or NotFoundException or ConflictException)
        {
            // Trying again will not help.
            var last = new TaskStep(task, node, task.Cursor, Status: BackgroundTaskStatus.Failed, Error: e.Message);
            return await store.AdvanceAsync(last, CancellationToken.None).ConfigureAwait(false) ? last.Result(time.GetUtcNow()) : null;
        }
        finally
        {
            _turns.Release();
        }
    }

    private ITaskWork WorkOf(BackgroundTask task) => _works.TryGetValue(task.Kind, out var work)
        ? work
        : throw new TaskFailedException($"Nobody here knows how to do '{task.Kind}'.");

    /// <summary>After a failure nobody knows whether the step was taken: the store tells how far the task came.</summary>
    private async Task<BackgroundTask?> FindAgainAsync(BackgroundTask task, CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(RetryPause, time, cancellationToken).ConfigureAwait(false);
            try
            {
                return await store.FindAsync(task.Id, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogStepFailed(e, task.Id);
            }
        }
    }

    private async Task EndedAsync(BackgroundTask task, CancellationToken cancellationToken)
    {
        LogEnded(task.Id, task.Kind, task.Status, task.Done, task.Error);
        await events.TaskEndedAsync(task, cancellationToken).ConfigureAwait(false);
    }
}
