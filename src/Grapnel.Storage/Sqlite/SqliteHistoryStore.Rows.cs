namespace Grapnel.Storage.Sqlite;

/// <summary>
/// Lists of messages for people. Each status is walked along what holds few others: what failed along an index of failures, what was cancelled
/// along those ends, what is pending along the lanes; the rest along the messages themselves.
/// </summary>
internal sealed partial class SqliteHistoryStore
{
    // Publishers race between the making of an id and its place, so places are looked up a little beyond a time, and ids tested on the way.
    private static readonly TimeSpan Race = TimeSpan.FromSeconds(1);

    public Task<Page<MessageRow>> ListMessageRowsAsync(MessageRowFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        filter is { Status: MessageStatus.NotOwed, EndpointId: not null }
            ? Task.FromResult(new Page<MessageRow>([], Done: true))
            : readers.RunAsync(session => filter.Status switch
            {
                MessageStatus.Pending => new PendingRows(session, filter).Read(NewestFirst(page)),
                MessageStatus.Failed => ListById(session, WalkFailed(), "a.message_id", filter, page),
                MessageStatus.Cancelled => ListByPlace(session, WalkCancelled(session, filter), filter, page),
                _ when filter.ApplicationId is { } application => ListOfApplication(session, application, filter, page),
                _ => ListByPlace(session, WalkPlaces(session, new ListWalk("message m", "m.n"), filter), filter, page),
            }, cancellationToken);

    private static ListWalk WalkFailed() => new ListWalk(
        "attempt a INDEXED BY attempt_lost CROSS JOIN message m INDEXED BY message_id ON m.application_id = a.application_id AND m.id = a.message_id",
        "a.message_id").Where("a.end IN (2, 3)").AtLeast(statement => statement.Bind(default(Id<Message>)));

    private static ListWalk WalkCancelled(SqliteSession session, MessageRowFilter filter) => WalkPlaces(
        session,
        new ListWalk("finished_delivery f INDEXED BY finished_delivery_place CROSS JOIN message m ON m.n = f.message_n", "f.message_n"), filter);

    private static ListWalk WalkPlaces(SqliteSession session, ListWalk walk, MessageRowFilter filter)
    {
        walk.AtLeast(statement => statement.Bind(1));
        if (filter.After is { } after)
            walk.AtLeast(statement => statement.Bind(PlaceAt(session, Id<Message>.FirstAt(Back(after)))));
        if (filter.Before is { } before)
            walk.Below(statement => statement.Bind(PlaceAt(session, Id<Message>.FirstAt(Forth(before)))));
        return walk.TestBetween("m.id", filter.After, filter.Before);
    }

    private static Page<MessageRow> ListOfApplication(
        SqliteSession session, Id<Application> application, MessageRowFilter filter, PageRequest page)
    {
        if (LabelsOf(filter.Channel, filter.Tag) is not [var label, ..])
            return ListById(session, new ListWalk("message m INDEXED BY message_id", "m.id")
                .Where("m.application_id = ?", statement => statement.Bind(application)), "m.id", filter, page);
        var labelled = new ListWalk(
            "message_label l CROSS JOIN message m INDEXED BY message_id ON m.application_id = l.application_id AND m.id = l.message_id", "l.message_id")
            .Where("l.application_id = ?", statement => statement.Bind(application))
            .Where("l.label = ?", statement => statement.Bind(label));
        return ListById(session, labelled, "l.message_id", filter, page);
    }

    private static Page<MessageRow> ListById(SqliteSession session, ListWalk walk, string key, MessageRowFilter filter, PageRequest page)
    {
        Id<Message>? last = null;
        TestRows(walk.Between<Message>(filter.After, filter.Before), filter);
        return walk.Read<MessageRow, Message>(session, "m.n", NewestFirst(page), row =>
        {
            // Several endpoints can have failed the same message.
            var id = row.Id<Message>(0);
            if (id == last)
                return null;
            last = id;
            return FindRow(session, row.Int64(2), filter, walk.Charge)?.As(id.ToString());
        });
    }

    private static Page<MessageRow> ListByPlace(SqliteSession session, ListWalk walk, MessageRowFilter filter, PageRequest page)
    {
        long last = 0;
        TestRows(walk, filter);
        return walk.ReadBy<MessageRow, PlaceKey>(session, "m.n", NewestFirst(page), PlaceKey.Parse(PagePosition.Of(page).Iterator), row =>
        {
            var place = PlaceKey.Read(row);
            if (place.Place == last)
                return null;
            last = place.Place;
            return FindRow(session, row.Int64(2), filter, walk.Charge)?.As(place.ToString());
        });
    }

    // Whatever is walked, the message stands beside it as m.
    private static void TestRows(ListWalk walk, MessageRowFilter filter)
    {
        walk.Test(filter.ApplicationId is not null, "m.application_id = ?", statement => statement.Bind(filter.ApplicationId!.Value))
            .TestAnyOf("m.event_type", filter.EventTypes);
        foreach (var label in LabelsOf(filter.Channel, filter.Tag))
            walk.Test(true, """
                EXISTS (SELECT 1 FROM message_label x WHERE x.application_id = m.application_id AND x.label = ? AND x.message_id = m.id)
                """, statement => statement.Bind(label));
        walk.Test(filter.Status == MessageStatus.NotOwed, "length(m.owed) = 0")
            .Test(filter.Status == MessageStatus.Delivered, "length(m.owed) > 0")
            .Test(filter.EndpointId is not null, "instr(m.owed, ?) > 0", statement => statement.Bind(filter.EndpointId!.Value));
    }

    private static FoundRow? FindRow(SqliteSession session, long n, MessageRowFilter filter, Action<int> charge)
    {
        if (ReadAll(
            session.Prepare($"SELECT {Rows.MessageColumns}, {Rows.NoPayload}, m.owed FROM message m WHERE m.n = ?").Bind(n),
            row => (Message: Rows.ReadMessage(row), Owed: Owed.Unpack(row.Blob(Rows.MessageWidth)))) is not [var found])
            return null;
        var standing = Standing.Read(session, found.Message.Id, found.Owed);
        charge(standing.Cost);
        return standing.Is(filter.Status, filter.EndpointId) ? new FoundRow(found.Message, standing) : null;
    }

    private static DateTimeOffset Back(DateTimeOffset time) => time > DateTimeOffset.MinValue + Race ? time - Race : time;

    private static DateTimeOffset Forth(DateTimeOffset time) => time < DateTimeOffset.MaxValue - Race ? time + Race : time;

    /// <summary>The first place whose message has this id or a later one, by halving: ids grow with places, races apart.</summary>
    internal static long PlaceAt(SqliteSession session, Id<Message> wanted)
    {
        var (low, high) = (1L, session.Prepare("SELECT value FROM counter WHERE name = 'seq'").RunInt64() + 1);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            var found = ReadAll(
                session.Prepare("SELECT n, id FROM message WHERE n >= ? ORDER BY n LIMIT 1").Bind(middle), row => (N: row.Int64(0), Id: row.Id<Message>(1)));
            if (found is [var (n, id)] && n < high && id.CompareTo(wanted) < 0)
                low = n + 1;
            else
                high = middle;
        }
        return low;
    }

    private sealed record FoundRow(Message Message, Standing Standing)
    {
        public MessageRow As(string position) => new(Message, Standing.Progress, position);
    }
}
