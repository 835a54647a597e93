using Grapnel.Storage;

namespace Grapnel.History;

/// <summary>Lists messages for people: of one application or of all, with how far their deliveries are.</summary>
internal sealed class MessageList(IHistoryStore history, ISearchStore search, ICatalogStore catalog)
{
    /// <summary>
    /// Reads a page, the newest first. What one call looks at is bounded whatever the filter: a page may be short, even empty, and not be the
    /// last; <see cref="MessagePage.Next"/> then goes on from where it stopped.
    /// </summary>
    /// <exception cref="InvalidInputException">The iterator is not one of this list.</exception>
    public async Task<MessagePage> ReadAsync(MessageRowFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        var list = await history.ListMessageRowsAsync(filter, page, cancellationToken).ConfigureAwait(false);
        // Nothing is newer than what was the newest, so this is the beginning by now.
        if (page.Iterator is ['-', ..] && list is { Items.Count: 0, Done: true })
            return await ReadAsync(filter, page with { Iterator = null }, cancellationToken).ConfigureAwait(false);
        return MessagePage.Of(list, page, await ReadApplicationsAsync(list.Items, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Finds messages by id or event id; with several applications, more than one may have the event id.</summary>
    public async Task<MessagePage> FindAsync(Id<Application>? application, string idOrEventId, CancellationToken cancellationToken)
    {
        var rows = new List<MessageRow>();
        foreach (var message in await FindMessagesAsync(application, idOrEventId, cancellationToken).ConfigureAwait(false))
            rows.Add(new MessageRow(
                message with { Payload = null }, await history.ReadProgressAsync(message, cancellationToken).ConfigureAwait(false), message.Id.ToString()));
        return new MessagePage(rows, null, null, true, await ReadApplicationsAsync(rows, cancellationToken).ConfigureAwait(false));
    }

    private async Task<IReadOnlyList<Message>> FindMessagesAsync(Id<Application>? application, string idOrEventId, CancellationToken cancellationToken)
    {
        if (application is { } own)
            return await history.FindMessageAsync(own, idOrEventId, cancellationToken).ConfigureAwait(false) is { } message ? [message] : [];
        if (Id<Message>.TryParse(idOrEventId, out var id) && await search.FindMessageAsync(id, cancellationToken).ConfigureAwait(false) is { } found)
            return [found];
        return await search.FindByEventIdAsync(idOrEventId, Finder.DefaultLimit, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyDictionary<Id<Application>, Application>> ReadApplicationsAsync(
        IReadOnlyList<MessageRow> rows, CancellationToken cancellationToken)
    {
        var applications = new Dictionary<Id<Application>, Application>();
        foreach (var id in rows.Select(row => row.Message.ApplicationId).Distinct())
            if (await catalog.FindApplicationAsync(id.ToString(), cancellationToken).ConfigureAwait(false) is { } application)
                applications.Add(id, application);
        return applications;
    }
}

/// <summary>A page of messages.</summary>
/// <param name="Rows">The messages, the newest first.</param>
/// <param name="Next">The iterator of the page of older ones; null when there are none.</param>
/// <param name="Previous">The iterator of the page of newer ones; null when there are none as far as the list knows.</param>
/// <param name="IsComplete">False when the page stopped because looking further would have cost too much for one call.</param>
/// <param name="Applications">The applications of the rows; deleted ones are missing.</param>
public sealed record MessagePage(
    IReadOnlyList<MessageRow> Rows, string? Next, string? Previous, bool IsComplete, IReadOnlyDictionary<Id<Application>, Application> Applications)
{
    internal static MessagePage Of(Page<MessageRow> list, PageRequest asked, IReadOnlyDictionary<Id<Application>, Application> applications)
    {
        var backward = asked.Iterator is ['-', ..];
        var older = list.Iterator ?? (list.Items is [.., var last] ? last.Position : null);
        var newer = list.PrevIterator ?? (list.Items is [var first, ..] ? "-" + first.Position : "-" + asked.Iterator);
        return new MessagePage(
            list.Items,
            backward || !list.Done ? older : null,
            (backward ? !list.Done : asked.Iterator is not null) ? newer : null,
            list.Done || list.Items.Count >= asked.Limit,
            applications);
    }
}
