namespace Grapnel.Storage.Postgres;

/// <summary>Reading history along its indexes, whatever the planner believes about the data.</summary>
internal static class IndexReads
{
    // Statistics are old or missing just where much was written, and they know nothing of an endpoint that is busier than the others. A plan that
    // sorts, hashes or scans looks cheap then, and reads everything; a walk along an index stops when it has enough. What little must be sorted
    // still is. Compiling would take longer than any of these statements.
    private const string Settings = """
        SELECT set_config(name, 'off', true)
        FROM unnest('{enable_sort,enable_seqscan,enable_hashjoin,enable_mergejoin,enable_incremental_sort,jit}'::text[]) AS name
        UNION ALL SELECT set_config('max_parallel_workers_per_gather', '0', true)
        """;

    /// <summary>Reads with any number of statements that all see the same.</summary>
    public static Task<T> ReadAlongIndexesAsync<T>(
        this PostgresDatabase database, Func<PostgresSession, Task<T>> read, CancellationToken cancellationToken) =>
        database.ReadSnapshotAsync(async session =>
        {
            await session.Prepare(Settings).RunAsync().ConfigureAwait(false);
            return await read(session).ConfigureAwait(false);
        }, cancellationToken);

    /// <summary>
    /// An equation of the first column of an index with a value of another table, to which the planner knows one answer: a seek for each value. A plain
    /// one could also be answered by going through the whole index, which looks cheap for as long as the table is believed to be small. The other columns
    /// of the key take plain equations.
    /// </summary>
    public static string Seek(string column, string value) => $"{column} = ANY (ARRAY[{value}])";

    /// <summary>Whether a text can be in the database at all: a NUL cannot, so whoever looks for one finds nothing.</summary>
    public static bool CanBeStored(string? text) => text is null || !text.Contains('\0', StringComparison.Ordinal);
}
