using Grapnel.Sending;
using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

/// <summary>
/// Sweeps over messages that stay. They walk by id, and note in a counter the millisecond from which they go on. What cannot be decided yet is marked with the
/// time at which it is looked at again; so the walk need not wait for it.
/// </summary>
internal sealed partial class PostgresHistoryStore
{
    private const string PayloadSweep = "payload_sweep";
    private const string AttemptSweep = "attempt_sweep";
    private const string SweptColumns = "id, owed, place, payload IS NOT NULL";

    public Task<bool> ExpirePayloadsAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) => database.WriteAsync(session =>
        WalkAsync(session, PayloadSweep, before, limit, " FOR UPDATE", messages => ExpireAsync(session, messages)), cancellationToken);

    public Task<bool> ThinAttemptsAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        var marked = await session.Prepare($"""
            SELECT {SweptColumns} FROM message WHERE attempts_check_at <= $1 ORDER BY attempts_check_at LIMIT $2 FOR UPDATE SKIP LOCKED
            """).Bind(time.GetUtcNow().ToUnixTimeMilliseconds()).Bind(limit).RowsAsync(ReadSwept).ConfigureAwait(false);
        await MarkAsync(session, marked, await ThinAsync(session, marked, before).ConfigureAwait(false), alsoNone: true).ConfigureAwait(false);
        return marked.Count == limit || await WalkAsync(session, AttemptSweep, before, limit - marked.Count, "", async messages =>
            await MarkAsync(session, messages, await ThinAsync(session, messages, before).ConfigureAwait(false), alsoNone: false).ConfigureAwait(false))
            .ConfigureAwait(false);
    }, cancellationToken);

    private async Task ExpireAsync(PostgresSession session, List<SweptMessage> messages)
    {
        messages = messages.FindAll(message => message.HasPayload);
        var pending = await PendingAtAsync(session, messages).ConfigureAwait(false);
        var over = messages.FindAll(message => pending[message.Id].Count == 0).ConvertAll(message => message.Id);
        var owed = messages.FindAll(message => pending[message.Id].Count > 0).ConvertAll(message => message.Id);
        if (over.Count > 0)
            await PostgresDeliveryStore.RemovePayloadsAsync(session, over).ConfigureAwait(false);
        if (owed.Count > 0)
            await session.Prepare("UPDATE message SET content_expires_at = least(content_expires_at, $2) WHERE id = ANY ($1) AND id >= $3 AND id <= $4")
                .Bind<Message>(owed).Bind(time.GetUtcNow().ToUnixTimeMilliseconds()).Bind(owed[0]).Bind(owed[^1]).RunAsync().ConfigureAwait(false);
    }

    /// <summary>Removes what is old; tells when to look again.</summary>
    private async Task<List<long?>> ThinAsync(PostgresSession session, List<SweptMessage> messages, DateTimeOffset before)
    {
        if (messages.Count == 0)
            return [];
        var pending = await PendingAtAsync(session, messages).ConfigureAwait(false);
        var ids = messages.ConvertAll(message => Uuid.Of(message.Id)).Order().ToArray();
        var attempts = (await session.Prepare("""
            SELECT message_id, id, endpoint_id, "end" IS NOT NULL, outcome, headers IS NOT NULL OR response_body NOT IN ('', 'EXPUNGED')
            FROM attempt WHERE message_id = ANY ($1) AND message_id >= $2 AND message_id <= $3 ORDER BY message_id, id
            """).Bind(ids).Bind(ids[0]).Bind(ids[^1])
            .RowsAsync(row => (Message: row.Id<Message>(0),
                Attempt: new OldAttempt(row.Id<Attempt>(1), row.Id<Endpoint>(2), row.Bool(3), (SendOutcome)row.Int16(4), row.Bool(5))))
            .ConfigureAwait(false)).ToLookup(row => row.Message, row => row.Attempt);
        var old = messages.ConvertAll(message => OldAttempts.Of([.. attempts[message.Id]], pending[message.Id], before, time.GetUtcNow()));
        await RunAsync("DELETE FROM attempt a", old => old.Removed).ConfigureAwait(false);
        await RunAsync("UPDATE attempt a SET response_body = '', headers = NULL", old => old.Emptied).ConfigureAwait(false);
        return old.ConvertAll(message => message.LookAt);

        async Task RunAsync(string change, Func<OldAttempts, List<Id<Attempt>>> chosen)
        {
            var keys = messages.Zip(old).SelectMany(pair => chosen(pair.Second), (pair, attempt) => (pair.First.Id, Attempt: attempt)).ToList();
            if (keys.Count > 0)
                await session.Prepare($"""
                    {change} {(change[0] == 'D' ? "USING" : "FROM")} unnest($1::uuid[], $2::uuid[]) AS g (message_id, id)
                    WHERE a.message_id = g.message_id AND a.id = g.id AND a.message_id >= $3 AND a.message_id <= $4
                    """).Bind(keys.Select(key => key.Id)).Bind(keys.Select(key => key.Attempt)).Bind(ids[0]).Bind(ids[^1])
                    .RunAsync().ConfigureAwait(false);
        }
    }

    private static async Task MarkAsync(PostgresSession session, List<SweptMessage> messages, List<long?> lookAt, bool alsoNone)
    {
        var marks = messages.Zip(lookAt, (message, at) => (message.Id, At: at)).Where(mark => alsoNone || mark.At is not null).OrderBy(mark => mark.Id).ToList();
        if (marks.Count > 0)
            await session.Prepare("""
                UPDATE message m SET attempts_check_at = g.at FROM unnest($1::uuid[], $2::bigint[]) AS g (id, at)
                WHERE m.id = g.id AND m.id >= $3 AND m.id <= $4
                """).Bind(marks.Select(mark => mark.Id)).Bind(marks.Select(mark => mark.At).ToArray()).Bind(marks[0].Id).Bind(marks[^1].Id)
                .RunAsync().ConfigureAwait(false);
    }

    // One node at a time walks; the others have nothing to do. Several messages can be of the same millisecond: the last one that may have been cut is left to
    // the next step, or read whole when it is all there is.
    private static async Task<bool> WalkAsync(
        PostgresSession session, string name, DateTimeOffset before, int limit, string locking, Func<List<SweptMessage>, Task> visit)
    {
        await session.Prepare("INSERT INTO counter (name, value) VALUES ($1, 0) ON CONFLICT DO NOTHING").Bind(name).RunAsync().ConfigureAwait(false);
        var end = before.ToUnixTimeMilliseconds();
        var found = await session.Prepare("SELECT value FROM counter WHERE name = $1 FOR UPDATE SKIP LOCKED").Bind(name)
            .RowsAsync(row => row.Int64(0)).ConfigureAwait(false);
        if (found is not [var reached] || reached >= end)
            return false;
        var messages = await ReadSweptAsync(session, reached, end, limit, locking).ConfigureAwait(false);
        var isFull = messages.Count == limit;
        if (isFull)
        {
            end = messages[^1].Id.Timestamp.ToUnixTimeMilliseconds();
            if (messages[0].Id.Timestamp.ToUnixTimeMilliseconds() == end)
                messages = await ReadSweptAsync(session, end, ++end, int.MaxValue, locking).ConfigureAwait(false);
            else
                messages.RemoveAll(message => message.Id.CompareTo(FirstAt(end)) >= 0);
        }
        await visit(messages).ConfigureAwait(false);
        await session.Prepare("UPDATE counter SET value = $2 WHERE name = $1").Bind(name).Bind(end).RunAsync().ConfigureAwait(false);
        return isFull;
    }

    private static Task<List<SweptMessage>> ReadSweptAsync(PostgresSession session, long from, long until, int limit, string locking) =>
        session.Prepare($"SELECT {SweptColumns} FROM message WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3{locking}")
            .Bind(FirstAt(from)).Bind(FirstAt(until)).Bind(limit).RowsAsync(ReadSwept);

    private static async Task<Dictionary<Id<Message>, HashSet<Id<Endpoint>>>> PendingAtAsync(PostgresSession session, List<SweptMessage> messages)
    {
        var pending = await PostgresDeliveryStore.PendingAmongAsync(session, [.. messages.SelectMany(message => message.Owed)]).ConfigureAwait(false);
        return messages.ToDictionary(message => message.Id, message => message.Owed.Where(pending.Contains).Select(pair => pair.EndpointId).ToHashSet());
    }

    private static SweptMessage ReadSwept(PostgresRow row) => new(row.Id<Message>(0), Owed.Unpack(row.Blob(1), row.Int64(2)), row.Bool(3));

    private static Id<Message> FirstAt(long ms) => Id<Message>.FirstAt(DateTimeOffset.FromUnixTimeMilliseconds(ms));

    private sealed record SweptMessage(Id<Message> Id, List<(Id<Endpoint> EndpointId, long Seq)> Owed, bool HasPayload);
}
