namespace Grapnel.Storage.Sqlite;

/// <summary>Background tasks, hand-written: their steps share transactions with deliveries.</summary>
internal sealed class SqliteBackgroundTaskStore(SqliteGate gate, SqliteReaders readers, TimeProvider time) : IBackgroundTaskStore
{
    private const string Columns = """
        task.id, task.kind, task.status, task.application_id, task.endpoint_id, task.arguments, task.cursor, task.scanned, task.done,
        task.total, task.error, task.created_at, task.updated_at
        """;

    private const string ById = $"SELECT {Columns}, task.payload FROM background_task task WHERE task.id = ?";
    private const string WithoutPayload = $"SELECT {Columns}, NULL FROM background_task task WHERE task.id = ?";

    public Task AddAsync(BackgroundTask task, CancellationToken cancellationToken) => gate.RunAsync(session => session.Prepare("""
        INSERT INTO background_task
            (id, kind, status, application_id, endpoint_id, arguments, cursor, scanned, done, total, error, created_at, updated_at, payload)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
        .Bind(task.Id).Bind(task.Kind).Bind((long)task.Status).Bind(Bytes(task.ApplicationId)).Bind(Bytes(task.EndpointId))
        .Bind(task.Arguments).Bind(task.Cursor).Bind(task.Scanned).Bind(task.Done).Bind(task.Total).Bind(task.Error)
        .Bind(task.CreatedAt.ToUnixTimeMilliseconds()).Bind(task.UpdatedAt.ToUnixTimeMilliseconds()).Bind(task.Payload)
        .Run());

    public Task<BackgroundTask?> FindAsync(Id<BackgroundTask> id, CancellationToken cancellationToken) =>
        readers.RunAsync(session => Find(session, id), cancellationToken);

    public Task<Page<BackgroundTask>> ListAsync(BackgroundTaskFilter filter, PageRequest page, CancellationToken cancellationToken) =>
        readers.RunAsync(session => Walk(filter)
            .TestAnyOf("CAST(task.status AS TEXT)", filter.Status?.Select(status => $"{(int)status}").ToList())
            .Test(filter.Kind is not null, "task.kind = ?", statement => statement.Bind(filter.Kind))
            .Read<BackgroundTask, BackgroundTask>(session, "NULL", page, row => Find(session, row.Id<BackgroundTask>(0), WithoutPayload)), cancellationToken);

    private static ListWalk Walk(BackgroundTaskFilter filter)
    {
        var walk = new ListWalk("background_task task", "task.id");
        return filter.ApplicationId is { } application
            ? walk.Where("task.application_id = ?", statement => statement.Bind(application))
            : walk.Where("task.id > x''");
    }

    // The search runs on a reader and writes nothing when, as almost always, there are none.
    public async Task<IReadOnlyList<BackgroundTask>> TakeAsync(Id<Node> node, int limit, CancellationToken cancellationToken)
    {
        var free = await readers.RunAsync(session => FindFree(session, limit), cancellationToken).ConfigureAwait(false);
        return free.Count == 0 ? [] : await gate.RunAsync(session => Take(session, node, free)).ConfigureAwait(false);
    }

    public Task<bool> AdvanceAsync(TaskStep step, CancellationToken cancellationToken) =>
        gate.RunAsync(session => MayAdvance(session, step) && Advance(session, step, time));

    public Task<BackgroundTask?> CancelAsync(Id<BackgroundTask> id, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        var cancelled = session.Prepare("""
            UPDATE background_task SET status = ?, updated_at = ?, node_id = NULL, payload = NULL WHERE id = ? AND status = 0
            """)
            .Bind((long)BackgroundTaskStatus.Cancelled).Bind(time.GetUtcNow().ToUnixTimeMilliseconds()).Bind(id)
            .Run() == 1;
        return cancelled ? Find(session, id) : null;
    });

    /// <summary>Whether the step may be taken.</summary>
    public static bool MayAdvance(SqliteSession session, TaskStep step) =>
        session.Prepare("SELECT 1 FROM background_task WHERE id = ? AND status = 0 AND node_id = ? AND cursor IS ?")
            .Bind(step.Task.Id).Bind(step.Node).Bind(step.Task.Cursor).RunExists();

    /// <summary>Takes a step; <see cref="MayAdvance"/> allowed it.</summary>
    public static bool Advance(SqliteSession session, TaskStep step, TimeProvider time)
    {
        session.Prepare("""
            UPDATE background_task SET cursor = ?, scanned = scanned + ?, done = done + ?, error = ?, updated_at = ? WHERE id = ?
            """)
            .Bind(step.Cursor).Bind(step.Scanned).Bind(step.Done).Bind(step.Error).Bind(time.GetUtcNow().ToUnixTimeMilliseconds())
            .Bind(step.Task.Id)
            .Run();
        if (step.Status != BackgroundTaskStatus.Running)
            session.Prepare("UPDATE background_task SET status = ?, node_id = NULL, payload = NULL WHERE id = ?")
                .Bind((long)step.Status).Bind(step.Task.Id)
                .Run();
        return true;
    }

    /// <summary>Frees the tasks of a node that is no more.</summary>
    public static void Free(SqliteSession session, Id<Node> node) =>
        session.Prepare("UPDATE background_task SET node_id = NULL WHERE status = 0 AND node_id = ?").Bind(node).Run();

    /// <summary>Removes tasks that were begun before a time and have ended; tells how many.</summary>
    public static int Prune(SqliteSession session, DateTimeOffset before, int limit) =>
        session.Prepare("DELETE FROM background_task WHERE id IN (SELECT id FROM background_task WHERE id < ? AND status <> 0 LIMIT ?)")
            .Bind(Id<BackgroundTask>.FirstAt(before)).Bind(limit).Run();

    private static List<Id<BackgroundTask>> FindFree(SqliteSession session, int limit)
    {
        var free = new List<Id<BackgroundTask>>();
        var select = session.Prepare("SELECT id FROM background_task WHERE status = 0 AND node_id IS NULL ORDER BY id LIMIT ?").Bind(limit);
        while (select.Step())
            free.Add(select.Id<BackgroundTask>(0));
        return free;
    }

    // A node that was expelled meanwhile gets none: nobody would ever free a task of a node that is not there.
    private static IReadOnlyList<BackgroundTask> Take(SqliteSession session, Id<Node> node, List<Id<BackgroundTask>> free)
    {
        if (!SqliteDeliveryStore.IsMember(session, node))
            return [];
        var take = session.Prepare("UPDATE background_task SET node_id = ? WHERE id = ? AND status = 0 AND node_id IS NULL");
        return [.. free.Where(id => take.Bind(node).Bind(id).Run() == 1).Select(id => Find(session, id)!)];
    }

    private static BackgroundTask? Find(SqliteSession session, Id<BackgroundTask> id, string sql = ById)
    {
        var select = session.Prepare(sql).Bind(id);
        if (!select.Step())
            return null;
        var task = Read(select);
        select.Reset();
        return task;
    }

    private static BackgroundTask Read(Statement row) => new()
    {
        Id = row.Id<BackgroundTask>(0),
        Kind = row.Text(1),
        Status = (BackgroundTaskStatus)row.Int32(2),
        ApplicationId = row.IsNull(3) ? null : row.Id<Application>(3),
        EndpointId = row.IsNull(4) ? null : row.Id<Endpoint>(4),
        Arguments = row.Text(5),
        Cursor = Bytes(row, 6),
        Scanned = row.Int64(7),
        Done = row.Int64(8),
        Total = row.Int64OrNull(9),
        Error = row.TextOrNull(10),
        CreatedAt = row.Time(11),
        UpdatedAt = row.Time(12),
        Payload = Bytes(row, 13),
    };

    private static ReadOnlyMemory<byte>? Bytes<T>(Id<T>? id) where T : IIdentified =>
        id is { } given ? given.ToBytes() : default(ReadOnlyMemory<byte>?);

    private static ReadOnlyMemory<byte>? Bytes(Statement row, int column) =>
        row.IsNull(column) ? default(ReadOnlyMemory<byte>?) : row.Blob(column).ToArray();
}
