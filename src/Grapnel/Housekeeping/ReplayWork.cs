using Grapnel.Dispatching;
using Grapnel.Publishing;
using Grapnel.Publishing.Filters;
using Grapnel.Storage;

namespace Grapnel.Housekeeping;

/// <summary>
/// Recover, replay and bulk replay. A page of deliveries and the task's progress are one transaction, so neither a crash nor an answer that
/// got lost loses or repeats any; and the deliveries wait in the store until their lane has room for them, however many they are.
/// </summary>
internal sealed class ReplayWork(
    IDeliveryStore deliveries, IHistoryStore history, ICatalogStore catalog, Dispatcher dispatcher, ScheduleClock clock,
    TimeProvider time) : ITaskWork
{
    /// <summary>Most pages that are looked at to count what a replay would send.</summary>
    public const int CountedPages = 20;

    // On SQLite every publish waits behind the transaction of a page: at the default rate it takes two or three milliseconds.
    private const int RowsAtOnce = 500;
    private const int MessagesAtOnce = 200;
    private const int StepsPerSecond = 20;

    public IReadOnlyList<string> Kinds { get; } = [BackgroundTaskKinds.Recover, BackgroundTaskKinds.ReplayMissing, BackgroundTaskKinds.BulkReplay];

    public int? RateOf(BackgroundTask task) => ReplayArguments.Of(task).Rate;

    public async Task<BackgroundTask?> StepAsync(BackgroundTask task, Id<Node> node, CancellationToken cancellationToken)
    {
        var arguments = ReplayArguments.Of(task);
        var endpoint = await FindAsync(task, cancellationToken).ConfigureAwait(false);
        var query = arguments.ToQuery(endpoint, task.Kind, EndOf(task.Id));
        var limit = LimitOf(arguments.Rate);
        // Some rows more than can be used, for not every one is chosen.
        var page = await history.ReadReplayAsync(query, task.Cursor, Math.Clamp(2 * limit, 100, RowsAtOnce), cancellationToken).ConfigureAwait(false);
        var chosen = Choose(page, endpoint, query.Set, limit);
        var step = new TaskStep(
            task, node, chosen.End.Cursor, chosen.End.Scanned, Status: chosen.Done ? BackgroundTaskStatus.Finished : BackgroundTaskStatus.Running);
        // What is published meanwhile must not stand behind all of it. In an ordered lane it must: the place decides.
        var batch = new ReplayBatch(step, query.Set, chosen.Messages) { DueAt = endpoint.Ordered ? 0 : clock.NowMs };
        if (await AddAsync(batch, endpoint).ConfigureAwait(false) is not { } result)
            return null;
        dispatcher.Replayed(result, endpoint.Id);
        return (step with { Done = result.Added }).Result(time.GetUtcNow());
    }

    /// <summary>Counts what a replay would send, without sending it. Looks at so many pages at most, and says whether that was all.</summary>
    public async Task<ReplayCount> CountAsync(
        Endpoint endpoint, string kind, ReplayArguments arguments, DateTimeOffset end, CancellationToken cancellationToken)
    {
        var query = arguments.ToQuery(endpoint, kind, end);
        var count = new ReplayCount(0, 0, false);
        ReadOnlyMemory<byte>? after = null;
        for (var pages = 0; pages < CountedPages && !count.Complete; pages++)
        {
            var page = await history.ReadReplayAsync(query, after, RowsAtOnce, cancellationToken).ConfigureAwait(false);
            var chosen = Choose(page, endpoint, query.Set, int.MaxValue);
            count = new ReplayCount(count.Count + chosen.Messages.Count, count.Scanned + page.End.Scanned, page.Done);
            after = page.End.Cursor;
        }
        return count;
    }

    /// <summary>A time after everything that was accepted or tried before the task began.</summary>
    public static DateTimeOffset EndOf(Id<BackgroundTask> id) => id.Timestamp.AddMilliseconds(1);

    private async Task<ReplayResult?> AddAsync(ReplayBatch batch, Endpoint endpoint)
    {
        try
        {
            return await deliveries.ReplayAsync(batch, CancellationToken.None).ConfigureAwait(false);
        }
        catch
        {
            // It may have been done all the same; then its lane must hear of it.
            dispatcher.Reread(endpoint.Id, 0);
            throw;
        }
    }

    private async Task<Endpoint> FindAsync(BackgroundTask task, CancellationToken cancellationToken) =>
        await catalog.ReadEndpointsAsync([task.EndpointId!.Value], cancellationToken).ConfigureAwait(false) switch
        {
            [{ Enabled: true } endpoint] => endpoint,
            [] => throw new TaskFailedException("The endpoint was deleted."),
            _ => throw new TaskFailedException("The endpoint was disabled. What was replayed before waits in its queue."),
        };

    private static (List<Id<Message>> Messages, ReplayPosition End, bool Done) Choose(ReplayPage page, Endpoint endpoint, ReplaySet set, int limit)
    {
        var messages = new List<Id<Message>>();
        foreach (var (message, at) in page.Candidates)
        {
            if (messages.Count == limit)
                break;
            if (set != ReplaySet.NeverOwed || IsOwed(endpoint, message))
                messages.Add(message.Id);
            if (messages.Count == limit)
                return (messages, at, false);
        }
        return (messages, page.End, page.Done);
    }

    /// <summary>Whether the message would be owed to the endpoint if it were published now.</summary>
    private static bool IsOwed(Endpoint endpoint, Message message) =>
        message.RouteVersion != Message.Addressed
        && new RouteDecision(endpoint, Router.Decide(endpoint, message.EventType, message.Channels)).Owed
        && (endpoint.Filter is null || PassesFilter(endpoint.Filter, message));

    private static bool PassesFilter(string text, Message message)
    {
        using var payload = PayloadFilter.ReadPayload(message.Payload!.Value);
        return payload is not null && PayloadFilter.TryParse(text, out var filter, out _) && filter.Matches(payload.RootElement);
    }

    private static int LimitOf(int? rate) => Math.Clamp((rate ?? ReplayInput.MaxRate) / StepsPerSecond, 1, MessagesAtOnce);
}

/// <summary>What a replay would send.</summary>
/// <param name="Count">Messages.</param>
/// <param name="Scanned">Rows looked at to find them.</param>
/// <param name="Complete">Whether that was all of them: looking at more would have taken too long.</param>
internal sealed record ReplayCount(int Count, int Scanned, bool Complete);
