namespace Grapnel.Storage.Sqlite;

/// <summary>The statements that read lanes. Each is a walk along a key; none costs more for a longer backlog.</summary>
internal static class LaneSql
{
    /// <summary>
    /// Endpoints that have pending deliveries: one seek per lane, from each endpoint's first row to the next endpoint's,
    /// however many deliveries lie between.
    /// </summary>
    public const string Pending = """
        WITH RECURSIVE pending (endpoint_id) AS (
            SELECT min(endpoint_id) FROM delivery
            UNION ALL
            SELECT (SELECT min(endpoint_id) FROM delivery WHERE endpoint_id > pending.endpoint_id)
            FROM pending WHERE pending.endpoint_id IS NOT NULL
        )
        """;

    /// <summary>Pending lanes without an owner. Parameter: limit.</summary>
    public const string Free = Pending + """

        SELECT endpoint_id FROM pending
        WHERE endpoint_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.endpoint_id = pending.endpoint_id)
        LIMIT ?
        """;

    /// <summary>Pending lanes without an endpoint. Parameter: limit.</summary>
    public const string Deleted = Pending + """

        SELECT endpoint_id FROM pending
        WHERE endpoint_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM endpoint WHERE endpoint.id = pending.endpoint_id)
        LIMIT ?
        """;

    /// <summary>When the oldest pending message was accepted: the heads of all lanes, compared.</summary>
    public const string OldestAcceptedAt = Pending + """

        SELECT min(m.accepted_at) FROM pending
        CROSS JOIN (SELECT 0 AS stage UNION ALL SELECT 1 UNION ALL SELECT 2) AS run
        CROSS JOIN message m ON m.n = (
            SELECT d.message_n FROM delivery d WHERE d.endpoint_id = pending.endpoint_id AND d.stage = run.stage ORDER BY d.seq LIMIT 1)
        """;

    /// <summary>When the oldest pending message of one lane was accepted. Parameter: endpoint.</summary>
    public const string OldestInLane = """
        WITH lane (endpoint_id) AS (VALUES (?))
        SELECT min(m.accepted_at) FROM lane
        CROSS JOIN (SELECT 0 AS stage UNION ALL SELECT 1 UNION ALL SELECT 2) AS run
        CROSS JOIN message m ON m.n = (
            SELECT d.message_n FROM delivery d WHERE d.endpoint_id = lane.endpoint_id AND d.stage = run.stage ORDER BY d.seq LIMIT 1)
        """;

    /// <summary>The pending lane after an endpoint id. Parameter: endpoint.</summary>
    public const string Next = "SELECT min(endpoint_id) FROM delivery WHERE endpoint_id > ?";

    /// <summary>The pending lane before an endpoint id. Parameter: endpoint.</summary>
    public const string Previous = "SELECT max(endpoint_id) FROM delivery WHERE endpoint_id < ?";

    /// <summary>Fresh deliveries in order of place. Parameters: endpoint, place to start after.</summary>
    public const string Fresh = Columns + """
         WHERE d.endpoint_id = ? AND d.stage = 0 AND d.seq > ? ORDER BY d.seq
        """;

    /// <summary>What was tried before and is due, in order of due time. Parameters: endpoint, now.</summary>
    public const string TriedDue = Columns + """
         INDEXED BY delivery_due WHERE d.endpoint_id = ? AND d.stage > 0 AND d.stage = 1 AND d.due_at <= ? ORDER BY d.due_at, d.seq
        """;

    /// <summary>Scheduled messages that are due, in order of due time. Parameters: endpoint, now.</summary>
    public const string ScheduledDue = Columns + """
         INDEXED BY delivery_due WHERE d.endpoint_id = ? AND d.stage > 0 AND d.stage = 2 AND d.due_at <= ? ORDER BY d.due_at, d.seq
        """;

    /// <summary>What was tried before, in order of place, due or not. Parameter: endpoint.</summary>
    public const string Tried = Columns + """
         WHERE d.endpoint_id = ? AND d.stage = 1 ORDER BY d.seq
        """;

    /// <summary>
    /// Scheduled messages that are due, in order of place. Parameters: endpoint, now. The one statement that sorts: it costs as much as
    /// there are scheduled messages that came due in an ordered lane, and nothing for those that lie ahead.
    /// </summary>
    public const string ScheduledDueByPlace = Columns + """
         INDEXED BY delivery_due WHERE d.endpoint_id = ? AND d.stage > 0 AND d.stage = 2 AND d.due_at <= ? ORDER BY d.seq
        """;

    /// <summary>What is not due yet at one stage, the earliest first. Parameters: endpoint, stage, now.</summary>
    public const string NotDue = """
        SELECT due_at, seq FROM delivery INDEXED BY delivery_due
        WHERE endpoint_id = ? AND stage > 0 AND stage = ? AND due_at > ? ORDER BY due_at, seq
        """;

    private const string Columns = "SELECT d.seq, d.due_at, d.attempts, d.trigger, d.message_n FROM delivery d";
}
