using Grapnel.Storage.Catalog;
using Grapnel.Storage.Postgres;

namespace Grapnel.Storage.Copying;

/// <summary>
/// How far a copy has come, in a table of the target that is there until the copy is verified. It moves in the transactions that bring the rows, so
/// a copy that was ended in any way goes on exactly where it was.
/// </summary>
internal static class CopyProgress
{
    private const string Exists = "to_regclass('copy_progress') IS NOT NULL";

    // The row without a name is of the copy itself.
    private const string Self = "";

    /// <summary>Refuses to use a database for anything but going on.</summary>
    /// <exception cref="StoreOpenException">A copy into it is not finished.</exception>
    public static async Task RefuseUnfinishedAsync(PostgresSession session)
    {
        if (await ExistsAsync(session).ConfigureAwait(false))
            throw new StoreOpenException("The copy into this database is not finished. Run 'grapnel copy' again, or use an empty database.");
    }

    public static Task<bool> ExistsAsync(PostgresSession session) => session.Prepare($"SELECT 1 WHERE {Exists}").AnyAsync();

    /// <summary>Begins a copy: the first thing that is written into an empty database, in one transaction.</summary>
    public static async Task BeginAsync(PostgresSession session, SourceIdentity source, DateTimeOffset now)
    {
        await session.Prepare("""
            CREATE TABLE copy_progress (
                name text PRIMARY KEY,
                store text,
                state text,
                begun_at bigint,
                cursor bytea,
                finished boolean NOT NULL DEFAULT false,
                rows bigint NOT NULL DEFAULT 0,
                changed bigint NOT NULL DEFAULT 0,
                hash uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
            )
            """).RunAsync().ConfigureAwait(false);
        await session.Prepare("INSERT INTO copy_progress (name, store, state, begun_at) VALUES ($1, $2, $3, $4)")
            .Bind(Self).Bind(source.Store).Bind(source.State).Bind(now.ToUnixTimeMilliseconds()).RunAsync().ConfigureAwait(false);
    }

    /// <summary>The source that an unfinished copy began with, and when that was.</summary>
    public static Task<(SourceIdentity Source, DateTimeOffset BegunAt)> ReadBeginningAsync(PostgresSession session) =>
        session.Prepare("SELECT store, state, begun_at FROM copy_progress WHERE name = $1").Bind(Self)
            .FirstAsync(row => (new SourceIdentity(row.Text(0), row.Text(1)), row.Time(2)));

    /// <summary>How far the tables have come; those that were not begun are missing.</summary>
    public static async Task<Dictionary<string, TableProgress>> ReadAsync(PostgresSession session)
    {
        var rows = await session.Prepare("SELECT name, cursor, finished, rows, changed, hash FROM copy_progress WHERE name <> $1").Bind(Self)
            .RowsAsync(row => (Name: row.Text(0), Progress: new TableProgress(
                row.IsNull(1) ? null : row.Blob(1), row.Bool(2), new RowSum(row.Int64(3), row.UInt128(5)), row.Int64(4)))).ConfigureAwait(false);
        return rows.ToDictionary(row => row.Name, row => row.Progress);
    }

    /// <summary>Writes down how far a table has come.</summary>
    public static Task<int> StoreAsync(PostgresSession session, string table, TableProgress progress) => session.Prepare("""
        INSERT INTO copy_progress (name, cursor, finished, rows, changed, hash) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, finished = excluded.finished, rows = excluded.rows, changed = excluded.changed,
            hash = excluded.hash
        """).Bind(table).Bind(progress.Cursor is { } cursor ? new ReadOnlyMemory<byte>(cursor) : default(ReadOnlyMemory<byte>?)).Bind(progress.Finished)
        .Bind(progress.Sum.Rows).Bind(progress.Changed).Bind(Uuid.Of(progress.Sum.Hash)).RunAsync();

    /// <summary>Ends a copy: from now on the database may be used.</summary>
    public static Task<int> EndAsync(PostgresSession session) => session.Prepare("DROP TABLE copy_progress").RunAsync();
}

/// <summary>How far a table has come.</summary>
/// <param name="Cursor">Where it goes on; null at the beginning, and at the end.</param>
/// <param name="Finished">Whether all of it is there.</param>
/// <param name="Sum">What was read of the source.</param>
/// <param name="Changed">How many rows the target could not hold as they were.</param>
internal sealed record TableProgress(byte[]? Cursor, bool Finished, RowSum Sum, long Changed);
