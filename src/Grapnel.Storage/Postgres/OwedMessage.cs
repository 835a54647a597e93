using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

/// <summary>A message with what it owes or owed.</summary>
/// <param name="Message">The message, without its payload.</param>
/// <param name="Owed">Endpoints, each with its place in their lanes; one that was owed more than once has several.</param>
/// <param name="PayloadBytes">The length of the payload; null when that was removed.</param>
internal sealed record OwedMessage(Message Message, List<(Id<Endpoint> EndpointId, long Seq)> Owed, int? PayloadBytes)
{
    /// <summary>The columns that <see cref="Read"/> expects; the message's table is called m.</summary>
    public const string Columns = $"{Messages.Columns}, {Messages.NoPayload}, m.owed, m.place, length(m.payload)";

    public Id<Message> Id => Message.Id;

    /// <summary>The endpoints, each with its places.</summary>
    public IEnumerable<IGrouping<Id<Endpoint>, long>> Endpoints => Owed.GroupBy(pair => pair.EndpointId, pair => pair.Seq);

    /// <summary>The places at one endpoint, which may be none.</summary>
    public IGrouping<Id<Endpoint>, long> PlacesAt(Id<Endpoint> endpoint) =>
        Endpoints.FirstOrDefault(places => places.Key == endpoint) ?? Enumerable.Empty<long>().GroupBy(_ => endpoint).First();

    public static OwedMessage Read(PostgresRow row) => new(
        Messages.Read(row), Storage.Owed.Unpack(row.Blob(Messages.Width), row.Int64(Messages.Width + 1)),
        row.IsNull(Messages.Width + 2) ? null : row.Int32(Messages.Width + 2));

    /// <summary>Reads messages by id. The range around them spares the partitions that hold none.</summary>
    public static async Task<Dictionary<Id<Message>, OwedMessage>> ReadAsync(PostgresSession session, IEnumerable<Id<Message>> ids)
    {
        var wanted = ids.Distinct().Order().Select(Uuid.Of).ToArray();
        if (wanted.Length == 0)
            return [];
        var rows = await session.Prepare($"SELECT {Columns} FROM message m WHERE m.id = ANY ($1) AND m.id >= $2 AND m.id <= $3")
            .Bind(wanted).Bind(wanted[0]).Bind(wanted[^1]).RowsAsync(Read).ConfigureAwait(false);
        return rows.ToDictionary(row => row.Id);
    }

    /// <summary>The message with what it owes now; null when it is no longer there.</summary>
    public static async Task<OwedMessage?> FindAsync(PostgresSession session, Message message) =>
        (await ReadAsync(session, [message.Id]).ConfigureAwait(false)).GetValueOrDefault(message.Id) is { } found
            && found.Message.ApplicationId == message.ApplicationId ? found : null;
}
