using System.Text.RegularExpressions;
using Grapnel.Storage.Postgres;
using Npgsql;

namespace Grapnel.Storage.Examining;

/// <summary>Looks at a database, whoever works on it, and changes nothing.</summary>
public static partial class PostgresExamination
{
    private const string StuckSql = """
        WITH RECURSIVE pending (id) AS (
            (SELECT endpoint_id FROM delivery ORDER BY endpoint_id LIMIT 1)
            UNION ALL SELECT (SELECT d.endpoint_id FROM delivery d WHERE d.endpoint_id > pending.id ORDER BY d.endpoint_id LIMIT 1) FROM pending WHERE pending.id IS NOT NULL)
        SELECT p.id, n.name FROM pending p
        JOIN endpoint e ON e.id = p.id AND e.enabled
        LEFT JOIN lane l ON l.endpoint_id = p.id LEFT JOIN node n ON n.id = l.node_id
        WHERE NOT EXISTS (SELECT 1 FROM paused_lane WHERE endpoint_id = p.id)
            AND NOT EXISTS (SELECT 1 FROM endpoint_health WHERE endpoint_id = p.id AND paused_until > $1)
            AND (EXISTS (SELECT 1 FROM delivery WHERE endpoint_id = p.id AND stage > 0 AND due_at > 0 AND due_at <= $2)
                OR (SELECT m.accepted_at FROM (SELECT message_id FROM delivery WHERE endpoint_id = p.id AND stage = 0 ORDER BY seq LIMIT 1) d
                    JOIN message m ON m.id = d.message_id) <= $2)
            AND NOT EXISTS (SELECT 1 FROM attempt WHERE endpoint_id = p.id AND id >= $3)
        LIMIT 100
        """;

    /// <summary>Examines it.</summary>
    /// <param name="options">Where it is.</param>
    /// <param name="now">The time.</param>
    /// <param name="stuckAfter">How long something must have been due to count as stuck.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StoreOpenException">It cannot be reached, or belongs to another program; says why.</exception>
    public static Task<StoreReport> RunAsync(PostgresStoreOptions options, DateTimeOffset now, TimeSpan stuckAfter, CancellationToken cancel) =>
        ReadAsync(options, session => ExamineAsync(session, now, stuckAfter), cancel);

    /// <summary>Whether there is a store in a database, of whatever version.</summary>
    /// <exception cref="StoreOpenException">The database cannot be read; says why.</exception>
    public static Task<bool> HasStoreAsync(PostgresStoreOptions options, CancellationToken cancel) => ReadAsync(options, PostgresSchema.HasTablesAsync, cancel);

    /// <summary>Whether a database keeps the key ring of its servers.</summary>
    /// <exception cref="StoreOpenException">The database cannot be read; says why.</exception>
    public static Task<bool> HasKeyRingAsync(PostgresStoreOptions options, CancellationToken cancel) =>
        ReadAsync(options, session => session.Prepare("SELECT 1 FROM key_ring LIMIT 1").AnyAsync(), cancel);

    /// <summary>Where an endpoint is; null when there is none.</summary>
    /// <exception cref="StoreOpenException">The database cannot be read; says why.</exception>
    public static Task<StoredReceiver?> FindReceiverAsync(PostgresStoreOptions options, Id<Endpoint> endpoint, CancellationToken cancel) => ReadAsync(
        options, session => session.Prepare("SELECT url, tls FROM endpoint WHERE id = $1").Bind(endpoint).FirstAsync(row => StoredReceiver.Of(row.Text(0), row.TextOrNull(1))), cancel);

    private static async Task<T> ReadAsync<T>(PostgresStoreOptions options, Func<PostgresSession, Task<T>> read, CancellationToken cancel)
    {
        try
        {
            var database = new PostgresDatabase(options);
            await using (database.ConfigureAwait(false))
                return await database.ReadSnapshotAsync(read, cancel).ConfigureAwait(false);
        }
        catch (Exception error) when (error is StoreUnavailableException or NpgsqlException or ArgumentException)
        {
            throw new StoreOpenException($"The PostgreSQL database cannot be read: {PostgresErrors.Describe(error)}", error);
        }
    }

