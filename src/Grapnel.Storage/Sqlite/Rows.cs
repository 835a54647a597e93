namespace Grapnel.Storage.Sqlite;

/// <summary>Between rows of the hot tables and the domain's records.</summary>
internal static class Rows
{
    /// <summary>The columns that <see cref="ReadMessage"/> expects, before <see cref="Payload"/> or <see cref="NoPayload"/>.</summary>
    public const string MessageColumns =
        "m.id, m.application_id, m.event_type, m.event_id, m.channels, m.tags, m.content_type, m.accepted_at, m.deliver_at, m.route_version";

    /// <summary>What sending needs besides. The trace lies behind the payload in the row: whoever does not read that should not have to pass over it.</summary>
    public const string Payload = "m.payload, m.trace_parent";

    /// <summary>Takes the place of <see cref="Payload"/> where nothing is to be sent.</summary>
    public const string NoPayload = "NULL, NULL";

    /// <summary>The number of columns that a message takes, its payload included.</summary>
    public const int MessageWidth = 12;

    /// <summary>Reads a message from <see cref="MessageColumns"/> and what follows them.</summary>
    public static Message ReadMessage(Statement row, int column = 0) => new()
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
        Payload = row.IsNull(column + 10) ? default(ReadOnlyMemory<byte>?) : row.Blob(column + 10).ToArray(),
        TraceParent = row.TextOrNull(column + 11),
    };

    public static EndpointHealth ReadHealth(Statement row) =>
        new(row.Id<Endpoint>(0), row.TimeOrNull(1), row.Int32(2), row.Int64(3));
}
