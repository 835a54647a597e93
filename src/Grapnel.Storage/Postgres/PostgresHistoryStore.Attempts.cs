namespace Grapnel.Storage.Postgres;

internal sealed partial class PostgresHistoryStore
{
    private const int SuccessClass = 200;
    private static readonly Page<Attempt> NoAttempts = new([], Done: true);

    public Task<Page<Attempt>> ListAttemptsAsync(
        Id<Application> application, AttemptFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        ContradictsItself(filter) || !CanMatch(filter.Channel, filter.Tag, filter.EventTypes)
            ? Task.FromResult(NoAttempts)
            : database.ReadAlongIndexesAsync(session => WalkAttempts(application, filter)
                .Between<Attempt>(filter.After, filter.Before)
                .ReadAsync<Attempt, Attempt>(session, filter.WithBody ? Attempts.Columns : Attempts.ColumnsWithoutBody, NewestFirst(page), Attempts.Read),
                cancellationToken);

    public Task<Attempt?> FindAttemptAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.Prepare($"SELECT {Attempts.Columns} FROM attempt a WHERE a.message_id = $1 AND a.id = $2")
            .Bind(message).Bind(attempt).FirstAsync(Attempts.Read), cancellationToken);

    public Task<AttemptHeaders?> FindAttemptHeadersAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.Prepare("SELECT headers FROM attempt WHERE message_id = $1 AND id = $2").Bind(message).Bind(attempt)
            .FirstAsync(row => AttemptHeaders.Unpack((row.BlobOrNull(0) ?? default).Span, message)), cancellationToken);

    public async Task<bool> ExpungeAttemptAsync(Id<Message> message, Id<Attempt> attempt, CancellationToken cancellationToken) =>
        await database.WriteAloneAsync(session => session
            .Prepare("UPDATE attempt SET response_body = $1, headers = NULL WHERE message_id = $2 AND id = $3")
            .Bind("EXPUNGED"u8.ToArray()).Bind(message).Bind(attempt).RunAsync(), cancellationToken).ConfigureAwait(false) == 1;

    // An answer of the class 200 is a success, and nothing else is.
    private static bool ContradictsItself(AttemptFilter filter) =>
        filter is { Succeeded: { } succeeded, StatusCodeClass: { } statusClass } && succeeded != (statusClass == SuccessClass);

    private static PostgresListWalk WalkAttempts(Id<Application> application, AttemptFilter filter)
    {
        var walk = new PostgresListWalk("attempt a", "a.id");
        if (filter.MessageId is { } message)
            walk.Where($"a.message_id = {walk.Value(message)}");
        else
            walk.Where($"a.endpoint_id = {walk.Value(filter.EndpointId!.Value)}");
        if (filter is { MessageId: not null, EndpointId: { } endpoint })
            walk.Test($"a.endpoint_id = {walk.Value(endpoint)}");
        // Failures of an endpoint have an index of their own.
        if (filter.Succeeded == false || filter.StatusCodeClass is not (null or SuccessClass))
            walk.Where("a.outcome <> 0");
        else if (filter.Succeeded == true || filter.StatusCodeClass == SuccessClass)
            walk.Test("a.outcome = 0");
        if (filter.StatusCodeClass is { } statusClass)
            walk.Test($"a.status_code / 100 = {walk.Value(command => command.Bind(statusClass / 100))}");
        walk.Test($"a.application_id = {walk.Value(application)}");
        TestMessage(walk, "a.message_id", application, LabelsOf(filter.Channel, filter.Tag), filter.EventTypes);
        return walk;
    }
}
