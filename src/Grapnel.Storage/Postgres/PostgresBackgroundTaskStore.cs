using NpgsqlTypes;

namespace Grapnel.Storage.Postgres;

/// <summary>Background tasks, hand-written: their steps share transactions with deliveries.</summary>
internal sealed class PostgresBackgroundTaskStore(PostgresDatabase database, TimeProvider time) : IBackgroundTaskStore
{
    private const string Columns =
        "id, kind, status, application_id, endpoint_id, arguments, cursor, scanned, done, total, error, created_at, updated_at";

    public Task AddAsync(BackgroundTask task, CancellationToken cancellationToken) => database.WriteAloneAsync(session => session.Prepare($"""
        INSERT INTO background_task ({Columns}, payload) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        """)
        .Bind(task.Id).Bind(task.Kind).Bind((int)task.Status).Bind(task.ApplicationId).Bind(task.EndpointId)
        .Bind(task.Arguments).Bind(task.Cursor).Bind(task.Scanned).Bind(task.Done).Bind(task.Total).Bind(task.Error)
        .Bind(task.CreatedAt.ToUnixTimeMilliseconds()).Bind(task.UpdatedAt.ToUnixTimeMilliseconds()).Bind(task.Payload)
        .RunAsync(), cancellationToken);

    public Task<BackgroundTask?> FindAsync(Id<BackgroundTask> id, CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.Prepare($"SELECT {Columns}, payload FROM background_task WHERE id = $1").Bind(id)
            .FirstAsync(row => (BackgroundTask?)Read(row)), cancellationToken);

    public Task<Page<BackgroundTask>> ListAsync(BackgroundTaskFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        var position = PagePosition.Of(page);
        Id<BackgroundTask>? from = position.Iterator is { } text ? PagePosition.ParseId<BackgroundTask>(text) : null;
        var (comparison, order) = position.Ascending ? (">", "ASC") : ("<", "DESC");
        return database.ReadAsync(async session => position.ToPage(await session.Prepare($"""
            SELECT {Columns}, NULL::bytea FROM background_task
            WHERE ($1::uuid IS NULL OR id {comparison} $1) AND ($2::uuid IS NULL OR application_id = $2) AND ($3::text IS NULL OR kind = $3)
                AND ($4::smallint[] IS NULL OR status = ANY ($4))
            ORDER BY id {order} LIMIT $5
            """)
            .Bind(from).Bind(filter.ApplicationId).Bind(filter.Kind).Bind(filter.Status?.Select(status => (short)status).ToArray(), NpgsqlDbType.Smallint)
            .Bind(page.Limit + 1).RowsAsync(Read).ConfigureAwait(false), page.Limit), cancellationToken);
    }

    // The search locks and writes nothing when, as almost always, there are none.
    public async Task<IReadOnlyList<BackgroundTask>> TakeAsync(Id<Node> node, int limit, CancellationToken cancellationToken)
    {
        var any = await database.ReadAsync(session => session.Prepare("SELECT 1 FROM background_task WHERE status = 0 AND node_id IS NULL LIMIT 1").AnyAsync(),
            cancellationToken).ConfigureAwait(false);
        return any ? await database.WriteAsync(session => TakeAsync(session, node, limit), cancellationToken).ConfigureAwait(false) : [];
    }

    public Task<bool> AdvanceAsync(TaskStep step, CancellationToken cancellationToken) => database.WriteAsync(async session =>
        await MayAdvanceAsync(session, step).ConfigureAwait(false) && await AdvanceAsync(session, step, time).ConfigureAwait(false), cancellationToken);

    public Task<BackgroundTask?> CancelAsync(Id<BackgroundTask> id, CancellationToken cancellationToken) => database.WriteAloneAsync(session =>
        session.Prepare($"""
            UPDATE background_task SET status = $2, updated_at = $3, node_id = NULL, payload = NULL WHERE id = $1 AND status = 0 RETURNING {Columns}, payload
            """).Bind(id).Bind((int)BackgroundTaskStatus.Cancelled).Bind(time.GetUtcNow().ToUnixTimeMilliseconds())
            .FirstAsync(row => (BackgroundTask?)Read(row)), cancellationToken);

