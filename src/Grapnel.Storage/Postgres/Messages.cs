using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

/// <summary>Reading messages, and what stands beside them in the hot tables.</summary>
internal static class Messages
{
    /// <summary>The columns that <see cref="Read"/> expects, before <see cref="Payload"/> or <see cref="NoPayload"/>; the message's table is called m.</summary>
    public const string Columns =
        "m.id, m.application_id, m.event_type, m.event_id, m.channels, m.tags, m.content_type, m.accepted_at, m.deliver_at, m.route_version";

    /// <summary>What sending needs besides.</summary>
    public const string Payload = "m.payload, m.trace_parent";

    /// <summary>Takes the place of <see cref="Payload"/> where nothing is to be sent.</summary>
    public const string NoPayload = "NULL::bytea, NULL::text";

    /// <summary>The number of columns that a message takes, its payload included.</summary>
    public const int Width = 12;

    /// <summary>The stored health of one endpoint.</summary>
    public const string HealthSql = "SELECT endpoint_id, failing_since, failures, paused_until FROM endpoint_health WHERE endpoint_id = $1";

    /// <summary>Reads a message from <see cref="Columns"/> and what follows them.</summary>
    public static Message Read(PostgresRow row, int column = 0) => new()
    {
        Id = row.Id<Message>(column),
        ApplicationId = row.Id<Application>(column + 1),
        EventType = row.Text(column + 2),
        EventId = row.TextOrNull(column + 3),
        Channels = Names.FromJson(row.TextOrNull(column + 4)),
        Tags = Names.FromJson(row.TextOrNull(column + 5)),
        ContentType = row.Text(column + 6),
        AcceptedAt = row.Time(column + 7),
        DeliverAt = row.TimeOrNull(column + 8),
        RouteVersion = row.Int64(column + 9),
        Payload = row.BlobOrNull(column + 10),
        TraceParent = row.TextOrNull(column + 11),
    };

    public static EndpointHealth ReadHealth(PostgresRow row) => new(row.Id<Endpoint>(0), row.TimeOrNull(1), row.Int32(2), row.Int64(3));

    /// <summary>Reads messages by id. The range around them spares the partitions that hold none.</summary>
    public static async Task<Dictionary<Id<Message>, Message>> ReadAsync(PostgresSession session, IEnumerable<Id<Message>> ids, bool withPayload)
    {
        var wanted = ids.Distinct().Order().Select(Uuid.Of).ToArray();
        if (wanted.Length == 0)
            return [];
        var rows = await session.Prepare($"""
            SELECT {Columns}, {(withPayload ? Payload : NoPayload)} FROM message m WHERE m.id = ANY ($1) AND m.id >= $2 AND m.id <= $3
            """).Bind(wanted).Bind(wanted[0]).Bind(wanted[^1]).RowsAsync(row => Read(row)).ConfigureAwait(false);
        return rows.ToDictionary(message => message.Id);
    }
}
