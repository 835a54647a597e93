using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

/// <summary>
/// Forgetting. Partitions go whole; what is in the default ones, or in a partition that holds something pending, goes message by message. Several nodes
/// may do it at once: rows that another one has locked are left to it.
/// </summary>
internal sealed partial class PostgresHistoryStore
{
    // Behind every message.
    private static readonly PrunePosition EndOfMessages = new(new(UInt128.MaxValue), new(UInt128.MaxValue));

    public async Task<PrunePosition?> PruneAsync(DateTimeOffset before, PrunePosition? from, int limit, CancellationToken cancellationToken)
    {
        if (from is null)
            await KeepHouseAsync(before, cancellationToken).ConfigureAwait(false);
        return await database.WriteAsync(async session =>
        {
            var next = await RemoveMessagesAsync(session, before, from?.MessageId ?? default, limit).ConfigureAwait(false);
            var others = new[]
            {
                await PostgresIdempotencyStore.PruneAsync(session, time.GetUtcNow().ToUnixTimeMilliseconds(), limit).ConfigureAwait(false),
                await RollupSums.PruneAsync(session, before, limit).ConfigureAwait(false),
                await PostgresBackgroundTaskStore.PruneAsync(session, before, limit).ConfigureAwait(false),
            };
            return next ?? (others.Max() < limit ? null : EndOfMessages);
        }, cancellationToken).ConfigureAwait(false);
    }

    public Task<ContentPosition?> ExpireContentAsync(ContentPosition? from, int limit, CancellationToken cancellationToken) =>
        database.WriteAsync(async session =>
        {
            var expired = await session.Prepare("""
                SELECT content_expires_at, place, id, owed FROM message
                WHERE content_expires_at <= $1 AND content_expires_at >= $2 AND (content_expires_at, place) > ($2, $3)
                ORDER BY content_expires_at, place LIMIT $4 FOR UPDATE SKIP LOCKED
                """)
                .Bind(time.GetUtcNow().ToUnixTimeMilliseconds()).Bind(from?.ExpiresAt.ToUnixTimeMilliseconds() ?? -1L).Bind(from?.Place ?? 0).Bind(limit)
                .RowsAsync(row => (At: row.Time(0), Place: row.Int64(1), Message: new OldMessage(row.Id<Message>(2), Owed.Unpack(row.Blob(3), row.Int64(1)))))
                .ConfigureAwait(false);
            var over = await WithoutPendingAsync(session, expired.ConvertAll(row => row.Message)).ConfigureAwait(false);
            if (over.Count > 0)
                await PostgresDeliveryStore.RemovePayloadsAsync(session, over.ConvertAll(message => message.Id)).ConfigureAwait(false);
            return expired.Count < limit ? null : new ContentPosition(expired[^1].At, expired[^1].Place);
        }, cancellationToken);

