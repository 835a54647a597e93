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
                ? await database.WriteAsync(session => AcceptNamedAsync(session, batch, now), cancellationToken).ConfigureAwait(false)
                : await database.WriteAloneAsync(session => StoreAsync(session, batch, new AcceptReceipt[batch.Items.Count]), cancellationToken).ConfigureAwait(false);
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
        var command = session.Prepare(AcceptColumns.Sql).Bind(batch.Node).Bind(batch.LanesToTake.Order().Select(Uuid.Of).ToArray()).Bind(writer);
        var rows = await columns.BindTo(command).Bind(batch.RouteVersion)
            .RowsAsync(row => (Item: row.Int32(0), Place: row.Int64(1), Lane: row.IdOrNull<Endpoint>(2))).ConfigureAwait(false);
        var taken = new List<Id<Endpoint>>();
        foreach (var (item, place, lane) in rows)
        {
            if (lane is { } id)
                taken.Add(id);
            else
                columns.Place(receipts, item, place);
        }
        if (columns.Count > 0 && rows.Count == 0)
            throw new StaleRoutesException();
        return new AcceptResult(receipts, taken);
    }

    // Undoes what the transaction has entered of keys and event ids.
    private sealed class StaleRoutesException : Exception;
}
