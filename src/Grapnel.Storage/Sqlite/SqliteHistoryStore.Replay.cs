namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteHistoryStore
{
    // A page of payloads must not take more memory than a lane may.
    private const int MaxReplayBytes = 4 << 20;

    private static readonly ReplayPosition Beginning = new(null, 0);

    public Task<ReplayPage> ReadReplayAsync(ReplayQuery query, ReadOnlyMemory<byte>? after, int limit, CancellationToken cancellationToken) =>
        readers.RunAsync(session => query.Set == ReplaySet.Failed
            ? WalkFailures(session, query, after, limit)
            : WalkMessages(session, query, after, limit), cancellationToken);

    private static ReplayPage WalkFailures(SqliteSession session, ReplayQuery query, ReadOnlyMemory<byte>? after, int limit)
    {
        var select = session.Prepare("""
            SELECT a.id, a.message_id, a.end FROM attempt a INDEXED BY attempt_failed
            WHERE a.endpoint_id = ? AND a.outcome <> 0 AND a.id > ? AND a.id < ? ORDER BY a.id LIMIT ?
            """)
            .Bind(query.EndpointId).Bind(After<Attempt>(after, query.Since)).Bind(Id<Attempt>.FirstAt(query.AttemptsBefore)).Bind(limit);
        var candidates = new List<ReplayCandidate>();
        var at = Beginning with { Cursor = after };
        while (select.Step())
        {
            at = new ReplayPosition(select.Blob(0).ToArray(), at.Scanned + 1);
            if ((DeliveryEnd)select.Int32(2) is DeliveryEnd.Exhausted or DeliveryEnd.Gone
                && FindFailed(session, query, select.Id<Message>(1)) is { } message)
                candidates.Add(new ReplayCandidate(message, at));
        }
        return new ReplayPage(candidates, at, at.Scanned < limit);
    }

    private static Message? FindFailed(SqliteSession session, ReplayQuery query, Id<Message> id)
    {
        if (id.CompareTo(Id<Message>.FirstAt(query.Since)) < 0 || id.CompareTo(Id<Message>.FirstAt(query.Until)) >= 0)
            return null;
        if (FindForReplay(session, query, id) is not { } found || PlacesOf(found.Owed, query) is { } places && ReadPending(session, query.EndpointId, places) is not null)
            return null;
        return ReadEnd(session, query.EndpointId, id)?.End == DeliveryEnd.Delivered ? null : found.Message;
    }

    private static ReplayPage WalkMessages(SqliteSession session, ReplayQuery query, ReadOnlyMemory<byte>? after, int limit)
    {
        var select = session.Prepare("""
            SELECT m.id, m.event_type FROM message m WHERE m.application_id = ? AND m.id > ? AND m.id < ? ORDER BY m.id LIMIT ?
            """)
            .Bind(query.ApplicationId).Bind(After<Message>(after, query.Since)).Bind(Id<Message>.FirstAt(query.Until)).Bind(limit);
        var candidates = new List<ReplayCandidate>();
        var (at, bytes, full) = (Beginning with { Cursor = after }, 0L, false);
        while (!full && select.Step())
        {
            at = new ReplayPosition(select.Blob(0).ToArray(), at.Scanned + 1);
            if (query.EventTypes?.Contains(select.Text(1)) == false || FindMatch(session, query, select.Id<Message>(0)) is not { } message)
                continue;
            candidates.Add(new ReplayCandidate(message, at));
            full = (bytes += message.Payload?.Length ?? 0) >= MaxReplayBytes;
        }
        if (full)
            select.Reset();
        return new ReplayPage(candidates, at, !full && at.Scanned < limit);
    }

    private static Message? FindMatch(SqliteSession session, ReplayQuery query, Id<Message> id)
    {
        if (FindForReplay(session, query, id) is not { } found)
            return null;
        var places = PlacesOf(found.Owed, query);
        if (query.Set == ReplaySet.NeverOwed)
            return places is null ? found.Message : null;
        return places is not null
            && (query.Channel is null || found.Message.Channels?.Contains(query.Channel) == true)
            && (query.Tag is null || found.Message.Tags?.Contains(query.Tag) == true)
            && (query.Status is not { } status || StatusOf(session, query, id, places) == status)
            && (query.StatusCodeClass is not { } code || HasAnswer(session, query, id, code))
            ? found.Message : null;
    }

    private static (Message Message, List<(Id<Endpoint> EndpointId, long Seq)> Owed)? FindForReplay(
        SqliteSession session, ReplayQuery query, Id<Message> id)
    {
        var select = session.Prepare(query.WithPayload ? ReplayWithPayload : ReplayWithoutPayload).Bind(query.ApplicationId).Bind(id);
        if (!select.Step())
            return null;
        var found = (Rows.ReadMessage(select, column: 1), Owed.Unpack(select.Blob(0)));
        select.Reset();
        return found;
    }

    private const string ReplayWithPayload =
        $"SELECT m.owed, {Rows.MessageColumns}, {Rows.Payload} FROM message m WHERE m.application_id = ? AND m.id = ? AND m.payload IS NOT NULL";

    private const string ReplayWithoutPayload =
        $"SELECT m.owed, {Rows.MessageColumns}, {Rows.NoPayload} FROM message m WHERE m.application_id = ? AND m.id = ? AND m.payload IS NOT NULL";

    private static IGrouping<Id<Endpoint>, long>? PlacesOf(List<(Id<Endpoint> EndpointId, long Seq)> owed, ReplayQuery query) =>
        owed.Where(pair => pair.EndpointId == query.EndpointId).GroupBy(pair => pair.EndpointId, pair => pair.Seq).FirstOrDefault();

    private static ReplayStatus? StatusOf(SqliteSession session, ReplayQuery query, Id<Message> id, IGrouping<Id<Endpoint>, long> places) =>
        (ReadPending(session, query.EndpointId, places)?.State ?? ReadEnd(session, query.EndpointId, id)) switch
        {
            null => null,
            { End: null, Attempts: 0 } when !WasTried(session, query.EndpointId, id) => ReplayStatus.Sending,
            { End: null } => ReplayStatus.Pending,
            { End: DeliveryEnd.Delivered } => ReplayStatus.Success,
            { End: DeliveryEnd.Exhausted or DeliveryEnd.Gone } => ReplayStatus.Fail,
            _ => ReplayStatus.Canceled,
        };

    // Where a queue stands in front of the store, attempts are counted there, and here only the log knows.
    private static bool WasTried(SqliteSession session, Id<Endpoint> endpoint, Id<Message> id) =>
        session.Prepare("SELECT 1 FROM attempt WHERE message_id = ? AND +endpoint_id = ? AND number > 0 AND end IS NULL").Bind(id).Bind(endpoint).RunExists();

    private static bool HasAnswer(SqliteSession session, ReplayQuery query, Id<Message> id, int code) =>
        session.Prepare("SELECT 1 FROM attempt WHERE message_id = ? AND +endpoint_id = ? AND status_code / 100 = ?")
            .Bind(id).Bind(query.EndpointId).Bind(code / 100).RunExists();

    // Ids carry the time of acceptance, so a range of time is a range of the index. The id before the first of a time never was made.
    private static Id<T> After<T>(ReadOnlyMemory<byte>? cursor, DateTimeOffset since) where T : IIdentified =>
        cursor is { } given ? Id<T>.FromBytes(given.Span)
            : Id<T>.FirstAt(since) is { Value: var first } && first > 0 ? new Id<T>(first - 1)
            : default;
}
