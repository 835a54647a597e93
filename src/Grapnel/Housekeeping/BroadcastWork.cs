using System.Text.Json;
using Grapnel.Publishing;
using Grapnel.Storage;

namespace Grapnel.Housekeeping;

/// <summary>
/// Publishes a message to every application that was there when the task began, in order of id. A page that was published but not noted
/// down is published again after a crash, and its event id is refused as known.
/// </summary>
internal sealed class BroadcastWork(IBackgroundTaskStore tasks, ICatalogStore catalog, Publisher publisher, TimeProvider time) : ITaskWork
{
    private const int ApplicationsAtOnce = 100;
    private const int CountedPages = 40;
    private const int CountedAtOnce = 250;

    public IReadOnlyList<string> Kinds { get; } = [BackgroundTaskKinds.Broadcast];

    public int? RateOf(BackgroundTask task) => null;

    /// <summary>The message as its task keeps it, the payload apart.</summary>
    public static string ToArguments(PublishRequest request) =>
        JsonSerializer.Serialize(request with { Payload = default, Idempotency = null }, JsonSerializerOptions.Web);

    /// <summary>How many applications there are, the built-in one for operational events left out; null when they are very many.</summary>
    public async Task<long?> CountAsync(CancellationToken cancellationToken)
    {
        var count = 0L;
        Id<Application>? last = null;
        for (var pages = 0; pages < CountedPages; pages++)
        {
            var page = await catalog.ListApplicationsAsync(new PageRequest(CountedAtOnce, last?.ToString()), cancellationToken).ConfigureAwait(false);
            count += page.Items.Count(IsMeant);
            if (page.Done)
                return count;
            last = page.Items[^1].Id;
        }
        return null;
    }

    public async Task<BackgroundTask?> StepAsync(BackgroundTask task, Id<Node> node, CancellationToken cancellationToken)
    {
        var request = ReadRequest(task);
        var after = task.Cursor is { } cursor ? Id<Application>.FromBytes(cursor.Span).ToString() : null;
        var page = await catalog.ListApplicationsAsync(new PageRequest(ApplicationsAtOnce, after), cancellationToken).ConfigureAwait(false);
        var then = page.Items.Where(application => application.Id.Timestamp <= task.Id.Timestamp).ToList();
        var published = await Task.WhenAll(then.Where(IsMeant).Select(application => PublishAsync(request, application))).ConfigureAwait(false);
        var done = page.Done || then.Count < page.Items.Count;
        var step = new TaskStep(
            task, node, then is [.., var last] ? last.Id.ToBytes() : task.Cursor, then.Count, published.Count(sent => sent),
            done ? BackgroundTaskStatus.Finished : BackgroundTaskStatus.Running);
        return await tasks.AdvanceAsync(step, CancellationToken.None).ConfigureAwait(false) ? step.Result(time.GetUtcNow()) : null;
    }

    private async Task<bool> PublishAsync(PublishRequest request, Application application)
    {
        var result = await publisher.PublishAsync(request with { Application = application.Id.ToString() }, CancellationToken.None).ConfigureAwait(false);
        return result.Status switch
        {
            PublishStatus.Accepted or PublishStatus.RepeatedEventId => true,
            // It was deleted a moment ago.
            PublishStatus.UnknownApplication => false,
            PublishStatus.Unavailable => throw new StoreUnavailableException("The store took no message just now."),
            _ => throw new TaskFailedException($"Publishing to {application.Id} was refused: {result.Status}."),
        };
    }

    private static PublishRequest ReadRequest(BackgroundTask task)
    {
        var request = JsonSerializer.Deserialize<PublishRequest>(task.Arguments, JsonSerializerOptions.Web)!;
        return request with { Payload = task.Payload!.Value, EventId = request.EventId ?? task.Id.ToString() };
    }

    private static bool IsMeant(Application application) => application.Uid != Application.OperationalUid;
}
