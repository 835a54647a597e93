using System.Reflection;
using Grapnel.Storage.Catalog;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Grapnel.Storage.Sqlite;

/// <summary>Brings an opened database to the shape this version needs. EF is woken only when there is something to migrate.</summary>
internal static class SqliteSchema
{
    public static void Prepare(SqliteSession session, SqliteFiles files, TimeProvider time)
    {
        RefuseReadOnly(session);
        if (NeedsMigration(session, files))
            Migrate(session);
        InTransaction(session, () =>
        {
            Seed(session, time);
            ForgetNodes(session);
        });
    }

    /// <summary>Whether the database is older than this version, or new.</summary>
    /// <exception cref="StoreOpenException">It is of another program, or newer.</exception>
    public static bool NeedsMigration(SqliteSession session, SqliteFiles files)
    {
        if (!Exists(session, "name = '__EFMigrationsHistory'"))
        {
            return !Exists(session, "name NOT LIKE '\\_\\_EF%' ESCAPE '\\'")
                ? true
                : throw new StoreOpenException($"{files.Database} is a database of another program.");
        }
        var applied = ReadApplied(session);
        var known = KnownMigrations();
        if (applied.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
            throw new StoreOpenException($"{files.Database} was written by a newer version of Grapnel (it has {unknown}). Use that version or a later one.");
        return applied.Count < known.Count;
    }

    public static HashSet<string> KnownMigrations() => [.. typeof(SqliteSchema).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(Migration)) && type.GetCustomAttribute<DbContextAttribute>()!.ContextType == typeof(SqliteCatalogContext))
        .Select(type => type.GetCustomAttribute<MigrationAttribute>()!.Id)];

    private static List<string> ReadApplied(SqliteSession session)
    {
        var applied = new List<string>();
        var select = session.Prepare("SELECT MigrationId FROM __EFMigrationsHistory");
        while (select.Step())
            applied.Add(select.Text(0));
        return applied;
    }

    /// <summary>Makes the tables, or what of them is missing.</summary>
    public static void Migrate(SqliteSession session)
    {
        using var catalog = session.OpenCatalog();
        catalog.Database.AutoTransactionBehavior = AutoTransactionBehavior.WhenNeeded;
        catalog.Database.Migrate();
    }

    // Nobody wants an installation without applications, so an empty table can only be a new one.
    private static void Seed(SqliteSession session, TimeProvider time)
    {
        if (session.Prepare("SELECT 1 FROM application LIMIT 1").RunExists())
            return;
        using var catalog = session.OpenCatalog();
        CatalogSeed.AddTo(catalog, time);
    }

    // The lock on the folder proves that every node written down here is dead: after a crash nothing waits for a heartbeat to grow old.
    private static void ForgetNodes(SqliteSession session)
    {
        session.Execute("DELETE FROM lane");
        session.Execute("UPDATE background_task SET node_id = NULL WHERE status = 0 AND node_id IS NOT NULL");
        session.Execute("DELETE FROM node");
    }

    // SQLite opens a file that it may not write without complaint and fails at the first write.
    private static void RefuseReadOnly(SqliteSession session)
    {
        session.Execute("BEGIN IMMEDIATE");
        session.Execute("ROLLBACK");
    }

    private static bool Exists(SqliteSession session, string condition) =>
        session.Prepare($"SELECT 1 FROM sqlite_master WHERE type = 'table' AND {condition} LIMIT 1").RunExists();

    private static void InTransaction(SqliteSession session, Action work)
    {
        session.Execute("BEGIN IMMEDIATE");
        work();
        session.Execute("COMMIT");
    }
}