    /// <summary>Whether the step may be taken; until the transaction ends nobody else takes it.</summary>
    public static Task<bool> MayAdvanceAsync(PostgresSession session, TaskStep step) =>
        session.Prepare("SELECT 1 FROM background_task WHERE id = $1 AND status = 0 AND node_id = $2 AND cursor IS NOT DISTINCT FROM $3 FOR UPDATE")
            .Bind(step.Task.Id).Bind(step.Node).Bind(step.Task.Cursor).AnyAsync();

    /// <summary>Takes a step; <see cref="MayAdvanceAsync"/> allowed it.</summary>
    public static async Task<bool> AdvanceAsync(PostgresSession session, TaskStep step, TimeProvider time) => await session.Prepare("""
        UPDATE background_task SET cursor = $2, scanned = scanned + $3, done = done + $4, error = $5, updated_at = $6, status = $7,
            node_id = CASE WHEN $7 = 0 THEN node_id END, payload = CASE WHEN $7 = 0 THEN payload END
        WHERE id = $1
        """)
        .Bind(step.Task.Id).Bind(step.Cursor).Bind(step.Scanned).Bind(step.Done).Bind(step.Error).Bind(time.GetUtcNow().ToUnixTimeMilliseconds())
        .Bind((int)step.Status)
        .RunAsync().ConfigureAwait(false) == 1;

    /// <summary>Frees the tasks of nodes that are no more.</summary>
    public static Task<int> FreeAsync(PostgresSession session, List<Id<Node>> nodes) =>
        session.Prepare("UPDATE background_task SET node_id = NULL WHERE status = 0 AND node_id = ANY ($1)").Bind<Node>(nodes).RunAsync();

    /// <summary>Removes tasks that were begun before a time and have ended; tells how many.</summary>
    public static Task<int> PruneAsync(PostgresSession session, DateTimeOffset before, int limit) =>
        session.Prepare("DELETE FROM background_task WHERE id IN (SELECT id FROM background_task WHERE id < $1 AND status <> 0 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)")
            .Bind(Id<BackgroundTask>.FirstAt(before)).Bind(limit).RunAsync();

    // A node that was expelled meanwhile gets none: nobody would ever free a task of a node that is not there.
    private static async Task<IReadOnlyList<BackgroundTask>> TakeAsync(PostgresSession session, Id<Node> node, int limit)
    {
        if (!await PostgresDeliveryStore.IsMemberAsync(session, node).ConfigureAwait(false))
            return [];
        var taken = await session.Prepare($"""
            UPDATE background_task SET node_id = $1
            WHERE id IN (SELECT id FROM background_task WHERE status = 0 AND node_id IS NULL ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)
            RETURNING {Columns}, payload
            """).Bind(node).Bind(limit).RowsAsync(Read).ConfigureAwait(false);
        return [.. taken.OrderBy(task => task.Id)];
    }

    private static BackgroundTask Read(PostgresRow row) => new()
    {
        Id = row.Id<BackgroundTask>(0),
        Kind = row.Text(1),
        Status = (BackgroundTaskStatus)row.Int16(2),
        ApplicationId = row.IdOrNull<Application>(3),
        EndpointId = row.IdOrNull<Endpoint>(4),
        Arguments = row.Text(5),
        Cursor = row.BlobOrNull(6),
        Scanned = row.Int64(7),
        Done = row.Int64(8),
        Total = row.Int64OrNull(9),
        Error = row.TextOrNull(10),
        CreatedAt = row.Time(11),
        UpdatedAt = row.Time(12),
        Payload = row.BlobOrNull(13),
    };
}
