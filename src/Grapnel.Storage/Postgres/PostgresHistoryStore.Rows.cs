namespace Grapnel.Storage.Postgres;

/// <summary>
/// Lists of messages for people. Each status is walked along what holds few others: what failed along an index of failures, what was cancelled
/// along those ends, what is pending along the lanes; the rest along the messages themselves. All but the pending ones stand in order of id.
/// </summary>
internal sealed partial class PostgresHistoryStore
{
    // One message can be owed to very many: places looked at together, and no fewer than those of one message.
    private const int PlacesAtOnce = 2_500;

    private static readonly Page<MessageRow> NoRows = new([], Done: true);

    public Task<Page<MessageRow>> ListMessageRowsAsync(MessageRowFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        filter is { Status: MessageStatus.NotOwed, EndpointId: not null } || !CanMatch(filter.Channel, filter.Tag, filter.EventTypes)
            ? Task.FromResult(NoRows)
            : database.ReadAlongIndexesAsync(session => filter.Status == MessageStatus.Pending
                ? new PostgresPendingRows(session, filter).ReadAsync(NewestFirst(page))
                : ReadRowsAsync(session, filter, NewestFirst(page)), cancellationToken);

    public Task<DeliveryProgress> ReadProgressAsync(Message message, CancellationToken cancellationToken) =>
        database.ReadAlongIndexesAsync(async session => await OwedMessage.FindAsync(session, message).ConfigureAwait(false) is { } found
            ? new MessageStanding(found, await Standings.ReadAsync(session, [found]).ConfigureAwait(false)).Progress
            : default, cancellationToken);

    private static Task<Page<MessageRow>> ReadRowsAsync(PostgresSession session, MessageRowFilter filter, PageRequest page)
    {
        var (walk, key) = WalkRows(filter);
        TestRows(walk.Between<Message>(filter.After, filter.Before), filter);
        return walk.ReadAsync<MessageRow, Message, Id<Message>>(
            session, key, page, PostgresListWalk.StartOf<Message>(page), row => row.Id<Message>(0), async ids =>
            {
                // Several endpoints can have failed the same message.
                var (standings, cost) = await MessageStanding.ReadAsync(session, ids, PlacesAtOnce).ConfigureAwait(false);
                walk.Charge(cost);
                return [.. standings.Select((standing, i) => (i == 0 || ids[i] != ids[i - 1]) && standing?.Is(filter.Status, filter.EndpointId) == true
                    ? new MessageRow(standing.Message, standing.Progress, standing.Message.Id.ToString()) : null)];
            });
    }

    private static (PostgresListWalk Walk, string Key) WalkRows(MessageRowFilter filter)
    {
        if (filter.Status == MessageStatus.Failed)
            return (new PostgresListWalk(BesideMessage("attempt a", "a.message_id"), "a.message_id").Where("a.\"end\" IN (2, 3)"), "a.message_id");
        if (filter.Status == MessageStatus.Cancelled)
            return (new PostgresListWalk(BesideMessage("finished_delivery f", "f.message_id"), "f.message_id"), "f.message_id");
        var all = new PostgresListWalk("message m", "m.id");
        if (filter.ApplicationId is not { } application)
            return (all, "m.id");
        if (LabelsOf(filter.Channel, filter.Tag) is not [var label, ..])
            return (all.Where($"m.application_id = {all.Value(application)}"), "m.id");
        var labelled = new PostgresListWalk(BesideMessage("message_label l", "l.message_id"), "l.message_id");
        return (labelled.Where($"l.application_id = {labelled.Value(application)}").Where($"l.label = {labelled.Value(label)}"), "l.message_id");
    }

    // Whatever is walked, the message stands beside it as m. The limit keeps the planner from walking messages first.
    private static string BesideMessage(string table, string id) => $"""
        {table} CROSS JOIN LATERAL (SELECT s.id, s.application_id, s.event_type, s.owed FROM message s WHERE s.id = {id} LIMIT 1) AS m
        """;

    private static void TestRows(PostgresListWalk walk, MessageRowFilter filter)
    {
        if (filter.ApplicationId is { } application)
            walk.Test($"m.application_id = {walk.Value(application)}");
        walk.TestAnyOf("m.event_type", filter.EventTypes);
        foreach (var label in LabelsOf(filter.Channel, filter.Tag))
            walk.Test($"""
                (SELECT true FROM message_label x WHERE x.application_id = m.application_id AND x.label = {walk.Value(label)} AND x.message_id = m.id LIMIT 1)
                """);
        if (filter.Status is MessageStatus.NotOwed or MessageStatus.Delivered)
            walk.Test($"length(m.owed) {(filter.Status == MessageStatus.NotOwed ? "=" : ">")} 0");
        if (filter.EndpointId is { } endpoint)
            walk.Test($"position({walk.Value(command => command.Bind(endpoint.ToBytes()))} IN m.owed) > 0");
    }
}
