using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresDeliveryStore
{
    public Task<IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)>> CancelAsync(
        Message message, Id<Endpoint>? endpoint, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        if (await LockOwedAsync(session, message).ConfigureAwait(false) is not { } stored)
            return [];
        return await CancelAsync(session, message.Id, stored.Owed.FindAll(pair => endpoint is null || pair.EndpointId == endpoint)).ConfigureAwait(false);
    }, cancellationToken);

    public Task<IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)>> ExpungeAsync(Message message, CancellationToken cancellationToken) =>
        database.WriteAsync(async session =>
        {
            if (await LockOwedAsync(session, message).ConfigureAwait(false) is not { } stored)
                return [];
            await RemovePayloadsAsync(session, [message.Id]).ConfigureAwait(false);
            return await CancelAsync(session, message.Id, stored.Owed).ConfigureAwait(false);
        }, cancellationToken);

    public Task<IReadOnlyList<Delivery>> ResendAsync(
        Message message, IReadOnlyList<Id<Endpoint>> endpoints, CancellationToken cancellationToken) => database.WriteAsync<IReadOnlyList<Delivery>>(async session =>
    {
        // Asked here, because the content may have been removed since the caller read it.
        if (await LockOwedAsync(session, message).ConfigureAwait(false) is not { PayloadBytes: { } bytes } stored)
            throw new NotFoundException($"Message {message.Id} is no longer stored, or its content has been removed.");
        // Places that are over make room, so that a message sent again and again does not grow.
        var again = stored.Owed.FindAll(pair => endpoints.Contains(pair.EndpointId));
        var pending = await PendingAmongAsync(session, again).ConfigureAwait(false);
        var owed = stored.Owed.FindAll(pair => !endpoints.Contains(pair.EndpointId) || pending.Contains(pair));
        var places = await Places.TakeAsync(session, endpoints.Count).ConfigureAwait(false);
        var deliveries = endpoints.Select((endpoint, i) => new Delivery
        {
            EndpointId = endpoint, Seq = places[i], Message = message, Trigger = Trigger.Manual,
        }).ToList();
        await InsertAsync(session, deliveries.ConvertAll(delivery =>
            new NewDelivery(delivery.EndpointId, delivery.Seq, message.Id, 0, Trigger.Manual, bytes))).ConfigureAwait(false);
        await StoreOwedAsync(session, [(message.Id, [.. owed, .. deliveries.Select(delivery => (delivery.EndpointId, delivery.Seq))])]).ConfigureAwait(false);
        return deliveries;
    }, cancellationToken);

    public async Task<int> DropLaneAsync(Id<Endpoint> endpoint, int limit, CancellationToken cancellationToken) =>
        (await DropAsync(endpoint, limit, cancellationToken).ConfigureAwait(false)).Count;

    /// <inheritdoc/>
    public Task<IReadOnlyList<long>> DropAsync(Id<Endpoint> endpoint, int limit, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        var rows = await session.Prepare("SELECT seq, message_id FROM delivery WHERE endpoint_id = $1 LIMIT $2").Bind(endpoint).Bind(limit)
            .RowsAsync(row => (endpoint, Seq: row.Int64(0), Message: row.Id<Message>(1))).ConfigureAwait(false);
        await EndAsync(session, rows, DeliveryEnd.EndpointDeleted).ConfigureAwait(false);
        if (rows.Count < limit)
        {
            await session.Prepare("DELETE FROM endpoint_health WHERE endpoint_id = $1").Bind(endpoint).RunAsync().ConfigureAwait(false);
            await session.Prepare("DELETE FROM paused_lane WHERE endpoint_id = $1").Bind(endpoint).RunAsync().ConfigureAwait(false);
        }
        return (IReadOnlyList<long>)rows.ConvertAll(row => row.Seq);
    }, cancellationToken);

    /// <summary>Removes payloads.</summary>
    internal static Task<int> RemovePayloadsAsync(PostgresSession session, IReadOnlyCollection<Id<Message>> messages) =>
        session.Prepare("UPDATE message SET payload = NULL, content_expires_at = NULL WHERE id = ANY ($1)").Bind<Message>(messages).RunAsync();

    /// <summary>Those of the places where something is pending.</summary>
    internal static async Task<HashSet<(Id<Endpoint> EndpointId, long Seq)>> PendingAmongAsync(
        PostgresSession session, IReadOnlyCollection<(Id<Endpoint> EndpointId, long Seq)> places) => places.Count == 0 ? [] : [.. await session.Prepare("""
            SELECT d.endpoint_id, d.seq FROM unnest($1::uuid[], $2::bigint[]) AS p (endpoint_id, seq)
            JOIN delivery d ON d.endpoint_id = p.endpoint_id AND d.stage = ANY ('{0,1,2}') AND d.seq = p.seq
            """).Bind(places.Select(pair => pair.EndpointId)).Bind(places.Select(pair => pair.Seq).ToArray())
            .RowsAsync(row => (row.Id<Endpoint>(0), row.Int64(1))).ConfigureAwait(false)];

    // The row stays locked until the transaction ends: what is owed is read, changed and written back.
    private static Task<Stored?> LockOwedAsync(PostgresSession session, Message message) =>
        session.Prepare("SELECT owed, place, length(payload) FROM message WHERE id = $1 AND application_id = $2 FOR UPDATE")
            .Bind(message.Id).Bind(message.ApplicationId)
            .FirstAsync(row => (Stored?)new Stored(Owed.Unpack(row.Blob(0), row.Int64(1)), row.IsNull(2) ? null : row.Int32(2)));

    private async Task<IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)>> CancelAsync(
        PostgresSession session, Id<Message> message, List<(Id<Endpoint> EndpointId, long Seq)> places)
    {
        var ended = await EndAsync(session, places.ConvertAll(pair => (pair.EndpointId, pair.Seq, message)), DeliveryEnd.Cancelled).ConfigureAwait(false);
        await CountCancelledAsync(session, ended).ConfigureAwait(false);
        return ended;
    }

    // For the statistics.
    private async Task CountCancelledAsync(PostgresSession session, List<(Id<Endpoint> EndpointId, long Seq)> ended)
    {
        if (ended.Count == 0)
            return;
        var lanes = ended.CountBy(pair => pair.EndpointId).ToDictionary();
        var owners = (await session.Prepare("SELECT id, application_id FROM endpoint WHERE id = ANY ($1)").Bind<Endpoint>(lanes.Keys)
            .RowsAsync(row => (Id: row.Id<Endpoint>(0), Owner: row.Id<Application>(1))).ConfigureAwait(false)).ToDictionary(row => row.Id, row => row.Owner);
        var sums = new RollupBatch();
        foreach (var (endpoint, count) in lanes)
            sums.AddCancelled(endpoint, owners.TryGetValue(endpoint, out var owner) ? owner : null, WallClock(), count);
        await rollups.StoreAsync(session, sums).ConfigureAwait(false);
    }

    /// <summary>
    /// Ends what is pending at some places, and tells what was. A manual delivery is one attempt more; ending it before that was made leaves nothing to
    /// tell. A message that was cancelled, sent again and cancelled again has ended twice; the last time counts. Where a queue stands in front of
    /// the store, attempts are counted there, and here only the log knows.
    /// </summary>
    private async Task<List<(Id<Endpoint> EndpointId, long Seq)>> EndAsync(
        PostgresSession session, List<(Id<Endpoint> EndpointId, long Seq, Id<Message> Message)> places, DeliveryEnd end)
    {
        if (places.Count == 0)
            return [];
        var ended = await session.Prepare("""
            WITH ended AS (
                DELETE FROM delivery d USING unnest($1::uuid[], $2::bigint[]) AS p (endpoint_id, seq)
                WHERE d.endpoint_id = p.endpoint_id AND d.stage = ANY ('{0,1,2}') AND d.seq = p.seq
                RETURNING d.endpoint_id, d.seq, d.message_id, d.trigger, d.attempts
            ), finished AS (
                INSERT INTO finished_delivery (message_id, endpoint_id, "end", at, attempts)
                SELECT DISTINCT ON (message_id, endpoint_id) message_id, endpoint_id, $3::smallint, $4::bigint,
                    greatest(attempts, (SELECT max(a.number) FROM attempt a WHERE a.message_id = ended.message_id AND a.endpoint_id = ended.endpoint_id))
                FROM ended WHERE trigger = 0
                ON CONFLICT (message_id, endpoint_id) DO UPDATE SET "end" = excluded."end", at = excluded.at, attempts = excluded.attempts
            )
            SELECT endpoint_id, seq FROM ended
            """).Bind(places.ConvertAll(place => Uuid.Of(place.EndpointId)).ToArray()).Bind(places.ConvertAll(place => place.Seq).ToArray())
            .Bind((int)end).Bind(WallClock())
            .RowsAsync(row => (row.Id<Endpoint>(0), row.Int64(1))).ConfigureAwait(false);
        await PendingCount.AddAsync(session, writer, PendingCount.Other, -ended.Count).ConfigureAwait(false);
        return ended;
    }

    private async Task InsertAsync(PostgresSession session, List<NewDelivery> deliveries)
    {
        if (deliveries.Count == 0)
            return;
        T[] Column<T>(Converter<NewDelivery, T> value) => deliveries.ConvertAll(value).ToArray();
        await session.Prepare("""
            INSERT INTO delivery (endpoint_id, stage, seq, message_id, due_at, attempts, trigger, bytes)
            SELECT endpoint_id, CASE WHEN due_at > 0 THEN 2 ELSE 0 END, seq, message_id, due_at, 0, trigger, bytes
            FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bigint[], $5::smallint[], $6::int[])
                AS d (endpoint_id, seq, message_id, due_at, trigger, bytes)
            """)
            .Bind(Column(d => Uuid.Of(d.EndpointId))).Bind(Column(d => d.Seq)).Bind(Column(d => Uuid.Of(d.Message))).Bind(Column(d => d.DueAt))
            .Bind(Column(d => (short)d.Trigger)).Bind(Column(d => d.Bytes))
            .RunAsync().ConfigureAwait(false);
        await PendingCount.AddAsync(session, writer, PendingCount.Other, deliveries.Count).ConfigureAwait(false);
    }

    // The sweep over attempts may have passed the message by.
    private Task<int> StoreOwedAsync(PostgresSession session, List<(Id<Message> Id, IReadOnlyList<(Id<Endpoint>, long)> Owed)> messages) =>
        session.Prepare("UPDATE message m SET owed = o.owed, attempts_check_at = $3 FROM unnest($1::uuid[], $2::bytea[]) AS o (id, owed) WHERE m.id = o.id")
            .Bind(messages.Select(message => message.Id)).Bind(messages.ConvertAll(message => Owed.Pack(message.Owed)).ToArray()).Bind(WallClock()).RunAsync();

    private sealed record Stored(List<(Id<Endpoint> EndpointId, long Seq)> Owed, int? PayloadBytes);

    private sealed record NewDelivery(Id<Endpoint> EndpointId, long Seq, Id<Message> Message, long DueAt, Trigger Trigger, int Bytes);
}
