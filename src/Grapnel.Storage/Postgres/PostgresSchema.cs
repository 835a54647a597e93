using System.Reflection;
using Grapnel.Storage.Catalog;
using Grapnel.Storage.Copying;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.Logging;

namespace Grapnel.Storage.Postgres;

/// <summary>
/// Brings a database to the shape this version needs. Of nodes that start together one does it, and the others wait for it. EF is woken only when
/// there is something to migrate.
/// </summary>
internal static partial class PostgresSchema
{
    private const int OldestVersion = 14_00_00;

    /// <summary>Held by whoever makes or changes the tables.</summary>
    public const long MigrationLock = 0x6772_6170_6e65_6c00;

    public static async Task PrepareAsync(
        PostgresDatabase database, PostgresPartitions partitions, bool mayMigrate, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var session = new PostgresSession(connection, cancellationToken);
            await RefuseOldAsync(session).ConfigureAwait(false);
            await CopyProgress.RefuseUnfinishedAsync(session).ConfigureAwait(false);
            if (!await NeedsMigrationAsync(session).ConfigureAwait(false))
            {
                // Nobody may have made any for as long as all nodes were stopped.
                await partitions.EnsureAsync(session).ConfigureAwait(false);
                return;
            }
            if (!mayMigrate)
                throw new StoreOpenException("The database has to be migrated to this version, and Postgres:Migrate forbids to do so at a start. Run 'grapnel migrate'.");
            await LockAsync(session, logger).ConfigureAwait(false);
            try
            {
                // A copy may have begun meanwhile; it holds the same lock.
                await CopyProgress.RefuseUnfinishedAsync(session).ConfigureAwait(false);
                if (await NeedsMigrationAsync(session).ConfigureAwait(false))
                {
                    Migrate(session);
                    LogMigrated(logger);
                }
                if (!await session.Prepare("SELECT 1 FROM application LIMIT 1").AnyAsync().ConfigureAwait(false))
                    Seed(session, time);
                await partitions.EnsureAsync(session).ConfigureAwait(false);
            }
            finally
            {
                await session.Prepare("SELECT pg_advisory_unlock($1)").Bind(MigrationLock).RunAsync().ConfigureAwait(false);
            }
        }
    }

    /// <exception cref="StoreOpenException">The server is too old.</exception>
    public static async Task RefuseOldAsync(PostgresSession session)
    {
        var version = await session.Prepare("SELECT current_setting('server_version_num')::bigint").Int64Async().ConfigureAwait(false);
        if (version < OldestVersion)
            throw new StoreOpenException($"Grapnel needs PostgreSQL 14 or newer; this server is version {version / 10000}.");
    }

    private static async Task LockAsync(PostgresSession session, ILogger logger)
    {
        if (await session.Prepare("SELECT 1 WHERE pg_try_advisory_lock($1)").Bind(MigrationLock).AnyAsync().ConfigureAwait(false))
            return;
        LogWaits(logger);
        // However long the node that migrates takes; the driver would give up after a few seconds.
        await session.Prepare("SELECT pg_advisory_lock($1)").Bind(MigrationLock).WithoutTimeout().RunAsync().ConfigureAwait(false);
    }

    /// <summary>Whether it is older than this version, or new. One that lacks the last step of making it, the first application, counts as such.</summary>
    /// <exception cref="StoreOpenException">It is of another program, or newer.</exception>
    public static async Task<bool> NeedsMigrationAsync(PostgresSession session)
    {
        if (!await HasTablesAsync(session).ConfigureAwait(false))
            return true;
        var applied = await session.Prepare("SELECT \"MigrationId\" FROM \"__EFMigrationsHistory\"").RowsAsync(row => row.Text(0)).ConfigureAwait(false);
        var known = KnownMigrations();
        if (applied.Count > 0 && !applied.Exists(known.Contains))
            throw new StoreOpenException(
                "The database belongs to another program, which also keeps a table __EFMigrationsHistory. Give Grapnel a database of its own.");
        if (applied.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
            throw new StoreOpenException($"The database was written by a newer version of Grapnel (it has {unknown}). Use that version or a later one.");
        return applied.Count < known.Count || !await session.Prepare("SELECT 1 FROM application LIMIT 1").AnyAsync().ConfigureAwait(false);
    }

    /// <summary>Whether tables have been made, of whatever version.</summary>
    public static Task<bool> HasTablesAsync(PostgresSession session) =>
        session.Prepare("SELECT 1 WHERE to_regclass('\"__EFMigrationsHistory\"') IS NOT NULL").AnyAsync();

    public static HashSet<string> KnownMigrations() => [.. typeof(PostgresSchema).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(Migration)) && type.GetCustomAttribute<DbContextAttribute>()!.ContextType == typeof(PostgresCatalogContext))
        .Select(type => type.GetCustomAttribute<MigrationAttribute>()!.Id)];

    /// <summary>Makes the tables, or what of them is missing.</summary>
    public static void Migrate(PostgresSession session)
    {
        using var catalog = PostgresCatalogDatabase.OpenCatalog(session);
        catalog.Database.AutoTransactionBehavior = AutoTransactionBehavior.WhenNeeded;
        catalog.Database.SetCommandTimeout(TimeSpan.Zero);
        catalog.Database.Migrate();
    }

    private static void Seed(PostgresSession session, TimeProvider time)
    {
        using var catalog = PostgresCatalogDatabase.OpenCatalog(session);
        catalog.Database.AutoTransactionBehavior = AutoTransactionBehavior.WhenNeeded;
        CatalogSeed.AddTo(catalog, time);
    }

    [LoggerMessage(EventId = 502, Level = LogLevel.Information, Message = "Another process is making or changing the tables of the database; this one waits for it")]
    private static partial void LogWaits(ILogger logger);

    [LoggerMessage(EventId = 503, Level = LogLevel.Information, Message = "The tables of the database have been brought to this version")]
    private static partial void LogMigrated(ILogger logger);
}
