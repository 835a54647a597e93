namespace Grapnel.Storage.Postgres;

/// <summary>Finding things without knowing where they are: indexes over all applications, of which each partition of the history has its own.</summary>
internal sealed class PostgresSearchStore(PostgresDatabase database) : ISearchStore
{
    private const int MaxEndpoints = 50_000;

    public Task<Message?> FindMessageAsync(Id<Message> id, CancellationToken cancellationToken) => database.ReadAsync(session =>
        session.Prepare($"SELECT {Messages.Columns}, {Messages.NoPayload} FROM message m WHERE m.id = $1").Bind(id).FirstAsync(row => Messages.Read(row)),
        cancellationToken);

    public Task<IReadOnlyList<Message>> FindByEventIdAsync(string eventId, int limit, CancellationToken cancellationToken) =>
        !IndexReads.CanBeStored(eventId)
            ? Task.FromResult<IReadOnlyList<Message>>([])
            : database.ReadAlongIndexesAsync<IReadOnlyList<Message>>(async session =>
            {
                var ids = await session.Prepare("SELECT message_id FROM message_event WHERE event_id = $1 ORDER BY application_id LIMIT $2")
                    .Bind(eventId).Bind(limit).RowsAsync(row => row.Id<Message>(0)).ConfigureAwait(false);
                var found = await Messages.ReadAsync(session, ids, withPayload: false).ConfigureAwait(false);
                return [.. ids.Select(found.GetValueOrDefault).OfType<Message>()];
            }, cancellationToken);

    public Task<Message?> FindLastByEventIdAsync(Id<Application> application, string beginning, CancellationToken cancellationToken) =>
        !IndexReads.CanBeStored(beginning)
            ? Task.FromResult<Message?>(null)
            : database.ReadAlongIndexesAsync(async session =>
            {
                var ids = await session.Prepare("""
                    SELECT message_id FROM message_event WHERE application_id = $1 AND event_id >= $2 AND event_id < $3 ORDER BY event_id DESC LIMIT 1
                    """).Bind(application).Bind(beginning).Bind(Following(beginning)).RowsAsync(row => row.Id<Message>(0)).ConfigureAwait(false);
                return (await Messages.ReadAsync(session, ids, withPayload: false).ConfigureAwait(false)).Values.FirstOrDefault();
            }, cancellationToken);

    // Nearly always the message was accepted within the hour before, or a little later by another clock; else it may be in any partition.
    public Task<Attempt?> FindAttemptAsync(Id<Attempt> id, CancellationToken cancellationToken) => database.ReadAlongIndexesAsync(async session =>
    {
        var (hour, made) = (TimeSpan.FromHours(1), id.Value >> 80 > (UInt128)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() ? default : id.Timestamp);
        if (made < DateTimeOffset.UnixEpoch + hour || made > DateTimeOffset.MaxValue - hour)
            return null;
        return await FindAttemptAsync(session, id, Id<Message>.FirstAt(made - hour), Id<Message>.FirstAt(made + hour)).ConfigureAwait(false)
            ?? await FindAttemptAsync(session, id, default, new Id<Message>(UInt128.MaxValue)).ConfigureAwait(false);
    }, cancellationToken);

    public Task<Id<Application>?> FindScheduleOwnerAsync(Id<Schedule> id, CancellationToken cancellationToken) => database.ReadAsync(session =>
        session.Prepare("SELECT application_id FROM schedule WHERE id = $1").Bind(id).FirstAsync(row => (Id<Application>?)row.Id<Application>(0)),
        cancellationToken);

    public Task<IReadOnlyList<EndpointHit>> FindEndpointsAsync(string text, int limit, CancellationToken cancellationToken)
    {
        if (!IndexReads.CanBeStored(text))
            return Task.FromResult<IReadOnlyList<EndpointHit>>([]);
        string[] beginnings = text.Contains("://", StringComparison.Ordinal) ? [text] : ["https://" + text, "http://" + text];
        return database.ReadAsync<IReadOnlyList<EndpointHit>>(async session => await session.Prepare("""
            SELECT e.id, e.application_id, e.url, hit.is_exact
            FROM (SELECT id, application_id, url, uid FROM endpoint ORDER BY id LIMIT $1) AS e
            CROSS JOIN LATERAL (SELECT e.url = ANY ($2) OR coalesce(e.uid = $3, false) AS is_exact) AS hit
            WHERE hit.is_exact OR EXISTS (SELECT 1 FROM unnest($2) AS beginning WHERE starts_with(lower(e.url), lower(beginning)))
            ORDER BY hit.is_exact DESC, e.id LIMIT $4
            """).Bind(MaxEndpoints).Bind(beginnings).Bind(text).Bind(limit)
            .RowsAsync(row => new EndpointHit(row.Id<Endpoint>(0), row.Id<Application>(1), row.Text(2), row.Bool(3))).ConfigureAwait(false), cancellationToken);
    }

    private static Task<Attempt?> FindAttemptAsync(PostgresSession session, Id<Attempt> id, Id<Message> from, Id<Message> until) => session
        .Prepare($"SELECT {Attempts.ColumnsWithoutBody} FROM attempt a WHERE a.id = $1 AND a.message_id >= $2 AND a.message_id < $3")
        .Bind(id).Bind(from).Bind(until).FirstAsync(Attempts.Read);

    // The first text behind all that begin like this.
    private static string Following(string beginning) => beginning[..^1] + (char)(beginning[^1] + 1);
}
