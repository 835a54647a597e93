using Grapnel.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Grapnel.Storage.Examining;

/// <summary>Looks at the database of a data folder, whoever works on it, and changes nothing.</summary>
public static class SqliteExamination
{
    private const int MaxDamage = 20;

    // A lane is found by a step along the key, however many deliveries it has.
    private const string StuckSql = """
        WITH RECURSIVE pending (id) AS (
            SELECT min(endpoint_id) FROM delivery
            UNION ALL SELECT (SELECT min(d.endpoint_id) FROM delivery d WHERE d.endpoint_id > pending.id) FROM pending WHERE pending.id IS NOT NULL)
        SELECT p.id, n.name FROM pending p
        JOIN endpoint e ON e.id = p.id AND e.enabled
        LEFT JOIN lane l ON l.endpoint_id = p.id LEFT JOIN node n ON n.id = l.node_id
        WHERE NOT EXISTS (SELECT 1 FROM paused_lane WHERE endpoint_id = p.id)
            AND NOT EXISTS (SELECT 1 FROM endpoint_health WHERE endpoint_id = p.id AND paused_until > ?)
            AND (EXISTS (SELECT 1 FROM delivery WHERE endpoint_id = p.id AND stage > 0 AND due_at > 0 AND due_at <= ?)
                OR (SELECT m.accepted_at FROM delivery d JOIN message m ON m.n = d.message_n WHERE d.endpoint_id = p.id AND d.stage = 0 ORDER BY d.seq LIMIT 1) <= ?)
            AND NOT EXISTS (SELECT 1 FROM attempt WHERE endpoint_id = p.id AND id >= ?)
        LIMIT 100
        """;

    /// <summary>Examines it. Blocks, for as long as it takes to read the whole database.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="now">The time.</param>
    /// <param name="stuckAfter">How long something must have been due to count as stuck.</param>
    /// <exception cref="StoreOpenException">There is none, or it cannot be read; says why.</exception>
    public static StoreReport Run(string folder, DateTimeOffset now, TimeSpan stuckAfter) =>
        Read(folder, (session, files) => Examine(session, files, now, stuckAfter));

    private static T Read<T>(string folder, Func<SqliteSession, SqliteFiles, T> read)
    {
        if (!HasStore(folder))
            throw new StoreOpenException($"There is no store of Grapnel in {Path.GetFullPath(folder)}.");
        var files = SqliteFiles.In(folder);
        try
        {
            using var session = SqliteSession.Open(files.Database, SqliteOpenMode.ReadOnly, new SqliteStoreOptions());
            return read(session, files);
        }
        catch (SqliteException error)
        {
            throw new StoreOpenException($"The database {files.Database} cannot be read: {SqliteErrors.Describe(error)}", error);
        }
    }

    /// <summary>Whether there is a store in a folder.</summary>
    public static bool HasStore(string folder) => File.Exists(Path.Combine(folder, "grapnel.db"));

    /// <summary>Where an endpoint is; null when there is none.</summary>
    /// <exception cref="StoreOpenException">The store cannot be read; says why.</exception>
    public static StoredReceiver? FindReceiver(string folder, Id<Endpoint> endpoint) => Read(folder, (session, _) =>
    {
        var select = session.Prepare("SELECT url, tls FROM endpoint WHERE id = ?").Bind(endpoint);
        return select.Step() ? StoredReceiver.Of(select.Text(0), select.TextOrNull(1)) : null;
    });

    /// <summary>Who has the folder open, in words; null when nobody has.</summary>
    public static string? FindHolder(string folder) => FolderLock.FindHolder(folder);

    /// <summary>What a start would refuse because files are missing, in a sentence; null when it would not.</summary>
    public static string? FindMissingFile(string folder)
    {
        try
        {
            SqliteFiles.In(folder).RefuseWhatIsMissing(FolderLock.FollowsCrashIn(folder));
            return null;
        }
        catch (StoreOpenException missing)
        {
            return missing.Message;
        }
    }

    private static StoreReport Examine(SqliteSession session, SqliteFiles files, DateTimeOffset now, TimeSpan stuckAfter)
    {
        var version = $"SQLite {session.Prepare("SELECT sqlite_version()").RunText()}";
        var damage = FindDamage(session);
        // What is damaged cannot be relied on for anything else.
        if (damage.Count > 0)
            return new StoreReport { Version = version, Damage = damage, Pending = 0, Stuck = [], Nodes = 0, KeyRing = [] };
        if (SqliteSchema.NeedsMigration(session, files))
            return new StoreReport { Version = version, IsOlder = true, Damage = [], Pending = 0, Stuck = [], Nodes = 0, KeyRing = [] };
        session.Execute("BEGIN");
        return new StoreReport
        {
            Version = version, Damage = FindMissing(session),
            Pending = session.Prepare("SELECT count(*) FROM delivery").RunInt64(),
            Stuck = FindStuck(session, now, now - stuckAfter),
            Nodes = (int)session.Prepare("SELECT count(*) FROM node").RunInt64(),
            Newest = session.Prepare("SELECT coalesce(max(n), 0) FROM message").RunInt64() is var last and > 0
                ? DateTimeOffset.FromUnixTimeMilliseconds(session.Prepare("SELECT accepted_at FROM message WHERE n = ?").Bind(last).RunInt64()) : null,
            KeyRing = [.. Texts(session, "SELECT xml FROM key_ring")],
            Sealed = SqliteCatalogDatabase.ReadSealed(session),
        };
    }

    private static List<string> FindDamage(SqliteSession session) =>
        [.. Texts(session, $"PRAGMA integrity_check({MaxDamage})").Where(line => line != "ok")];

    /// <summary>Tables and indexes that a new store has, and this one has not. Later versions may have others as well.</summary>
    private static List<string> FindMissing(SqliteSession session)
    {
        const string objects = "SELECT type || ' ' || name FROM sqlite_master WHERE type IN ('table', 'index', 'trigger') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
        using var made = SqliteSession.Open(":memory:", SqliteOpenMode.Memory, new SqliteStoreOptions());
        SqliteSchema.Migrate(made);
        var there = Texts(session, objects).ToHashSet();
        return [.. Texts(made, objects).Where(name => !there.Contains(name)).Select(name => $"The {name} is missing.")];
    }

    private static List<StuckLane> FindStuck(SqliteSession session, DateTimeOffset now, DateTimeOffset since)
    {
        var select = session.Prepare(StuckSql).Bind(now.ToUnixTimeMilliseconds()).Bind(since.ToUnixTimeMilliseconds()).Bind(since.ToUnixTimeMilliseconds())
            .Bind(Id<Attempt>.FirstAt(since));
        var found = new List<StuckLane>();
        while (select.Step())
            found.Add(new StuckLane(select.Id<Endpoint>(0).ToString(), select.TextOrNull(1)));
        return found;
    }

    private static List<string> Texts(SqliteSession session, string sql)
    {
        var (select, found) = (session.Prepare(sql), new List<string>());
        while (select.Step())
            found.Add(select.Text(0));
        return found;
    }

    private static string RunText(this Statement statement)
    {
        statement.Step();
        var text = statement.Text(0);
        statement.Reset();
        return text;
    }
}
