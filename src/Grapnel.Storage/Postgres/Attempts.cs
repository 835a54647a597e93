using Grapnel.Sending;

namespace Grapnel.Storage.Postgres;

/// <summary>Reading attempts.</summary>
internal static class Attempts
{
    /// <summary>The columns that <see cref="Read"/> expects; the attempt's table is called a.</summary>
    public const string Columns = $"{Common}, a.response_body";

    /// <summary>The same without what was answered.</summary>
    public const string ColumnsWithoutBody = $"{Common}, ''::bytea";

    private const string Common = """
        a.id, a.application_id, a.endpoint_id, a.message_id, a.trigger, a.number, a.started_at, a.duration_ms, a.outcome, a.status_code,
        a.next_attempt_at, a.url, a.error
        """;

    public static Attempt Read(PostgresRow row) => new()
    {
        Id = row.Id<Attempt>(0),
        ApplicationId = row.Id<Application>(1),
        EndpointId = row.Id<Endpoint>(2),
        MessageId = row.Id<Message>(3),
        Trigger = (Trigger)row.Int16(4),
        Number = row.Int32(5),
        StartedAt = row.Time(6),
        DurationMs = row.Int32(7),
        Outcome = (SendOutcome)row.Int16(8),
        StatusCode = row.Int32(9),
        NextAttemptAt = row.TimeOrNull(10),
        Url = row.Text(11),
        Error = row.TextOrNull(12),
        ResponseBody = row.Blob(13),
    };
}
