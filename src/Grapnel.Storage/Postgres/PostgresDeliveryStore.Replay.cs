using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresDeliveryStore
{
    // Deliveries only ever move on to a later one of these while they are pending, so a walk in this order overtakes none.
    private static readonly int[] Runs = [Stage.Scheduled, Stage.Fresh, Stage.Tried];

    public Task<ReplayResult?> ReplayAsync(ReplayBatch batch, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        var (application, endpoint) = (batch.Step.Task.ApplicationId!.Value, batch.Step.Task.EndpointId!.Value);
        if (!await PostgresBackgroundTaskStore.MayAdvanceAsync(session, batch.Step).ConfigureAwait(false))
            return null;
        var found = await FindToReplayAsync(session, application, batch.Messages).ConfigureAwait(false);
        var pending = await PendingAmongAsync(session, [.. found.SelectMany(message => message.Owed).Where(pair => pair.EndpointId == endpoint)])
            .ConfigureAwait(false);
        var chosen = found.FindAll(message => Belongs(
            batch.Set, message.Owed.Count(pair => pair.EndpointId == endpoint), message.Owed.Count(pair => pair.EndpointId == endpoint && pending.Contains(pair))));
        var places = await Places.TakeAsync(session, chosen.Count).ConfigureAwait(false);
        var trigger = batch.Set == ReplaySet.NeverOwed ? Trigger.Scheduled : Trigger.Manual;
        await InsertAsync(session, [.. chosen.Zip(places, (message, place) => new NewDelivery(
            endpoint, place, message.Id, trigger == Trigger.Scheduled && message.DeliverAt > WallClock() ? message.DeliverAt : batch.DueAt, trigger, message.Bytes))])
            .ConfigureAwait(false);
        // Places that are over make room, so that a message sent again and again does not grow.
        if (chosen.Count > 0)
            await StoreOwedAsync(session, [.. chosen.Zip(places, (message, place) => (message.Id, (IReadOnlyList<(Id<Endpoint>, long)>)
                [.. message.Owed.Where(pair => pair.EndpointId != endpoint || pending.Contains(pair)), (endpoint, place)]))]).ConfigureAwait(false);
        await PostgresBackgroundTaskStore.AdvanceAsync(session, batch.Step with { Done = chosen.Count }, time).ConfigureAwait(false);
        return new ReplayResult(chosen.Count, chosen.Count == 0 ? 0 : places[0]);
    }, cancellationToken);

    public Task<CancelPage> CancelOlderAsync(
        Id<Endpoint> endpoint, DateTimeOffset acceptedBefore, LanePosition? after, int limit, CancellationToken cancellationToken) =>
        database.WriteAsync(async session =>
        {
            var from = after ?? new LanePosition(0, 0);
            var rows = await session.Prepare("""
                SELECT seq, message_id FROM delivery WHERE endpoint_id = $1 AND stage = $2 AND seq > $3 ORDER BY seq LIMIT $4
                """).Bind(endpoint).Bind(Runs[from.Run]).Bind(from.Seq).Bind(limit)
                .RowsAsync(row => (Seq: row.Int64(0), Message: row.Id<Message>(1))).ConfigureAwait(false);
            var messages = await Messages.ReadAsync(session, rows.Select(row => row.Message), withPayload: false).ConfigureAwait(false);
            var older = rows.FindAll(row => messages.TryGetValue(row.Message, out var message) && message.AcceptedAt < acceptedBefore);
            var ended = await EndAsync(session, older.ConvertAll(row => (endpoint, row.Seq, row.Message)), DeliveryEnd.Cancelled).ConfigureAwait(false);
            await CountCancelledAsync(session, ended).ConfigureAwait(false);
            LanePosition? next = rows.Count == limit ? new LanePosition(from.Run, rows[^1].Seq)
                : from.Run + 1 < Runs.Length ? new LanePosition(from.Run + 1, 0)
                : null;
            return new CancelPage(ended, next);
        }, cancellationToken);

    private static bool Belongs(ReplaySet set, int places, int pending) => set switch
    {
        ReplaySet.Failed => pending == 0,
        ReplaySet.NeverOwed => places == 0,
        _ => true,
    };

    // In the order of the batch, each once, and locked: what is owed is read, changed and written back.
    private static async Task<List<ToReplay>> FindToReplayAsync(
        PostgresSession session, Id<Application> application, IReadOnlyList<Id<Message>> messages)
    {
        var ids = messages.Distinct().Order().Select(Uuid.Of).ToArray();
        if (ids.Length == 0)
            return [];
        var found = (await session.Prepare("""
            SELECT id, coalesce(deliver_at, 0), owed, place, length(payload) FROM message
            WHERE id = ANY ($1) AND id >= $2 AND id <= $3 AND application_id = $4 AND payload IS NOT NULL ORDER BY id FOR UPDATE
            """).Bind(ids).Bind(ids[0]).Bind(ids[^1]).Bind(application)
            .RowsAsync(row => new ToReplay(row.Id<Message>(0), row.Int64(1), Owed.Unpack(row.Blob(2), row.Int64(3)), row.Int32(4)))
            .ConfigureAwait(false)).ToDictionary(message => message.Id);
        return [.. messages.Distinct().Where(found.ContainsKey).Select(id => found[id])];
    }

    private sealed record ToReplay(Id<Message> Id, long DeliverAt, List<(Id<Endpoint> EndpointId, long Seq)> Owed, int Bytes);
}