    private async Task KeepHouseAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        await database.RunLongAsync(async session =>
        {
            await partitions.EnsureAsync(session).ConfigureAwait(false);
            var dropped = await partitions.DropAsync(session, before).ConfigureAwait(false);
            await partitions.SummarizeAsync(session).ConfigureAwait(false);
            return dropped;
        }, cancellationToken).ConfigureAwait(false);
        await database.WriteAloneAsync(session => PendingCount.FoldAsync(session, writer), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Walks by id over what is old, a step per call. Event ids are walked along with the messages: those of messages that went with their partition
    /// are still there.
    /// </summary>
    private static async Task<PrunePosition?> RemoveMessagesAsync(PostgresSession session, DateTimeOffset before, Id<Message> after, int limit)
    {
        var end = await PostgresPartitions.FindEndAsync(session, before).ConfigureAwait(false);
        var events = await session.Prepare("SELECT message_id FROM message_event WHERE message_id > $1 AND message_id < $2 ORDER BY message_id LIMIT $3")
            .Bind(after).Bind(end).Bind(limit).RowsAsync(row => row.Id<Message>(0)).ConfigureAwait(false);
        var old = await session.Prepare("SELECT id, owed, place FROM message WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3")
            .Bind(after).Bind(end).Bind(limit).RowsAsync(row => new OldMessage(row.Id<Message>(0), Owed.Unpack(row.Blob(1), row.Int64(2)))).ConfigureAwait(false);
        Id<Message>[] full = [.. events.Skip(limit - 1), .. old.Skip(limit - 1).Select(message => message.Id)];
        var reached = full.Length == 0 ? end : full.Min();
        await RemoveAsync(session, old.FindAll(message => message.Id.CompareTo(reached) <= 0)).ConfigureAwait(false);
        if (events.Count > 0)
            await RemoveEventIdsAsync(session, after, reached).ConfigureAwait(false);
        // The walk is by id alone.
        return full.Length == 0 ? null : new PrunePosition(default, reached);
    }

    // Locked before they are asked for the second time: a replay may have come in between. Most are only looked at, for what is pending stays.
    private static async Task RemoveAsync(PostgresSession session, List<OldMessage> old)
    {
        var ids = (await WithoutPendingAsync(session, old).ConfigureAwait(false)).Select(message => Uuid.Of(message.Id)).ToArray();
        if (ids.Length == 0)
            return;
        var locked = await session.Prepare($"""
            SELECT {OldMessage.Columns} FROM message WHERE id = ANY ($1) AND id >= $2 AND id <= $3
            ORDER BY id FOR UPDATE SKIP LOCKED
            """).Bind(ids).Bind(ids[0]).Bind(ids[^1]).RowsAsync(OldMessage.Read).ConfigureAwait(false);
        await DeleteAsync(session, await WithoutPendingAsync(session, locked).ConfigureAwait(false)).ConfigureAwait(false);
    }

    /// <summary>The first messages of an application, locked.</summary>
    internal static Task<List<OldMessage>> LockOwnAsync(PostgresSession session, Id<Application> application, int limit) =>
        session.Prepare($"SELECT {OldMessage.Columns} FROM message WHERE application_id = $1 ORDER BY id LIMIT $2 FOR UPDATE")
            .Bind(application).Bind(limit).RowsAsync(OldMessage.Read);

    /// <summary>Removes messages, by id, with all that is found by them, but for what is pending, and event ids.</summary>
    internal static async Task DeleteAsync(PostgresSession session, List<OldMessage> messages)
    {
        if (messages.Count == 0)
            return;
        var labels = messages.SelectMany(message => message.Labels.Select(label => (label.Application, label.Label, message.Id))).ToList();
        if (labels.Count > 0)
            await session.Prepare("""
                DELETE FROM message_label l USING unnest($1::uuid[], $2::text[], $3::uuid[]) AS g (application_id, label, message_id)
                WHERE l.application_id = g.application_id AND l.label = g.label AND l.message_id = g.message_id AND l.message_id >= $4 AND l.message_id <= $5
                """).Bind(labels.Select(label => label.Application)).Bind(labels.ConvertAll(label => label.Label).ToArray())
                .Bind(labels.Select(label => label.Id)).Bind(messages[0].Id).Bind(messages[^1].Id).RunAsync().ConfigureAwait(false);
        var ids = messages.ConvertAll(message => Uuid.Of(message.Id)).ToArray();
        await session.Prepare("""
            WITH finished AS (DELETE FROM finished_delivery WHERE message_id = ANY ($1) AND message_id >= $2 AND message_id <= $3),
                attempted AS (DELETE FROM attempt WHERE message_id = ANY ($1) AND message_id >= $2 AND message_id <= $3)
            DELETE FROM message WHERE id = ANY ($1) AND id >= $2 AND id <= $3
            """).Bind(ids).Bind(ids[0]).Bind(ids[^1]).RunAsync().ConfigureAwait(false);
    }

    private static Task<int> RemoveEventIdsAsync(PostgresSession session, Id<Message> after, Id<Message> upTo) => session.Prepare("""
        WITH gone AS MATERIALIZED (
            SELECT e.application_id, e.event_id FROM message_event e
            WHERE e.message_id > $1 AND e.message_id <= $2
                AND NOT EXISTS (SELECT 1 FROM message m WHERE m.id = e.message_id AND m.id > $1 AND m.id <= $2)
            FOR UPDATE OF e SKIP LOCKED
        )
        DELETE FROM message_event e USING gone WHERE e.application_id = gone.application_id AND e.event_id = gone.event_id
        """).Bind(after).Bind(upTo).RunAsync();

    private static async Task<List<OldMessage>> WithoutPendingAsync(PostgresSession session, List<OldMessage> messages)
    {
        var pending = await PostgresDeliveryStore.PendingAmongAsync(session, [.. messages.SelectMany(message => message.Owed)]).ConfigureAwait(false);
        return messages.FindAll(message => !message.Owed.Exists(pending.Contains));
    }

    internal sealed record OldMessage(Id<Message> Id, List<(Id<Endpoint> EndpointId, long Seq)> Owed)
    {
        public const string Columns = "id, owed, place, application_id, channels, tags";

        public static OldMessage Read(PostgresRow row) => new(row.Id<Message>(0), Storage.Owed.Unpack(row.Blob(1), row.Int64(2)))
        {
            Labels = [.. Storage.Labels.Of(Names.FromJson(row.TextOrNull(4)), Names.FromJson(row.TextOrNull(5))).Distinct()
                .Select(label => (row.Id<Application>(3), label))],
        };

        public IReadOnlyList<(Id<Application> Application, string Label)> Labels { get; init; } = [];
    }
}
