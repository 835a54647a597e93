using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

/// <summary>Reading and forgetting roll-ups. What several processes wrote of the same minute and scope is added up.</summary>
internal static class RollupSums
{
    private const long MinuteMs = RollupBatch.MinuteMs;
    private const long HourMs = RollupBatch.HourMs;

    // The key begins with the time, so that a range of times holds the rows of all scopes: each minute or hour of each scope is sought instead.
    // OFFSET keeps the planner from turning that into a walk over the range.
    private const string Sql = """
        SELECT c.n::int, s.start, r.*
        FROM unnest($1::uuid[]) WITH ORDINALITY AS c (scope, n)
        CROSS JOIN unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS t (width, since, until)
        CROSS JOIN LATERAL generate_series(t.since, t.until - 1, t.width * 60000::bigint) AS s (start)
        CROSS JOIN LATERAL (
            SELECT accepted, succeeded, failed, retried, given_up, cancelled, duration_ms, max_duration_ms, durations
            FROM rollup WHERE rollup.width = t.width AND rollup.start = s.start AND rollup.scope = c.scope OFFSET 0
        ) AS r
        ORDER BY c.n, s.start
        """;

    /// <summary>Adds up, for each scope, what happened over spans of equal width, the oldest first; spans without any rows are left out.</summary>
    public static async Task<IReadOnlyList<IReadOnlyList<RollupSpan>>> ReadAsync(
        PostgresSession session, IReadOnlyList<RollupScope> scopes, DateTimeOffset since, DateTimeOffset until, TimeSpan width)
    {
        var widthMs = (long)width.TotalMilliseconds;
        var stretches = Split(since.ToUnixTimeMilliseconds(), until.ToUnixTimeMilliseconds(), widthMs % HourMs == 0);
        var rows = await session.Prepare(Sql)
            .Bind(scopes.Select(scope => Uuid.Of(scope.Value)).ToArray()).Bind(stretches.ConvertAll(stretch => (short)(stretch.Step / MinuteMs)).ToArray())
            .Bind(stretches.ConvertAll(stretch => stretch.Since).ToArray()).Bind(stretches.ConvertAll(stretch => stretch.Until).ToArray())
            .RowsAsync(row => (Scope: row.Int32(0) - 1, Start: row.Int64(1), Sum: PostgresRollups.ReadSum(row, 2))).ConfigureAwait(false);
        var series = scopes.Select(_ => new List<RollupSpan>()).ToList();
        foreach (var (scope, start, sum) in rows)
            SpanAt(series[scope], start - start % widthMs).Sum.Add(sum);
        return series;
    }

    /// <summary>Forgets up to <paramref name="limit"/> rows of each width that lie before a time; tells how many of the one that had more.</summary>
    public static async Task<int> PruneAsync(PostgresSession session, DateTimeOffset before, int limit)
    {
        var end = before.ToUnixTimeMilliseconds();
        return Math.Max(
            await PruneAsync(session, MinuteMs, end, limit).ConfigureAwait(false),
            await PruneAsync(session, HourMs, end - HourMs + MinuteMs, limit).ConfigureAwait(false));
    }

    // Rows that another node is forgetting just now are left to it.
    private static Task<int> PruneAsync(PostgresSession session, long step, long before, int limit) => session.Prepare("""
        WITH old AS MATERIALIZED (
            SELECT width, start, scope, writer FROM rollup WHERE width = $1 AND start < $2
            ORDER BY width, start, scope, writer LIMIT $3 FOR UPDATE SKIP LOCKED
        )
        DELETE FROM rollup r USING old WHERE r.width = old.width AND r.start = old.start AND r.scope = old.scope AND r.writer = old.writer
        """).Bind((int)(step / MinuteMs)).Bind(before).Bind(limit).RunAsync();

    // Whole hours are read hour by hour, as far as the limits allow; the rest minute by minute. The minute in which it begins counts only from its
    // very beginning.
    private static List<(long Step, long Since, long Until)> Split(long since, long until, bool byHour)
    {
        var first = RoundUp(since, MinuteMs);
        var (firstHour, lastHour) = (RoundUp(first, HourMs), until - until % HourMs);
        return byHour && firstHour < lastHour
            ? [(MinuteMs, first, firstHour), (HourMs, firstHour, lastHour), (MinuteMs, lastHour, until)]
            : [(MinuteMs, first, until)];
    }

    private static long RoundUp(long ms, long step) => (ms + step - 1) / step * step;

    private static RollupSpan SpanAt(List<RollupSpan> spans, long start)
    {
        var time = DateTimeOffset.FromUnixTimeMilliseconds(start);
        if (spans is [.., var last] && last.Start == time)
            return last;
        spans.Add(new RollupSpan(time, new RollupSum()));
        return spans[^1];
    }
}
