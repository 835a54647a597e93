using Grapnel.Sending;

namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteHistoryStore
{
    private const string AttemptColumns = """
        a.id, a.application_id, a.endpoint_id, a.message_id, a.trigger, a.number, a.started_at, a.duration_ms, a.outcome, a.status_code,
        a.next_attempt_at, a.url, a.error, a.response_body
        """;

    public Task<Message?> FindMessageAsync(Id<Application> application, string idOrEventId, CancellationToken cancellationToken) =>
        readers.RunAsync(session => FindById(session, application, idOrEventId) ?? FindByEventId(session, application, idOrEventId), cancellationToken);

    public Task<Page<Message>> ListMessagesAsync(
        Id<Application> application, MessageFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        readers.RunAsync(session => new ListQuery("message m")
            .And("m.application_id = ?", statement => statement.Bind(application))
            // Ids carry the time of acceptance, so a range of time is a range of the index.
            .AndIf(filter.Before, "m.id < ?", (statement, before) => statement.Bind(Id<Message>.FirstAt(before)))
            .AndIf(filter.After, "m.id >= ?", (statement, after) => statement.Bind(Id<Message>.FirstAt(after.AddMilliseconds(1))))
            .AndAnyOf("m.event_type IN (SELECT value FROM json_each(?))", filter.EventTypes)
            .AndAnyOf("EXISTS (SELECT 1 FROM json_each(m.channels) WHERE value IN (SELECT value FROM json_each(?)))", ListOf(filter.Channel))
            .AndAnyOf("EXISTS (SELECT 1 FROM json_each(m.tags) WHERE value IN (SELECT value FROM json_each(?)))", ListOf(filter.Tag))
            .Read<Message, Message>(
                session, $"{Rows.MessageColumns}, {(filter.WithPayload ? "m.payload" : "NULL")}", "m.id", NewestFirst(page),
                row => Rows.ReadMessage(row)), cancellationToken);

    public Task<Page<Attempt>> ListAttemptsAsync(
        Id<Application> application, AttemptFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        readers.RunAsync(session => AttemptQuery(application, filter)
            .Read<Attempt, Attempt>(session, AttemptColumns, "a.id", NewestFirst(page), ReadAttempt), cancellationToken);

    public Task<Attempt?> FindAttemptAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken) =>
        readers.RunAsync(session => ReadAll(
            session.Prepare($"SELECT {AttemptColumns} FROM attempt a WHERE a.message_id = ? AND a.id = ?").Bind(message).Bind(attempt),
            ReadAttempt).FirstOrDefault(), cancellationToken);

    private static ListQuery AttemptQuery(Id<Application> application, AttemptFilter filter) => new ListQuery("attempt a")
        .AndIf(filter.MessageId, "a.message_id = ?", (statement, message) => statement.Bind(message))
        .AndIf(filter.EndpointId, filter.MessageId is null ? "a.endpoint_id = ?" : "+a.endpoint_id = ?", (statement, endpoint) => statement.Bind(endpoint))
        .And("a.application_id = ?", statement => statement.Bind(application))
        .AndIf(filter.Succeeded, "(a.outcome = 0) = ?", (statement, succeeded) => statement.Bind(succeeded ? 1 : 0))
        .AndIf(filter.StatusCodeClass, "a.status_code / 100 = ?", (statement, code) => statement.Bind(code / 100))
        .AndIf(filter.Before, "a.started_at < ?", (statement, before) => statement.Bind(before.ToUnixTimeMilliseconds()))
        .AndIf(filter.After, "a.started_at > ?", (statement, after) => statement.Bind(after.ToUnixTimeMilliseconds()))
        .AndAnyOf(
            """
            EXISTS (SELECT 1 FROM message m
                    WHERE m.application_id = a.application_id AND m.id = a.message_id AND m.event_type IN (SELECT value FROM json_each(?)))
            """, filter.EventTypes)
        .AndAnyOf(
            """
            EXISTS (SELECT 1 FROM message m, json_each(m.channels) c
                    WHERE m.application_id = a.application_id AND m.id = a.message_id AND c.value IN (SELECT value FROM json_each(?)))
            """, ListOf(filter.Channel));

    private static Message? FindById(SqliteSession session, Id<Application> application, string id) => !Id<Message>.TryParse(id, out var parsed)
        ? null
        : ReadAll(
            session.Prepare($"SELECT {Rows.MessageColumns}, m.payload FROM message m WHERE m.application_id = ? AND m.id = ?")
                .Bind(application).Bind(parsed),
            row => Rows.ReadMessage(row)).FirstOrDefault();

    private static Message? FindByEventId(SqliteSession session, Id<Application> application, string eventId) => ReadAll(
        session.Prepare($"SELECT {Rows.MessageColumns}, m.payload FROM message m WHERE m.application_id = ? AND m.event_id = ?")
            .Bind(application).Bind(eventId),
        row => Rows.ReadMessage(row)).FirstOrDefault();

    private static Attempt ReadAttempt(Statement row) => new()
    {
        Id = row.Id<Attempt>(0),
        ApplicationId = row.Id<Application>(1),
        EndpointId = row.Id<Endpoint>(2),
        MessageId = row.Id<Message>(3),
        Trigger = (Trigger)row.Int32(4),
        Number = row.Int32(5),
        StartedAt = row.Time(6),
        DurationMs = row.Int32(7),
        Outcome = (SendOutcome)row.Int32(8),
        StatusCode = row.Int32(9),
        NextAttemptAt = row.TimeOrNull(10),
        Url = row.Text(11),
        Error = row.TextOrNull(12),
        ResponseBody = row.Blob(13).ToArray(),
    };

    // History is always read from its newest end.
    private static PageRequest NewestFirst(PageRequest page) => page with { Descending = true };

    private static IReadOnlyList<string>? ListOf(string? value) => value is null ? null : [value];
}
