namespace Grapnel.Storage.Sqlite;

/// <summary>Finding things without knowing where they are: seeks from one application, or lane, to the next.</summary>
internal sealed class SqliteSearchStore(SqliteReaders readers) : ISearchStore
{
    private const int MaxEndpoints = 50_000;

    /// <summary>Applications that have messages, one seek each; deleted ones too.</summary>
    private const string Owners = """
        WITH RECURSIVE owner (application_id) AS (
            SELECT min(application_id) FROM message
            UNION ALL
            SELECT (SELECT min(application_id) FROM message WHERE application_id > owner.application_id)
            FROM owner WHERE owner.application_id IS NOT NULL
        )
        """;

    /// <summary>Endpoints that have attempts, one seek each; deleted ones too.</summary>
    private const string Attempted = """
        WITH RECURSIVE attempted (endpoint_id) AS (
            SELECT min(endpoint_id) FROM attempt
            UNION ALL
            SELECT (SELECT min(endpoint_id) FROM attempt WHERE endpoint_id > attempted.endpoint_id)
            FROM attempted WHERE attempted.endpoint_id IS NOT NULL
        )
        """;

    public Task<Message?> FindMessageAsync(Id<Message> id, CancellationToken cancellationToken) => readers.RunAsync(session =>
    {
        // Ids grow with places, races apart, so its place is nearly always where halving finds it.
        var place = SqliteHistoryStore.PlaceAt(session, id);
        return ReadAt(session, place) is { } message && message.Id == id ? message : SeekMessage(session, id);
    }, cancellationToken);

    private static Message? ReadAt(SqliteSession session, long place) => SqliteHistoryStore.ReadAll(
        session.Prepare($"SELECT {Rows.MessageColumns}, {Rows.NoPayload} FROM message m WHERE m.n = ?").Bind(place), row => Rows.ReadMessage(row)).FirstOrDefault();

    private static Message? SeekMessage(SqliteSession session, Id<Message> id) => SqliteHistoryStore.ReadAll(
        session.Prepare($"""
            {Owners} SELECT {Rows.MessageColumns}, {Rows.NoPayload} FROM owner
            CROSS JOIN message m INDEXED BY message_id ON m.application_id = owner.application_id AND m.id = ?
            """).Bind(id), row => Rows.ReadMessage(row)).FirstOrDefault();

    public Task<IReadOnlyList<Message>> FindByEventIdAsync(string eventId, int limit, CancellationToken cancellationToken) =>
        readers.RunAsync(session => SqliteHistoryStore.ReadAll(
            session.Prepare($"""
                {Owners} SELECT {Rows.MessageColumns}, {Rows.NoPayload} FROM owner
                CROSS JOIN message m INDEXED BY message_event_id
                ON m.application_id = owner.application_id AND m.event_id = ? AND m.event_id IS NOT NULL LIMIT ?
                """).Bind(eventId).Bind(limit), row => Rows.ReadMessage(row)), cancellationToken);

    public Task<Message?> FindLastByEventIdAsync(Id<Application> application, string beginning, CancellationToken cancellationToken) =>
        readers.RunAsync(session => SqliteHistoryStore.ReadAll(
            session.Prepare($"""
                SELECT {Rows.MessageColumns}, {Rows.NoPayload} FROM message m INDEXED BY message_event_id
                WHERE m.application_id = ? AND m.event_id >= ? AND m.event_id < ? AND m.event_id IS NOT NULL ORDER BY m.event_id DESC LIMIT 1
                """).Bind(application).Bind(beginning).Bind(Following(beginning)), row => Rows.ReadMessage(row)).FirstOrDefault(), cancellationToken);

    // The first text behind all that begin like this.
    private static string Following(string beginning) => beginning[..^1] + (char)(beginning[^1] + 1);

    public Task<Attempt?> FindAttemptAsync(Id<Attempt> id, CancellationToken cancellationToken) => readers.RunAsync(session =>
        SqliteHistoryStore.ReadAll(
            session.Prepare($"""
                {Attempted} SELECT a.message_id FROM attempted
                CROSS JOIN attempt a INDEXED BY attempt_endpoint ON a.endpoint_id = attempted.endpoint_id AND a.id = ?
                """).Bind(id), row => row.Id<Message>(0)) is [var message]
            ? SqliteHistoryStore.FindAttempt(session, message, id, withBody: false) : null, cancellationToken);

    public Task<Id<Application>?> FindScheduleOwnerAsync(Id<Schedule> id, CancellationToken cancellationToken) => readers.RunAsync(session =>
        SqliteHistoryStore.ReadAll(
            session.Prepare("SELECT application_id FROM schedule WHERE id = ?").Bind(id), row => (Id<Application>?)row.Id<Application>(0)).FirstOrDefault(),
        cancellationToken);

    public Task<IReadOnlyList<EndpointHit>> FindEndpointsAsync(string text, int limit, CancellationToken cancellationToken) => readers.RunAsync(session =>
    {
        string[] beginnings = text.Contains("://", StringComparison.Ordinal) ? [text] : ["https://" + text, "http://" + text];
        var (exact, others) = (new List<EndpointHit>(), new List<EndpointHit>());
        var select = session.Prepare("SELECT id, application_id, url, uid FROM endpoint WHERE id > ? ORDER BY id LIMIT ?").Bind([]).Bind(MaxEndpoints);
        while (select.Step())
        {
            var url = select.Text(2);
            var isExact = beginnings.Contains(url) || select.TextOrNull(3) == text;
            var hits = isExact ? exact : others;
            if (hits.Count < limit && (isExact || beginnings.Any(beginning => url.StartsWith(beginning, StringComparison.OrdinalIgnoreCase))))
                hits.Add(new EndpointHit(select.Id<Endpoint>(0), select.Id<Application>(1), url, isExact));
        }
        return (IReadOnlyList<EndpointHit>)[.. exact.Concat(others).Take(limit)];
    }, cancellationToken);
}
