namespace Grapnel.Storage.Postgres;

/// <summary>The statements that read lanes. Each is a walk along a key; none costs more for a longer backlog.</summary>
internal static class LaneSql
{
    /// <summary>
    /// Endpoints that have pending deliveries: one seek per lane, from each endpoint's first row to the next endpoint's,
    /// however many deliveries lie between.
    /// </summary>
    public const string Pending = """
        WITH RECURSIVE pending (endpoint_id) AS (
            (SELECT endpoint_id FROM delivery ORDER BY endpoint_id LIMIT 1)
            UNION ALL
            SELECT (SELECT d.endpoint_id FROM delivery d WHERE d.endpoint_id > pending.endpoint_id ORDER BY d.endpoint_id LIMIT 1)
            FROM pending WHERE pending.endpoint_id IS NOT NULL
        )
        """;

    /// <summary>Pending lanes without an owner. Parameter: limit.</summary>
    public const string Free = Pending + """

        SELECT endpoint_id FROM pending
        WHERE endpoint_id IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.endpoint_id = pending.endpoint_id AND lane.node_id IS NOT NULL)
        LIMIT $1
        """;

    /// <summary>Pending lanes without an endpoint. Parameter: limit.</summary>
    public const string Deleted = Pending + """

        SELECT endpoint_id FROM pending
        WHERE endpoint_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM endpoint WHERE endpoint.id = pending.endpoint_id)
        LIMIT $1
        """;

    /// <summary>The messages at the heads of all lanes, one for each stage, those with the smallest ids. Parameter: limit.</summary>
    public const string OldestHeads = Pending + """

        SELECT head.message_id FROM pending CROSS JOIN (VALUES (0::smallint), (1), (2)) AS run (stage)
        CROSS JOIN LATERAL (
            SELECT d.message_id FROM delivery d WHERE d.endpoint_id = pending.endpoint_id AND d.stage = run.stage ORDER BY d.seq LIMIT 1) AS head
        ORDER BY head.message_id LIMIT $1
        """;

    /// <summary>The pending lanes after an endpoint id. Parameters: endpoint, limit.</summary>
    public const string Next = """
        WITH RECURSIVE lane (endpoint_id, n) AS (
            (SELECT endpoint_id, 1 FROM delivery WHERE endpoint_id > $1 ORDER BY endpoint_id LIMIT 1)
            UNION ALL
            SELECT next.endpoint_id, lane.n + 1
            FROM lane CROSS JOIN LATERAL (
                SELECT d.endpoint_id FROM delivery d WHERE d.endpoint_id > lane.endpoint_id ORDER BY d.endpoint_id LIMIT 1) AS next
            WHERE lane.n < $2
        )
        SELECT endpoint_id FROM lane ORDER BY n
        """;

    /// <summary>The pending lanes before an endpoint id, the nearest first. Parameters: endpoint, limit.</summary>
    public const string Previous = """
        WITH RECURSIVE lane (endpoint_id, n) AS (
            (SELECT endpoint_id, 1 FROM delivery WHERE endpoint_id < $1 ORDER BY endpoint_id DESC LIMIT 1)
            UNION ALL
            SELECT next.endpoint_id, lane.n + 1
            FROM lane CROSS JOIN LATERAL (
                SELECT d.endpoint_id FROM delivery d WHERE d.endpoint_id < lane.endpoint_id ORDER BY d.endpoint_id DESC LIMIT 1) AS next
            WHERE lane.n < $2
        )
        SELECT endpoint_id FROM lane ORDER BY n
        """;

    /// <summary>
    /// A page of an unordered lane, its runs one behind the other, and the first of each run that is not due yet.
    /// Parameters: endpoint, now, rows of each run, place to start after, places to leave out.
    /// </summary>
    public const string InTurns = $"""
        ({Columns} WHERE endpoint_id = $1 AND stage = 1 AND due_at <= $2 AND {NotHeld} ORDER BY due_at, seq LIMIT $3)
        UNION ALL ({Columns} WHERE endpoint_id = $1 AND stage = 2 AND due_at <= $2 AND {NotHeld} ORDER BY due_at, seq LIMIT $3)
        UNION ALL ({Columns} WHERE endpoint_id = $1 AND stage = 0 AND seq > $4 AND {NotHeld} ORDER BY seq LIMIT $3)
        {NotDue}
        """;

    /// <summary>A page of an ordered lane: its runs in order of place. Parameters as for <see cref="InTurns"/>; the place is not used.</summary>
    public const string InOrder = $"""
        ({Columns} WHERE endpoint_id = $1 AND stage = 1 AND seq > $4 AND {NotHeld} ORDER BY seq LIMIT $3)
        UNION ALL ({Columns} WHERE endpoint_id = $1 AND stage = 2 AND due_at <= $2 AND seq > $4 AND {NotHeld} ORDER BY seq LIMIT $3)
        UNION ALL ({Columns} WHERE endpoint_id = $1 AND stage = 0 AND seq > $4 AND {NotHeld} ORDER BY seq LIMIT $3)
        {NotDue}
        """;

    private const string Columns = "SELECT stage, seq, due_at, attempts, trigger, message_id, bytes FROM delivery";

    // A subquery is looked up in a table of hashes, whatever the plan; a list that is planned as a parameter is gone through for every row.
    private const string NotHeld = "seq NOT IN (SELECT unnest($5::bigint[]))";

    private const string NotDue = $"""
        UNION ALL ({Columns} WHERE endpoint_id = $1 AND stage = 1 AND due_at > $2 AND {NotHeld} ORDER BY due_at, seq LIMIT 1)
        UNION ALL ({Columns} WHERE endpoint_id = $1 AND stage = 2 AND due_at > $2 AND {NotHeld} ORDER BY due_at, seq LIMIT 1)
        """;
}
