using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

/// <summary>Lanes as people see them, any number of them with two statements.</summary>
internal static class StoredLanes
{
    private const string Sql = $"""
        SELECT h.endpoint_id, h.failing_since, h.failures, h.paused_until, u.id, e.application_id, l.node_id, p.paused_at, count_pending(u.id, $2),
            ({Head} AND d.stage = 0 ORDER BY d.seq LIMIT 1), ({Head} AND d.stage = 1 ORDER BY d.seq LIMIT 1), ({Head} AND d.stage = 2 ORDER BY d.seq LIMIT 1)
        FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n)
        LEFT JOIN endpoint e ON e.id = u.id
        LEFT JOIN lane l ON l.endpoint_id = u.id
        LEFT JOIN paused_lane p ON p.endpoint_id = u.id
        LEFT JOIN endpoint_health h ON h.endpoint_id = u.id
        ORDER BY u.n
        """;

    private const string Head = "SELECT d.message_id FROM delivery d WHERE d.endpoint_id = u.id";

    /// <summary>Reads lanes in the order in which they are given; their pending deliveries are counted up to <paramref name="limit"/>.</summary>
    public static async Task<List<StoredLane>> ReadAsync(PostgresSession session, IReadOnlyCollection<Id<Endpoint>> endpoints, int limit)
    {
        if (endpoints.Count == 0)
            return [];
        var rows = await session.Prepare(Sql).Bind<Endpoint>(endpoints).Bind(limit + 1L).RowsAsync(row => (Lane: Read(row, limit), Heads: ReadHeads(row)))
            .ConfigureAwait(false);
        var accepted = await ReadAcceptedAtAsync(session, rows.SelectMany(row => row.Heads)).ConfigureAwait(false);
        return rows.ConvertAll(row => row.Lane with
        {
            OldestAcceptedAt = row.Heads.Where(accepted.ContainsKey).Select(head => (DateTimeOffset?)accepted[head]).Min(),
        });
    }

    /// <summary>When messages were accepted; those that are not there are left out.</summary>
    public static async Task<Dictionary<Id<Message>, DateTimeOffset>> ReadAcceptedAtAsync(PostgresSession session, IEnumerable<Id<Message>> messages)
    {
        var ids = messages.Distinct().Order().Select(Uuid.Of).ToArray();
        return ids.Length == 0 ? [] : (await session.Prepare("SELECT id, accepted_at FROM message WHERE id = ANY ($1) AND id >= $2 AND id <= $3")
            .Bind(ids).Bind(ids[0]).Bind(ids[^1]).RowsAsync(row => (Id: row.Id<Message>(0), At: row.Time(1))).ConfigureAwait(false))
            .ToDictionary(row => row.Id, row => row.At);
    }

    private static StoredLane Read(PostgresRow row, int limit) => new(
        row.Id<Endpoint>(4), row.IdOrNull<Application>(5), row.IdOrNull<Node>(6), PostgresDeliveryStore.Capped(row.Int64(8), limit), null,
        row.IsNull(0) ? null : Messages.ReadHealth(row))
    {
        PausedAt = row.TimeOrNull(7),
    };

    private static List<Id<Message>> ReadHeads(PostgresRow row) =>
        [.. Enumerable.Range(9, 3).Where(column => !row.IsNull(column)).Select(row.Id<Message>)];
}
