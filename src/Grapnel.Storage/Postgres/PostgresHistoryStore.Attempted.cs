namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresHistoryStore
{
    // Attempts of a schedule are numbered, so only those without a number or with the first one need a look at what came before.
    private const string IsNoRepeat = "a.number <= 1";

    // The endpoint is written so that no index on it fits: it would find what came before with all other messages.
    private const string IsFirst = """
        (SELECT true FROM attempt e
        WHERE e.message_id = a.message_id AND e.id < a.id AND e.endpoint_id IS NOT DISTINCT FROM a.endpoint_id LIMIT 1) IS NULL
        """;

    public Task<Page<AttemptedMessage>> ListAttemptedMessagesAsync(
        Id<Application> application, Id<Endpoint> endpoint, AttemptedFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        !CanMatch(filter.Messages.Channel, filter.Messages.Tag, filter.Messages.EventTypes)
            ? Task.FromResult(new Page<AttemptedMessage>([], Done: true))
            : database.ReadAlongIndexesAsync(async session =>
            {
                var iterator = PagePosition.Of(page).Iterator;
                var start = iterator is null ? (Id<Attempt>?)null : await FirstAttemptAsync(session, endpoint, iterator).ConfigureAwait(false);
                return await WalkAttempted(application, endpoint, filter).ReadAsync<AttemptedMessage, Attempt, Id<Message>>(
                    session, "a.message_id", NewestFirst(page), start, row => row.Id<Message>(0),
                    ids => ReadAttemptedAsync(session, application, endpoint, ids, filter)).ConfigureAwait(false);
            }, cancellationToken);

    // What has not succeeded began with a failure, and those are few where all goes well.
    private static PostgresListWalk WalkAttempted(Id<Application> application, Id<Endpoint> endpoint, AttemptedFilter filter)
    {
        var walk = new PostgresListWalk("attempt a", "a.id");
        walk.Where($"a.endpoint_id = {walk.Value(endpoint)}");
        if (filter.Status is not (null or DeliveryStatus.Success))
            walk.Where("a.outcome <> 0");
        walk.Between<Attempt>(filter.Messages.After, filter.Messages.Before).Test(IsNoRepeat);
        TestMessage(walk, "a.message_id", application, LabelsOf(filter.Messages.Channel, filter.Messages.Tag), filter.Messages.EventTypes);
        return walk.Test(IsFirst);
    }

    private static async Task<IReadOnlyList<AttemptedMessage?>> ReadAttemptedAsync(
        PostgresSession session, Id<Application> application, Id<Endpoint> endpoint, List<Id<Message>> ids, AttemptedFilter filter)
    {
        var found = (await OwedMessage.ReadAsync(session, ids).ConfigureAwait(false)).Values
            .Where(message => message.Message.ApplicationId == application).ToDictionary(message => message.Id);
        var standings = await Standings.ReadAsync(session, found.Values, endpoint).ConfigureAwait(false);
        var rows = ids.ConvertAll(id => found.TryGetValue(id, out var message)
            ? new AttemptedMessage(message.Message, standings.Destination(id, message.PlacesAt(endpoint), filter.IsSending)) : null);
        rows = rows.ConvertAll(row => filter.Status is null || filter.Status == row?.Destination.Status ? row : null);
        if (!filter.Messages.WithPayload)
            return rows;
        var whole = await Messages.ReadAsync(session, rows.OfType<AttemptedMessage>().Select(row => row.Message.Id), withPayload: true).ConfigureAwait(false);
        return rows.ConvertAll(row => row is null ? null : row with { Message = whole[row.Message.Id] });
    }

    // A message whose attempts are forgotten by now stands where they would have begun.
    private static async Task<Id<Attempt>> FirstAttemptAsync(PostgresSession session, Id<Endpoint> endpoint, string iterator)
    {
        if (Id<Attempt>.TryParse(iterator, out var attempt))
            return attempt;
        var message = PagePosition.ParseId<Message>(iterator);
        return await session.Prepare("""
            SELECT id FROM attempt WHERE message_id = $1 AND endpoint_id IS NOT DISTINCT FROM $2 ORDER BY id LIMIT 1
            """).Bind(message).Bind(endpoint).RowsAsync(row => row.Id<Attempt>(0)).ConfigureAwait(false) is [var first]
            ? first : Id<Attempt>.FirstAt(message.Timestamp);
    }
}