    private static async Task<StoreReport> ExamineAsync(PostgresSession session, DateTimeOffset now, TimeSpan stuckAfter)
    {
        await PostgresSchema.RefuseOldAsync(session).ConfigureAwait(false);
        var version = $"PostgreSQL {await TextAsync(session, "SELECT current_setting('server_version')").ConfigureAwait(false)}";
        if (await PostgresSchema.NeedsMigrationAsync(session).ConfigureAwait(false))
            return new StoreReport { Version = version, IsOlder = true, Damage = [], Pending = 0, Stuck = [], Nodes = 0, KeyRing = [] };
        var since = now - stuckAfter;
        return new StoreReport
        {
            Version = version,
            Damage = await FindDamageAsync(session).ConfigureAwait(false),
            Pending = await PendingCount.ReadAsync(session).ConfigureAwait(false),
            Stuck = await session.Prepare(StuckSql).Bind(now.ToUnixTimeMilliseconds()).Bind(since.ToUnixTimeMilliseconds()).Bind(Id<Attempt>.FirstAt(since))
                .RowsAsync(row => new StuckLane(row.Id<Endpoint>(0).ToString(), row.TextOrNull(1))).ConfigureAwait(false),
            Nodes = (int)await session.Prepare("SELECT count(*) FROM node").Int64Async().ConfigureAwait(false),
            // The session in which a node listens ends with its process.
            Lost = await session.Prepare("""
                SELECT n.name, (SELECT count(*) FROM lane l WHERE l.node_id = n.id) FROM node n
                WHERE n.listener_pid IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.pid = n.listener_pid)
                """).RowsAsync(row => new LostNode(row.Text(0), row.Int64(1))).ConfigureAwait(false),
            Clock = await session.Prepare("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint").FirstAsync(row => (DateTimeOffset?)row.Time(0)).ConfigureAwait(false),
            Newest = await session.Prepare("SELECT max(accepted_at) FROM (SELECT accepted_at FROM message ORDER BY id DESC LIMIT 1) AS newest")
                .FirstAsync(row => row.TimeOrNull(0)).ConfigureAwait(false),
            Connections = await session.Prepare("SELECT current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint")
                .Int64Async().ConfigureAwait(false),
            KeyRing = await session.Prepare("SELECT xml FROM key_ring").RowsAsync(row => row.Text(0)).ConfigureAwait(false),
            Sealed = await PostgresCatalogDatabase.ReadSealedAsync(session).ConfigureAwait(false),
        };
    }

    private static async Task<List<string>> FindDamageAsync(PostgresSession session)
    {
        var invalid = await session.Prepare("""
            SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = current_schema() AND NOT (i.indisvalid AND i.indisready)
            """).RowsAsync(row => row.Text(0)).ConfigureAwait(false);
        var there = (await session.Prepare("SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema()")
            .RowsAsync(row => row.Text(0)).ConfigureAwait(false)).ToHashSet();
        var missing = Made().Matches(EmbeddedText.Read("postgres.hot.sql"))
            .Select(made => (Kind: made.Groups["kind"].Value.ToLowerInvariant(), Name: made.Groups["name"].Value)).Where(made => !there.Contains(made.Name));
        return [.. invalid.Select(name => $"The index {name} is not valid."), .. missing.Select(made => $"The {made.Kind} {made.Name} is missing.")];
    }

    private static async Task<string> TextAsync(PostgresSession session, string sql) =>
        (await session.Prepare(sql).FirstAsync(row => row.Text(0)).ConfigureAwait(false))!;

    [GeneratedRegex(@"^CREATE (?:UNIQUE )?(?<kind>TABLE|INDEX) (?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex Made();
}
