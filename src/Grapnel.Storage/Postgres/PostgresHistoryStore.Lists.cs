namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresHistoryStore
{
    public async Task<Message?> FindMessageAsync(Id<Application> application, string idOrEventId, CancellationToken cancellationToken)
    {
        if (!IndexReads.CanBeStored(idOrEventId))
            return null;
        return await database.ReadAlongIndexesAsync(async session =>
            (Id<Message>.TryParse(idOrEventId, out var id) ? await ReadMessageAsync(session, application, id).ConfigureAwait(false) : null)
            ?? await FindByEventIdAsync(session, application, idOrEventId).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    public Task<IReadOnlyList<Message>> ReadMessagesAsync(
        Id<Application> application, IReadOnlyCollection<Id<Message>> ids, bool withPayload, CancellationToken cancellationToken) =>
        database.ReadAlongIndexesAsync<IReadOnlyList<Message>>(async session =>
        {
            var found = await Messages.ReadAsync(session, ids, withPayload).ConfigureAwait(false);
            return [.. ids.Select(found.GetValueOrDefault).OfType<Message>().Where(message => message.ApplicationId == application)];
        }, cancellationToken);

    public Task<Page<Message>> ListMessagesAsync(
        Id<Application> application, MessageFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        !CanMatch(filter.Channel, filter.Tag, filter.EventTypes)
            ? Task.FromResult(new Page<Message>([], Done: true))
            : database.ReadAlongIndexesAsync(session =>
            {
                var (walk, key) = WalkMessages(application, filter);
                return walk.Between<Message>(filter.After, filter.Before).ReadAsync<Message, Message, Id<Message>>(
                    session, key, NewestFirst(page), PostgresListWalk.StartOf<Message>(page), row => row.Id<Message>(0), async ids =>
                    {
                        var found = await Messages.ReadAsync(session, ids, filter.WithPayload).ConfigureAwait(false);
                        return ids.ConvertAll(found.GetValueOrDefault);
                    });
            }, cancellationToken);

    // A label has an index of its own; where there is none to walk, the one over ids passes over other event types without touching their rows.
    private static (PostgresListWalk Walk, string Key) WalkMessages(Id<Application> application, MessageFilter filter)
    {
        var labels = LabelsOf(filter.Channel, filter.Tag);
        if (labels is not [var first, ..])
        {
            var all = new PostgresListWalk("message m", "m.id");
            return (all.Where($"m.application_id = {all.Value(application)}").TestAnyOf("m.event_type", filter.EventTypes), "m.id");
        }
        var walk = new PostgresListWalk("message_label l", "l.message_id");
        walk.Where($"l.application_id = {walk.Value(application)}").Where($"l.label = {walk.Value(first)}");
        TestMessage(walk, "l.message_id", application, labels[1..], filter.EventTypes);
        return (walk, "l.message_id");
    }

    // What is asked about a message of which the walk knows only the id. A subquery for a single value is asked row by row; the planner would
    // answer EXISTS by reading everything once, where it thinks that this pays.
    private static void TestMessage(
        PostgresListWalk walk, string id, Id<Application> application, IEnumerable<string> labels, IReadOnlyList<string>? eventTypes)
    {
        foreach (var label in labels)
            walk.Test($"""
                (SELECT true FROM message_label x
                WHERE x.application_id = {walk.Value(application)} AND x.label = {walk.Value(label)} AND x.message_id = {id} LIMIT 1)
                """);
        if (eventTypes is not null)
            walk.TestAnyOf($"(SELECT m.event_type FROM message m WHERE m.id = {id} LIMIT 1)", eventTypes);
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

    private static bool CanMatch(string? channel, string? tag, IReadOnlyList<string>? eventTypes) =>
        IndexReads.CanBeStored(channel) && IndexReads.CanBeStored(tag) && eventTypes?.Any(IndexReads.CanBeStored) != false;

    private static Task<Message?> ReadMessageAsync(PostgresSession session, Id<Application> application, Id<Message> id) => session
        .Prepare($"SELECT {Messages.Columns}, {Messages.Payload} FROM message m WHERE m.id = $1 AND m.application_id = $2")
        .Bind(id).Bind(application).FirstAsync(row => Messages.Read(row));

    private static async Task<Message?> FindByEventIdAsync(PostgresSession session, Id<Application> application, string eventId) =>
        await session.Prepare("SELECT message_id FROM message_event WHERE application_id = $1 AND event_id = $2").Bind(application).Bind(eventId)
            .RowsAsync(row => row.Id<Message>(0)).ConfigureAwait(false) is [var id]
            ? await ReadMessageAsync(session, application, id).ConfigureAwait(false) : null;
}
