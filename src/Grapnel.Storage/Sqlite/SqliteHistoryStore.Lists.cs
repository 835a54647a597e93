namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteHistoryStore
{
    private const string EventTypeOf = "(SELECT m.event_type FROM message m WHERE m.application_id = ? AND m.id = {0})";
    private const string HasLabel = "EXISTS (SELECT 1 FROM message_label x WHERE x.application_id = ? AND x.label = ? AND x.message_id = {0})";

    public Task<Message?> FindMessageAsync(Id<Application> application, string idOrEventId, CancellationToken cancellationToken) =>
        readers.RunAsync(session => FindById(session, application, idOrEventId) ?? FindByEventId(session, application, idOrEventId), cancellationToken);

    public Task<IReadOnlyList<Message>> ReadMessagesAsync(
        Id<Application> application, IReadOnlyCollection<Id<Message>> ids, bool withPayload, CancellationToken cancellationToken) =>
        readers.RunAsync(session => (IReadOnlyList<Message>)[.. ids.Select(id => ReadMessage(session, application, id, withPayload)).OfType<Message>()],
            cancellationToken);

    public Task<Page<Message>> ListMessagesAsync(
        Id<Application> application, MessageFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        readers.RunAsync(session => WalkMessages(application, filter)
            .Between<Message>(filter.After, filter.Before)
            .Read<Message, Message>(session, "NULL", NewestFirst(page),
                row => ReadMessage(session, application, row.Id<Message>(0), filter.WithPayload)), cancellationToken);

    // A label has an index of its own; where there is none to walk, the one over ids passes over other event types without touching their rows.
    private static ListWalk WalkMessages(Id<Application> application, MessageFilter filter)
    {
        var labels = LabelsOf(filter.Channel, filter.Tag);
        if (labels is not [var first, ..])
            return new ListWalk("message m INDEXED BY message_id", "m.id")
                .Where("m.application_id = ?", statement => statement.Bind(application))
                .TestAnyOf("m.event_type", filter.EventTypes);
        var walk = new ListWalk("message_label l", "l.message_id")
            .Where("l.application_id = ?", statement => statement.Bind(application))
            .Where("l.label = ?", statement => statement.Bind(first));
        return TestMessage(walk, "l.message_id", application, labels[1..], filter.EventTypes);
    }

    // What is asked about a message of which the walk knows only the id.
    private static ListWalk TestMessage(
        ListWalk walk, string id, Id<Application> application, IEnumerable<string> labels, IReadOnlyList<string>? eventTypes)
    {
        foreach (var label in labels)
            walk.Test(true, string.Format(null, HasLabel, id), statement => statement.Bind(application).Bind(label));
        return eventTypes is null
            ? walk
            : walk.TestAnyOf(string.Format(null, EventTypeOf, id), eventTypes, statement => statement.Bind(application));
    }

    private static List<string> LabelsOf(string? channel, string? tag)
    {
        var labels = new List<string>();
        if (channel is not null)
            labels.Add(Labels.Channel(channel));
        if (tag is not null)
            labels.Add(Labels.Tag(tag));
        return labels;
    }

    private static Message? FindById(SqliteSession session, Id<Application> application, string id) =>
        Id<Message>.TryParse(id, out var parsed) ? ReadMessage(session, application, parsed, withPayload: true) : null;

    private static Message? ReadMessage(SqliteSession session, Id<Application> application, Id<Message> id, bool withPayload) => ReadAll(
        session.Prepare(withPayload ? MessageSql : MessageWithoutPayloadSql).Bind(application).Bind(id),
        row => Rows.ReadMessage(row)).FirstOrDefault();

    private const string MessageSql = $"SELECT {Rows.MessageColumns}, {Rows.Payload} FROM message m WHERE m.application_id = ? AND m.id = ?";
    private const string MessageWithoutPayloadSql = $"SELECT {Rows.MessageColumns}, {Rows.NoPayload} FROM message m WHERE m.application_id = ? AND m.id = ?";

    private static Message? FindByEventId(SqliteSession session, Id<Application> application, string eventId) => ReadAll(
        session.Prepare($"SELECT {Rows.MessageColumns}, {Rows.Payload} FROM message m WHERE m.application_id = ? AND m.event_id = ?")
            .Bind(application).Bind(eventId),
        row => Rows.ReadMessage(row)).FirstOrDefault();

    // History is always read from its newest end.
    private static PageRequest NewestFirst(PageRequest page) => page with { Descending = true };
}
