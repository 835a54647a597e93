namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresHistoryStore
{
    // A page of payloads must not take more memory than a lane may.
    private const int MaxReplayBytes = 4 << 20;

    public Task<ReplayPage> ReadReplayAsync(ReplayQuery query, ReadOnlyMemory<byte>? after, int limit, CancellationToken cancellationToken) =>
        database.ReadAlongIndexesAsync(async session =>
        {
            var walked = query.Set == ReplaySet.Failed
                ? await WalkFailuresAsync(session, query, after, limit).ConfigureAwait(false)
                : await WalkMessagesAsync(session, query, after, limit).ConfigureAwait(false);
            return await ToPageAsync(session, query, walked, after, limit).ConfigureAwait(false);
        }, cancellationToken);

    // One for each row; without a message where the replay does not concern it.
    private static async Task<List<Walked>> WalkFailuresAsync(PostgresSession session, ReplayQuery query, ReadOnlyMemory<byte>? after, int limit)
    {
        var rows = await session.Prepare("""
            SELECT a.id, a.message_id, a."end" FROM attempt a
            WHERE a.endpoint_id = $1 AND a.outcome <> 0 AND a.id > $2 AND a.id < $3 ORDER BY a.id LIMIT $4
            """)
            .Bind(query.EndpointId).Bind(After<Attempt>(after, query.Since)).Bind(Id<Attempt>.FirstAt(query.AttemptsBefore)).Bind(limit)
            .RowsAsync(row => (Id: row.Id<Attempt>(0), Message: row.Id<Message>(1), End: (DeliveryEnd?)row.Int16OrNull(2))).ConfigureAwait(false);
        var (since, until) = (Id<Message>.FirstAt(query.Since), Id<Message>.FirstAt(query.Until));
        bool IsAsked((Id<Attempt>, Id<Message> Message, DeliveryEnd? End) row) =>
            row.End is DeliveryEnd.Exhausted or DeliveryEnd.Gone && row.Message.CompareTo(since) >= 0 && row.Message.CompareTo(until) < 0;
        var found = await OwedMessage.ReadAsync(session, rows.Where(IsAsked).Select(row => row.Message)).ConfigureAwait(false);
        var standings = await Standings.ReadAsync(session, found.Values, query.EndpointId, alsoDelivered: true).ConfigureAwait(false);
        return rows.ConvertAll(row => new Walked(row.Id.ToBytes(), IsAsked(row) && found.TryGetValue(row.Message, out var message)
            && message.Message.ApplicationId == query.ApplicationId && message.PayloadBytes is not null
            && standings.Pending(query.EndpointId, message.PlacesAt(query.EndpointId)) is null
            && standings.End(message.Id, query.EndpointId)?.End != DeliveryEnd.Delivered ? message : null));
    }

    private static async Task<List<Walked>> WalkMessagesAsync(PostgresSession session, ReplayQuery query, ReadOnlyMemory<byte>? after, int limit)
    {
        var rows = await session.Prepare($"""
            SELECT {OwedMessage.Columns} FROM message m WHERE m.application_id = $1 AND m.id > $2 AND m.id < $3 ORDER BY m.id LIMIT $4
            """)
            .Bind(query.ApplicationId).Bind(After<Message>(after, query.Since)).Bind(Id<Message>.FirstAt(query.Until)).Bind(limit)
            .RowsAsync(OwedMessage.Read).ConfigureAwait(false);
        var chosen = rows.FindAll(row => IsCandidate(query, row));
        if (query is { Set: not ReplaySet.NeverOwed, Status: { } status } && chosen.Count > 0)
        {
            var standings = await Standings.ReadAsync(session, chosen, query.EndpointId, alsoDelivered: true).ConfigureAwait(false);
            var tried = await TriedAsync(session, query.EndpointId, chosen.ConvertAll(row => row.Id)).ConfigureAwait(false);
            chosen.RemoveAll(row => StatusOf(standings.State(row.Id, row.PlacesAt(query.EndpointId)), tried.Contains(row.Id)) != status);
        }
        if (query is { Set: not ReplaySet.NeverOwed, StatusCodeClass: { } code } && chosen.Count > 0)
        {
            var answered = await AnsweredAsync(session, query.EndpointId, code, chosen.ConvertAll(row => row.Id)).ConfigureAwait(false);
            chosen.RemoveAll(row => !answered.Contains(row.Id));
        }
        var ids = chosen.Select(row => row.Id).ToHashSet();
        return rows.ConvertAll(row => new Walked(row.Id.ToBytes(), ids.Contains(row.Id) ? row : null));
    }

    // What the message itself tells.
    private static bool IsCandidate(ReplayQuery query, OwedMessage row)
    {
        if (row.PayloadBytes is null || query.EventTypes?.Contains(row.Message.EventType) == false)
            return false;
        var isOwed = row.Owed.Exists(pair => pair.EndpointId == query.EndpointId);
        return query.Set == ReplaySet.NeverOwed ? !isOwed : isOwed
            && (query.Channel is null || row.Message.Channels?.Contains(query.Channel) == true)
            && (query.Tag is null || row.Message.Tags?.Contains(query.Tag) == true);
    }

    private static ReplayStatus? StatusOf(DeliveryState? state, bool wasTried) => state switch
    {
        null => null,
        { End: null, Attempts: 0 } when !wasTried => ReplayStatus.Sending,
        { End: null } => ReplayStatus.Pending,
        { End: DeliveryEnd.Delivered } => ReplayStatus.Success,
        { End: DeliveryEnd.Exhausted or DeliveryEnd.Gone } => ReplayStatus.Fail,
        _ => ReplayStatus.Canceled,
    };

    // Where a queue stands in front of the store, attempts are counted there, and here only the log knows.
    private static async Task<HashSet<Id<Message>>> TriedAsync(PostgresSession session, Id<Endpoint> endpoint, List<Id<Message>> ids) =>
        [.. await session.Prepare("""
            SELECT message_id FROM attempt WHERE message_id = ANY ($1) AND message_id >= $2 AND message_id <= $3
                AND endpoint_id IS NOT DISTINCT FROM $4 AND number > 0 AND "end" IS NULL
            """).Bind<Message>(ids).Bind(ids[0]).Bind(ids[^1]).Bind(endpoint)
            .RowsAsync(row => row.Id<Message>(0)).ConfigureAwait(false)];

    private static async Task<HashSet<Id<Message>>> AnsweredAsync(PostgresSession session, Id<Endpoint> endpoint, int code, List<Id<Message>> ids) =>
        [.. await session.Prepare("""
            SELECT message_id FROM attempt WHERE message_id = ANY ($1) AND message_id >= $2 AND message_id <= $3
                AND endpoint_id IS NOT DISTINCT FROM $4 AND status_code / 100 = $5
            """).Bind<Message>(ids).Bind(ids[0]).Bind(ids[^1]).Bind(endpoint).Bind(code / 100)
            .RowsAsync(row => row.Id<Message>(0)).ConfigureAwait(false)];

    // The page ends where its payloads are enough; only those are read.
    private static async Task<ReplayPage> ToPageAsync(
        PostgresSession session, ReplayQuery query, List<Walked> walked, ReadOnlyMemory<byte>? after, int limit)
    {
        var (candidates, at, bytes, full) = (new List<ReplayCandidate>(), new ReplayPosition(after, 0), 0L, false);
        foreach (var (cursor, found) in walked)
        {
            at = new ReplayPosition(cursor, at.Scanned + 1);
            if (found is null)
                continue;
            candidates.Add(new ReplayCandidate(found.Message, at));
            if (full = query.WithPayload && (bytes += found.PayloadBytes!.Value) >= MaxReplayBytes)
                break;
        }
        if (query.WithPayload)
        {
            var whole = await Messages.ReadAsync(session, candidates.Select(candidate => candidate.Message.Id), withPayload: true).ConfigureAwait(false);
            candidates = candidates.ConvertAll(candidate => candidate with { Message = whole[candidate.Message.Id] });
        }
        return new ReplayPage(candidates, at, !full && at.Scanned < limit);
    }

    // Ids carry the time of acceptance, so a range of time is a range of the index. The id before the first of a time never was made.
    private static Id<T> After<T>(ReadOnlyMemory<byte>? cursor, DateTimeOffset since) where T : IIdentified =>
        cursor is { } given ? Id<T>.FromBytes(given.Span)
            : Id<T>.FirstAt(since) is { Value: var first } && first > 0 ? new Id<T>(first - 1)
            : default;

    private sealed record Walked(ReadOnlyMemory<byte> Cursor, OwedMessage? Found);
}
