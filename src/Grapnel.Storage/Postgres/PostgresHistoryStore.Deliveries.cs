namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresHistoryStore
{
    public Task<IReadOnlyList<DeliveryState>> ReadDeliveriesAsync(Message message, CancellationToken cancellationToken) =>
        database.ReadAlongIndexesAsync<IReadOnlyList<DeliveryState>>(async session =>
        {
            if (await OwedMessage.FindAsync(session, message).ConfigureAwait(false) is not { } found)
                return [];
            var standings = await Standings.ReadAsync(session, [found], alsoDelivered: true).ConfigureAwait(false);
            return [.. found.Endpoints.OrderBy(places => places.Key).Select(places => standings.State(found.Id, places)).OfType<DeliveryState>()];
        }, cancellationToken);

    public Task<Page<Destination>> ListDestinationsAsync(
        Message message, Func<Id<Endpoint>, long, bool> isSending, PageRequest page, CancellationToken cancellationToken)
    {
        var position = PagePosition.Of(page);
        Id<Endpoint>? from = position.Iterator is { } text ? PagePosition.ParseId<Endpoint>(text) : null;
        return database.ReadAlongIndexesAsync(async session =>
        {
            if (await OwedMessage.FindAsync(session, message).ConfigureAwait(false) is not { } found)
                return new Page<Destination>([], Done: true);
            var standings = await Standings.ReadAsync(session, [found]).ConfigureAwait(false);
            var owed = position.Ascending ? found.Endpoints.OrderBy(places => places.Key) : found.Endpoints.OrderByDescending(places => places.Key);
            var rows = owed.Where(places => from is not { } id || (position.Ascending ? places.Key.CompareTo(id) > 0 : places.Key.CompareTo(id) < 0))
                .Take(page.Limit + 1).Select(places => standings.Destination(found.Id, places, isSending));
            return position.ToPage(rows.ToList(), page.Limit);
        }, cancellationToken);
    }

    public Task<PendingDelivery?> FindPendingAsync(Message message, Id<Endpoint> endpoint, CancellationToken cancellationToken) =>
        database.ReadAlongIndexesAsync(async session =>
        {
            if (await OwedMessage.FindAsync(session, message).ConfigureAwait(false) is not { } found)
                return null;
            var standings = await Standings.ReadAsync(session, [found], endpoint, alsoDelivered: true).ConfigureAwait(false);
            return standings.Pending(endpoint, found.PlacesAt(endpoint));
        }, cancellationToken);
}
