namespace Grapnel.Storage.Postgres;

/// <summary>Where one message stands at each of its endpoints.</summary>
internal sealed class MessageStanding
{
    private readonly OwedMessage _message;
    private readonly Standings _standings;
    private readonly Dictionary<Id<Endpoint>, DeliveryStatus> _endpoints;

    public MessageStanding(OwedMessage message, Standings standings)
    {
        (_message, _standings) = (message, standings);
        _endpoints = message.Endpoints.ToDictionary(places => places.Key, places => standings.Destination(message.Id, places).Status);
    }

    public Message Message => _message.Message;

    public DeliveryProgress Progress => new(
        Count(DeliveryStatus.Success), Count(DeliveryStatus.Pending), Count(DeliveryStatus.Fail), Count(DeliveryStatus.Canceled));

    /// <summary>
    /// Reads the first of some messages, as many as are owed at so many places together, and one at least; null for those that are not there. Tells
    /// what it cost, in rows.
    /// </summary>
    public static async Task<(List<MessageStanding?> Standings, int Cost)> ReadAsync(PostgresSession session, List<Id<Message>> ids, int places)
    {
        var found = await OwedMessage.ReadAsync(session, ids).ConfigureAwait(false);
        var chosen = new HashSet<Id<Message>>();
        var count = 0;
        for (; count < ids.Count && (count == 0 || places > 0); count++)
            if (chosen.Add(ids[count]))
                places -= found.TryGetValue(ids[count], out var message) ? message.Owed.Count : 0;
        var standings = await Standings.ReadAsync(session, [.. chosen.Where(found.ContainsKey).Select(id => found[id])]).ConfigureAwait(false);
        return (ids.Take(count).Select(id => found.TryGetValue(id, out var message) ? new MessageStanding(message, standings) : null).ToList(), standings.Cost);
    }

    /// <summary>Whether it stands so; at an endpoint, where one is given.</summary>
    public bool Is(MessageStatus? status, Id<Endpoint>? endpoint) => status switch
    {
        null or MessageStatus.NotOwed => true,
        MessageStatus.Delivered => endpoint is { } one ? At(one) == DeliveryStatus.Success : _endpoints.Values.All(state => state == DeliveryStatus.Success),
        MessageStatus.Pending => Has(DeliveryStatus.Pending, endpoint),
        MessageStatus.Failed => Has(DeliveryStatus.Fail, endpoint),
        _ => Has(DeliveryStatus.Canceled, endpoint),
    };

    /// <summary>The last of the places, or of those at one endpoint, at which something is pending; 0 when nothing is.</summary>
    public long LastPending(Id<Endpoint>? endpoint) => _message.Owed
        .Where(pair => (endpoint is null || pair.EndpointId == endpoint) && At(pair.EndpointId) == DeliveryStatus.Pending
            && _standings.Pending(pair.EndpointId, [pair.Seq]) is not null)
        .Select(pair => pair.Seq).DefaultIfEmpty().Max();

    private bool Has(DeliveryStatus status, Id<Endpoint>? endpoint) => endpoint is { } one ? At(one) == status : _endpoints.ContainsValue(status);

    private DeliveryStatus? At(Id<Endpoint> endpoint) => _endpoints.TryGetValue(endpoint, out var status) ? status : null;

    private int Count(DeliveryStatus status) => _endpoints.Values.Count(state => state == status);
}
