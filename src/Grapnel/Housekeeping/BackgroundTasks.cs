using Grapnel.Auditing;
using Grapnel.Publishing;
using Grapnel.Storage;
using Microsoft.Extensions.Options;

namespace Grapnel.Housekeeping;

/// <summary>What people do with background tasks: begin them, ask about them, cancel them.</summary>
internal sealed class BackgroundTasks(
    IBackgroundTaskStore store, ReplayWork replays, BroadcastWork broadcasts, TaskRunner runner, OperationalEvents events, AuditLog audit,
    IdGenerator ids, TimeProvider time, IOptions<PublishingOptions> publishing)
{
    /// <summary>Begins a replay to an endpoint.</summary>
    /// <exception cref="InvalidInputException">Fields do not fit.</exception>
    /// <exception cref="ConflictException">The endpoint is disabled.</exception>
    public async Task<BackgroundTask> ReplayAsync(Endpoint endpoint, string kind, ReplayInput input, CancellationToken cancellationToken)
    {
        var id = ids.Next<BackgroundTask>();
        var arguments = Check(endpoint, kind, input, id);
        var count = await replays.CountAsync(endpoint, kind, arguments, ReplayWork.EndOf(id), cancellationToken);
        return await BeginAsync(New(id, kind, arguments.ToJson()) with
        {
            ApplicationId = endpoint.ApplicationId, EndpointId = endpoint.Id, Total = count.Complete ? count.Count : null,
        });
    }

    /// <summary>Counts what a replay would send, without sending anything.</summary>
    /// <exception cref="InvalidInputException">Fields do not fit.</exception>
    /// <exception cref="ConflictException">The endpoint is disabled.</exception>
    public Task<ReplayCount> CountAsync(Endpoint endpoint, string kind, ReplayInput input, CancellationToken cancellationToken)
    {
        var id = ids.Next<BackgroundTask>();
        return replays.CountAsync(endpoint, kind, Check(endpoint, kind, input, id), ReplayWork.EndOf(id), cancellationToken);
    }

    /// <summary>Begins to publish a message to every application; the application that the request names does not count.</summary>
    /// <exception cref="InvalidInputException">Fields do not fit.</exception>
    public async Task<BackgroundTask> BroadcastAsync(PublishRequest request, CancellationToken cancellationToken)
    {
        if (PublishRules.Check(request, time.GetUtcNow(), publishing.Value) is { } errors)
            throw new InvalidInputException(errors);
        var id = ids.Next<BackgroundTask>();
        return await BeginAsync(New(id, BackgroundTaskKinds.Broadcast, BroadcastWork.ToArguments(request)) with
        {
            Payload = request.Payload, Total = await broadcasts.CountAsync(cancellationToken),
        });
    }

    /// <summary>Finds a task.</summary>
    /// <exception cref="NotFoundException">There is none.</exception>
    public async Task<BackgroundTask> GetAsync(string id, CancellationToken cancellationToken) =>
        (Id<BackgroundTask>.TryParse(id, out var parsed) ? await store.FindAsync(parsed, cancellationToken) : null) ?? throw Unknown(id);

    /// <summary>Lists tasks by id.</summary>
    public Task<Page<BackgroundTask>> ListAsync(BackgroundTaskFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        store.ListAsync(filter, page, cancellationToken);

    /// <summary>Cancels a running task. The page that is being worked on may still be finished; what was done stays done.</summary>
    /// <exception cref="NotFoundException">There is none.</exception>
    /// <exception cref="ConflictException">It has ended.</exception>
    public async Task<BackgroundTask> CancelAsync(string id, CancellationToken cancellationToken)
    {
        var task = await GetAsync(id, cancellationToken);
        var cancelled = await store.CancelAsync(task.Id, CancellationToken.None)
            ?? throw new ConflictException("task_ended", "This task has ended already.");
        audit.Record(AuditActions.BackgroundTaskCancelled, task.Id.ToString(), task.ApplicationId);
        await events.TaskEndedAsync(cancelled, CancellationToken.None);
        return cancelled;
    }

    private ReplayArguments Check(Endpoint endpoint, string kind, ReplayInput input, Id<BackgroundTask> id)
    {
        var arguments = ReplayCheck.Run(input, kind, time.GetUtcNow(), ReplayWork.EndOf(id));
        return endpoint.Enabled ? arguments : throw new ConflictException("endpoint_disabled", "This endpoint is disabled; enable it first.");
    }

    private BackgroundTask New(Id<BackgroundTask> id, string kind, string arguments) =>
        new() { Id = id, Kind = kind, Arguments = arguments, CreatedAt = time.GetUtcNow(), UpdatedAt = time.GetUtcNow() };

    private async Task<BackgroundTask> BeginAsync(BackgroundTask task)
    {
        await store.AddAsync(task, CancellationToken.None);
        runner.Wake();
        audit.RecordChange(AuditActions.BackgroundTaskBegun, task.Id.ToString(), task.ApplicationId, null, task);
        return task;
    }

    private static NotFoundException Unknown(string id) => new($"There is no background task '{id}'.");
}
