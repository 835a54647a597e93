using Grapnel.Auditing;
using Grapnel.Registry;
using Grapnel.Storage;

namespace Grapnel.Housekeeping;

/// <summary>Deletes applications together with all that is remembered of them.</summary>
internal sealed class Erasures(
    IBackgroundTaskStore store, ICatalogStore catalog, IHistoryStore history, ApplicationRegistry applications, TaskRunner runner, AuditLog audit,
    IdGenerator ids, TimeProvider time)
{
    private const int CountedMessages = 10_000;
    private const int AtOnce = 250;

    /// <summary>
    /// Deletes an application and begins to erase it. One that was deleted before is found by its id, as long as anything tells of it; one that is being erased
    /// already has the task that does so.
    /// </summary>
    /// <exception cref="NotFoundException">There is none, and nothing is remembered of one.</exception>
    /// <exception cref="ConflictException">It is built in.</exception>
    public async Task<BackgroundTask> BeginAsync(string idOrUid, CancellationToken cancellationToken)
    {
        var application = await applications.FindAsync(idOrUid, cancellationToken);
        if (application is { Id: var id })
            ApplicationRegistry.RefuseBuiltIn(application);
        else if (!Id<Application>.TryParse(idOrUid, out id))
            throw ApplicationRegistry.Unknown(idOrUid);
        var filter = new BackgroundTaskFilter([BackgroundTaskStatus.Running], BackgroundTaskKinds.Erase, id);
        if ((await store.ListAsync(filter, new PageRequest(1), cancellationToken)).Items is [var running])
            return running;
        if (application is null && !await IsRememberedAsync(id, cancellationToken))
            throw ApplicationRegistry.Unknown(idOrUid);
        var now = time.GetUtcNow();
        var task = new BackgroundTask
        {
            Id = ids.Next<BackgroundTask>(), Kind = BackgroundTaskKinds.Erase, ApplicationId = id, Arguments = "{}", Payload = await EndpointsOfAsync(id, cancellationToken),
            Total = await history.CountContentsAsync(id, CountedMessages, cancellationToken) is { Messages: { IsMore: false } messages } ? messages.Count : null,
            CreatedAt = now, UpdatedAt = now,
        };
        // From here on it will be done, whatever becomes of this process.
        await store.AddAsync(task, CancellationToken.None);
        audit.Record(AuditActions.ApplicationErased, id.ToString(), id, Difference.Told(("task", task.Id)));
        await applications.DeleteIfThereAsync(id, CancellationToken.None);
        runner.Wake();
        return task;
    }

    private async Task<bool> IsRememberedAsync(Id<Application> id, CancellationToken cancellationToken) =>
        (await history.CountContentsAsync(id, 1, cancellationToken)).Messages.Count > 0
        || (await audit.ListAsync(new AuditFilter(ApplicationId: id), new PageRequest(AtOnce), cancellationToken)).Items
            .Any(entry => entry.Action != AuditActions.ApplicationErased);

    private async Task<byte[]> EndpointsOfAsync(Id<Application> id, CancellationToken cancellationToken)
    {
        var endpoints = new List<byte>();
        for (string? after = null; ;)
        {
            var page = await catalog.ListEndpointsAsync(id, new PageRequest(AtOnce, after), cancellationToken);
            foreach (var endpoint in page.Items)
                endpoints.AddRange(endpoint.Id.ToBytes());
            if (page.Done)
                return [.. endpoints];
            after = page.Items[^1].Id.ToString();
        }
    }
}
