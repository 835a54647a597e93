using Grapnel.Sending;

namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteHistoryStore
{
    private const int SuccessClass = 200;
    private static readonly Page<Attempt> NoAttempts = new([], Done: true);

    public Task<Page<Attempt>> ListAttemptsAsync(
        Id<Application> application, AttemptFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        ContradictsItself(filter)
            ? Task.FromResult(NoAttempts)
            : readers.RunAsync(session => WalkAttempts(application, filter)
                .Between<Attempt>(filter.After, filter.Before)
                .Read<Attempt, Attempt>(session, "a.message_id", NewestFirst(page), row => FindAttempt(session, row, filter.WithBody) is { } attempt
                    && attempt.ApplicationId == application ? attempt : null), cancellationToken);

    public Task<Attempt?> FindAttemptAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken) =>
        readers.RunAsync(session => FindAttempt(session, message, attempt, withBody: true), cancellationToken);

    public Task<AttemptHeaders?> FindAttemptHeadersAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken) =>
        readers.RunAsync(session => ReadAll(
            session.Prepare("SELECT headers FROM attempt WHERE message_id = ? AND id = ?").Bind(message).Bind(attempt),
            row => AttemptHeaders.Unpack(row.Blob(0), message)).FirstOrDefault(), cancellationToken);

    public Task<bool> ExpungeAttemptAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken) => gate.RunAsync(session =>
        session.Prepare("UPDATE attempt SET response_body = ?, headers = NULL WHERE message_id = ? AND id = ?")
            .Bind("EXPUNGED"u8).Bind(message).Bind(attempt).Run() == 1);

    // An answer of the class 200 is a success, and nothing else is.
    private static bool ContradictsItself(AttemptFilter filter) =>
        filter is { Succeeded: { } succeeded, StatusCodeClass: { } statusClass } && succeeded != (statusClass == SuccessClass);

    private static ListWalk WalkAttempts(Id<Application> application, AttemptFilter filter)
    {
        var walk = filter.MessageId is { } message ? WalkMessage(message, filter) : WalkEndpoint(filter.EndpointId!.Value, filter);
        return TestMessage(walk, "a.message_id", application, LabelsOf(filter.Channel, filter.Tag), filter.EventTypes);
    }

    private static ListWalk WalkMessage(Id<Message> message, AttemptFilter filter) => new ListWalk("attempt a", "a.id")
        .Where("a.message_id = ?", statement => statement.Bind(message))
        .Test(filter.EndpointId is not null, "a.endpoint_id = ?", statement => statement.Bind(filter.EndpointId!.Value))
        .Test(filter.Succeeded is not null, "(a.outcome = 0) = ?", statement => statement.Bind(filter.Succeeded == true ? 1 : 0))
        .Test(filter.StatusCodeClass is not null, "a.status_code / 100 = ?", statement => statement.Bind(filter.StatusCodeClass!.Value / 100));

    // Failures have an index of their own, and it also knows what is no failure, with less to read than the attempt itself.
    private static ListWalk WalkEndpoint(Id<Endpoint> endpoint, AttemptFilter filter)
    {
        var failed = filter.Succeeded == false || filter.StatusCodeClass is not (null or SuccessClass);
        var succeeded = filter.Succeeded == true || filter.StatusCodeClass == SuccessClass;
        return failed
            ? new ListWalk("attempt a INDEXED BY attempt_failed", "a.id")
                .Where("a.endpoint_id = ?", statement => statement.Bind(endpoint)).Where("a.outcome <> 0")
                .Test(filter.StatusCodeClass is not null, "a.status_code / 100 = ?", statement => statement.Bind(filter.StatusCodeClass!.Value / 100))
            : new ListWalk("attempt a INDEXED BY attempt_endpoint", "a.id")
                .Where("a.endpoint_id = ?", statement => statement.Bind(endpoint))
                .Test(succeeded, NotFailed);
    }

    private const string NotFailed = """
        NOT EXISTS (SELECT 1 FROM attempt f INDEXED BY attempt_failed WHERE f.endpoint_id = a.endpoint_id AND f.id = a.id AND f.outcome <> 0)
        """;

    private static Attempt? FindAttempt(SqliteSession session, Statement walk, bool withBody) =>
        FindAttempt(session, walk.Id<Message>(2), walk.Id<Attempt>(0), withBody);

    internal static Attempt? FindAttempt(SqliteSession session, Id<Message> message, Id<Attempt> attempt, bool withBody) => ReadAll(
        session.Prepare(withBody ? AttemptSql : AttemptWithoutBodySql).Bind(message).Bind(attempt), ReadAttempt).FirstOrDefault();

    private const string AttemptColumns = """
        a.id, a.application_id, a.endpoint_id, a.message_id, a.trigger, a.number, a.started_at, a.duration_ms, a.outcome, a.status_code,
        a.next_attempt_at, a.url, a.error
        """;

    private const string AttemptSql = $"SELECT {AttemptColumns}, a.response_body FROM attempt a WHERE a.message_id = ? AND a.id = ?";
    private const string AttemptWithoutBodySql = $"SELECT {AttemptColumns}, x'' FROM attempt a WHERE a.message_id = ? AND a.id = ?";

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
}
