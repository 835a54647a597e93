namespace Grapnel.Storage.Postgres;

/// <summary>
/// How many deliveries are pending, without ever counting them. Each process keeps its own parts of the sum, one for each kind of transaction, so that
/// none waits for another. Parts of processes that are gone are folded together now and then.
/// </summary>
internal static class PendingCount
{
    /// <summary>The part that accepting changes.</summary>
    public const int Accepting = 0;

    /// <summary>The part that settling changes.</summary>
    public const int Settling = 1;

    /// <summary>The part that everything else changes.</summary>
    public const int Other = 2;

    /// <summary>Adds to a part.</summary>
    public static async Task AddAsync(PostgresSession session, Guid writer, int part, int change)
    {
        if (change != 0)
            await session.Prepare("""
                INSERT INTO pending_part AS p (writer, part, value) VALUES ($1, $2, $3)
                ON CONFLICT (writer, part) DO UPDATE SET value = p.value + excluded.value
                """).Bind(writer).Bind(part).Bind((long)change).RunAsync().ConfigureAwait(false);
    }

    /// <summary>The sum.</summary>
    public static Task<long> ReadAsync(PostgresSession session) =>
        session.Prepare("SELECT coalesce(sum(value), 0)::bigint FROM pending_part").Int64Async();

    /// <summary>
    /// Folds all parts but one's own into one, as harmless for a process that still lives as for one that does not. Those in use just now are left out.
    /// </summary>
    public static Task<int> FoldAsync(PostgresSession session, Guid writer) => session.Prepare("""
        WITH foreign_part AS MATERIALIZED (
            SELECT writer, part FROM pending_part WHERE writer <> $1 AND writer <> $2 FOR UPDATE SKIP LOCKED
        ), folded AS (
            DELETE FROM pending_part p USING foreign_part f WHERE p.writer = f.writer AND p.part = f.part RETURNING p.value
        )
        INSERT INTO pending_part AS p (writer, part, value) SELECT $2, 2, coalesce(sum(value), 0) FROM folded
        ON CONFLICT (writer, part) DO UPDATE SET value = p.value + excluded.value
        """).Bind(writer).Bind(Guid.Empty).RunAsync();
}
