namespace Grapnel.Storage.Postgres;

/// <summary>Places in the order of acceptance. The sequence steps by a thousand and some, which one transaction shares out, one after the other.</summary>
internal static class Places
{
    /// <summary>How many places one call of the sequence gives; see <c>hot.sql</c>.</summary>
    public const int PerCall = 1024;

    /// <summary>The place of the one with an index, from 0, among those that share what the sequence gave.</summary>
    public static long Of(IReadOnlyList<long> given, int index) => given[index / PerCall] + index % PerCall;

    /// <summary>The same as SQL, for an item that is counted from 1.</summary>
    public static string Of(string given, string item) => $"{given}[1 + ({item} - 1) / {PerCall}] + ({item} - 1) % {PerCall}";

    /// <summary>Takes as many as are asked for.</summary>
    public static async Task<long[]> TakeAsync(PostgresSession session, int count)
    {
        if (count == 0)
            return [];
        var given = await session.Prepare("SELECT nextval('place') FROM generate_series(1, $1, $2)").Bind(count).Bind(PerCall).RowsAsync(row => row.Int64(0))
            .ConfigureAwait(false);
        return [.. Enumerable.Range(0, count).Select(index => Of(given, index))];
    }
}
