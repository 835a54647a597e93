namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteHistoryStore
{
    // Attempts of a schedule are numbered, so only those without a number or with the first one need a look at what came before.
    private const string IsNoRepeat = "a.number <= 1";

    private const string IsFirst = """
        NOT EXISTS (SELECT 1 FROM attempt e WHERE e.message_id = a.message_id AND e.id < a.id AND +e.endpoint_id = a.endpoint_id)
        """;

    public Task<Page<AttemptedMessage>> ListAttemptedMessagesAsync(
        Id<Application> application, Id<Endpoint> endpoint, AttemptedFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        readers.RunAsync(session =>
        {
            var iterator = PagePosition.Of(page).Iterator;
            var start = iterator is null ? (Id<Attempt>?)null : FirstAttempt(session, endpoint, iterator);
            return WalkAttempted(application, endpoint, filter).Read<AttemptedMessage, Attempt>(
                session, "a.message_id", NewestFirst(page), start, row => ReadAttempted(session, application, endpoint, row.Id<Message>(2), filter));
        }, cancellationToken);

    // What has not succeeded began with a failure, and those are few where all goes well.
    private static ListWalk WalkAttempted(Id<Application> application, Id<Endpoint> endpoint, AttemptedFilter filter)
    {
        var began = filter.Status is null or DeliveryStatus.Success
            ? new ListWalk("attempt a INDEXED BY attempt_endpoint", "a.id").Where("a.endpoint_id = ?", statement => statement.Bind(endpoint))
            : new ListWalk("attempt a INDEXED BY attempt_failed", "a.id").Where("a.endpoint_id = ?", statement => statement.Bind(endpoint))
                .Where("a.outcome <> 0");
        began.Between<Attempt>(filter.Messages.After, filter.Messages.Before);
        return TestMessage(
            began, "a.message_id", application, LabelsOf(filter.Messages.Channel, filter.Messages.Tag), filter.Messages.EventTypes)
            .Test(true, IsNoRepeat)
            .Test(true, IsFirst);
    }

    private static AttemptedMessage? ReadAttempted(
        SqliteSession session, Id<Application> application, Id<Endpoint> endpoint, Id<Message> id, AttemptedFilter filter)
    {
        if (ReadMessage(session, application, id, filter.Messages.WithPayload) is not { } message)
            return null;
        var places = ReadOwed(session, message).Where(pair => pair.EndpointId == endpoint).Select(pair => pair.Seq);
        var destination = ReadDestination(
            session, endpoint, places, id, EndpointAttempts.Read(session, id, endpoint), filter.IsSending);
        return filter.Status is null || filter.Status == destination.Status ? new AttemptedMessage(message, destination) : null;
    }

    // A message whose attempts are forgotten by now stands where they would have begun.
    private static Id<Attempt> FirstAttempt(SqliteSession session, Id<Endpoint> endpoint, string iterator)
    {
        if (Id<Attempt>.TryParse(iterator, out var attempt))
            return attempt;
        var message = PagePosition.ParseId<Message>(iterator);
        return ReadAll(
            session.Prepare("SELECT id FROM attempt WHERE message_id = ? AND +endpoint_id = ? ORDER BY id LIMIT 1").Bind(message).Bind(endpoint),
            row => row.Id<Attempt>(0)) is [var first] ? first : Id<Attempt>.FirstAt(message.Timestamp);
    }
}
