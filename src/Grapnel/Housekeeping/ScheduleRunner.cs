using Grapnel.Registry;
using Grapnel.Storage;
using Microsoft.Extensions.Logging;

namespace Grapnel.Housekeeping;

/// <summary>
/// Publishes what schedules ask for. Follows the wall clock, as people who write "every day at eight" expect. Every node runs one: all of
/// them may see the same occurrence, its event id lets one publish through, and compare-and-set moves the schedule on once.
/// </summary>
/// <param name="catalog">Where the schedules are.</param>
/// <param name="events">Tells of changed schedules.</param>
/// <param name="publish">
/// Publishes one occurrence under <see cref="EventId"/>. Completes when the message is durable, and also when one with that event id exists
/// already. Input that can never be accepted throws <see cref="InvalidInputException"/> or <see cref="NotFoundException"/>.
/// </param>
/// <param name="time">The clock.</param>
/// <param name="random">For random intervals; used by one thread at a time.</param>
/// <param name="logger">The log.</param>
internal sealed partial class ScheduleRunner(
    ICatalogStore catalog,
    CatalogEvents events,
    Func<Schedule, DateTimeOffset, CancellationToken, Task> publish,
    TimeProvider time,
    Random random,
    ILogger<ScheduleRunner> logger)
{
    /// <summary>The longest sleep, so that a wall clock that was set is noticed.</summary>
    public static readonly TimeSpan MaxSleep = TimeSpan.FromMinutes(1);

    /// <summary>The pause after a failure of the store or of a publish.</summary>
    public static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(5);

    private const int PageSize = 100;

    private volatile TaskCompletionSource _changed = new();
    private int _failing;

    /// <summary>The event id of an occurrence: the same whoever publishes it, and however often.</summary>
    public static string EventId(Schedule schedule, DateTimeOffset occurrence) => $"{EventIds(schedule.Id)}{occurrence.ToUnixTimeMilliseconds()}";

    /// <summary>What the event ids of all occurrences of a schedule begin with; they sort by time.</summary>
    public static string EventIds(Id<Schedule> schedule) => $"{schedule}.";

    /// <summary>Runs schedules until cancelled; then completes without an exception.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        events.SchedulesChanged += Wake;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                // Fresh before the store is read: a change that is not in what is read wakes the sleep after it.
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var sleep = await RunDueAsync(cancellationToken);
                await _changed.Task.WaitAsync(sleep, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested) { }
        finally
        {
            events.SchedulesChanged -= Wake;
        }
    }

    private void Wake() => _changed.TrySetResult();

    private async Task<TimeSpan> RunDueAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Those that failed come first again; reading past them keeps them from standing in the way of others.
            var due = await catalog.ReadDueSchedulesAsync(time.GetUtcNow(), PageSize + _failing, cancellationToken);
            _failing = 0;
            foreach (var schedule in due)
                if (!await TryRunAsync(schedule, cancellationToken))
                    _failing++;
            if (_failing > 0)
                return RetryPause;
            return SleepUntil(await catalog.NextScheduleAtAsync(cancellationToken));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogStoreFailed(e);
            return RetryPause;
        }
    }

    private async Task<bool> TryRunAsync(Schedule schedule, CancellationToken cancellationToken)
    {
        var occurrence = schedule.NextAt;
        try
        {
            await PublishAsync(schedule, occurrence, cancellationToken);
            // Crash point: published, but not moved on. The occurrence is published again, and its event id is refused as known.
            var now = time.GetUtcNow();
            // From now, not from the occurrence: what was missed while no node ran is made up for by this one run at most.
            var next = ScheduleCalendar.Next(schedule, now > occurrence ? now : occurrence, random.NextDouble());
            await catalog.AdvanceScheduleAsync(schedule.Id, occurrence, next, cancellationToken);
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogRunFailed(e, schedule.Id, occurrence);
            return false;
        }
    }

    private async Task PublishAsync(Schedule schedule, DateTimeOffset occurrence, CancellationToken cancellationToken)
    {
        try
        {
            await publish(schedule, occurrence, cancellationToken);
        }
        catch (Exception e) when (e is InvalidInputException or NotFoundException)
        {
            // Asking again will not help, for example when the event type is gone: this occurrence is given up, the next gets its chance.
            LogOccurrenceRefused(schedule.Id, occurrence, e.Message);
        }
    }

    private TimeSpan SleepUntil(DateTimeOffset? next)
    {
        var sleepMs = (next - time.GetUtcNow() ?? MaxSleep).TotalMilliseconds;
        // Timers count whole milliseconds; rounded down, the last one would be spent spinning.
        return TimeSpan.FromMilliseconds(Math.Clamp(Math.Ceiling(sleepMs), 0, MaxSleep.TotalMilliseconds));
    }
}
