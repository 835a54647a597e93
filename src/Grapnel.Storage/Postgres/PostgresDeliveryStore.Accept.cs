using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresDeliveryStore
{
    public async Task<AcceptResult> AcceptAsync(AcceptBatch batch, CancellationToken cancellationToken)
    {
        var now = WallClock();
        var names = batch.Items.Any(item => item.Idempotency is not null || item.Group is not null || item.Message.EventId is not null);
        // Without keys and event ids nothing can collide, and one statement does it all.
        AcceptResult result;
        try
        {
            result = names
                ? await database.Hot.WriteAsync(session => AcceptNamedAsync(session, batch, now), cancellationToken).ConfigureAwait(false)
                : await database.Hot.WriteAloneAsync(session => StoreAsync(session, batch, new AcceptReceipt[batch.Items.Count]), cancellationToken).ConfigureAwait(false);
        }
        catch (StaleRoutesException)
        {
            return AcceptResult.Stale;
        }
        _accepted.Count(batch.Items, (AcceptReceipt[])result.Receipts, now);
        return result;
    }

    private async Task<AcceptResult> AcceptNamedAsync(PostgresSession session, AcceptBatch batch, long now)
    {
        var decision = new AcceptDecision(session, batch.Items, now);
        await decision.MakeAsync().ConfigureAwait(false);
        var result = await StoreAsync(session, batch, decision.Receipts).ConfigureAwait(false);
        await decision.ConcludeAsync().ConfigureAwait(false);
        return result;
    }

    /// <summary>Stores the items whose receipts say accepted, and takes lanes, all with one statement; fills in their places.</summary>
    private async Task<AcceptResult> StoreAsync(PostgresSession session, AcceptBatch batch, AcceptReceipt[] receipts)
    {
        var columns = new AcceptColumns(batch.Items, receipts);
        if (columns.Count == 0)
            return new AcceptResult(receipts, []);
        var command = session.Prepare(AcceptColumns.Sql).Bind(batch.Node).Bind(batch.LanesToTake.Order().Select(Uuid.Of).ToArray()).Bind(writer);
        var rows = await columns.BindTo(command, batch.RouteVersion)
            .RowsAsync(row => (Places: row.Int64sOrNull(0), Lane: row.IdOrNull<Endpoint>(1))).ConfigureAwait(false);
        var taken = new List<Id<Endpoint>>();
        foreach (var (places, lane) in rows)
        {
            if (places is not null)
                columns.Place(receipts, places);
            else
                taken.Add(lane!.Value);
        }
        if (rows.Count == 0)
            throw new StaleRoutesException();
        return new AcceptResult(receipts, taken);
    }

    // Undoes what the transaction has entered of keys and event ids.
    private sealed class StaleRoutesException : Exception;
}
