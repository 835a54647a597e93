namespace Grapnel.Storage.Sqlite;

/// <summary>The rows of <c>rollup</c>: adding to them, adding them up, forgetting them.</summary>
internal static class Rollups
{
    private const long MinuteMs = RollupBatch.MinuteMs;
    private const long HourMs = RollupBatch.HourMs;
    private const int Minute = 1;
    private const int Hour = 60;

    /// <summary>Adds what a transaction adds: to the minutes, and to the hours around them. Call it once with a batch.</summary>
    public static void Store(SqliteSession session, RollupBatch batch)
    {
        var scratch = new RollupSum();
        foreach (var (scope, minute, sum) in batch.Rows())
        {
            Add(session, Minute, minute, scope, sum, scratch);
            Add(session, Hour, minute - minute % HourMs, scope, sum, scratch);
        }
    }

    /// <summary>Adds up what happened over spans of equal width, the oldest first; spans without any rows are left out.</summary>
    public static IReadOnlyList<RollupSpan> Sum(SqliteSession session, RollupScope scope, DateTimeOffset since, DateTimeOffset until, TimeSpan width)
    {
        var spans = new List<RollupSpan>();
        var (widthMs, end) = ((long)width.TotalMilliseconds, until.ToUnixTimeMilliseconds());
        // The minute in which it begins counts only from its very beginning.
        for (var at = (since.ToUnixTimeMilliseconds() + MinuteMs - 1) / MinuteMs * MinuteMs; at < end;)
        {
            var wholeHour = widthMs % HourMs == 0 && at % HourMs == 0 && at + HourMs <= end;
            var select = Select(session, wholeHour ? Hour : Minute, at, scope);
            if (select.Step())
            {
                AddRow(select, SpanAt(spans, at - at % widthMs).Sum);
                select.Reset();
            }
            at += wholeHour ? HourMs : MinuteMs;
        }
        return spans;
    }

    /// <summary>Forgets up to <paramref name="limit"/> rows of each width that lie before a time; tells how many of the one that had more.</summary>
    public static int Prune(SqliteSession session, DateTimeOffset before, int limit)
    {
        var end = before.ToUnixTimeMilliseconds();
        return Math.Max(Prune(session, Minute, end, limit), Prune(session, Hour, end - HourMs + MinuteMs, limit));
    }

    private static int Prune(SqliteSession session, int width, long before, int limit) =>
        session.Prepare("""
            DELETE FROM rollup WHERE (width, start, scope) IN (SELECT width, start, scope FROM rollup WHERE width = ? AND start < ? LIMIT ?)
            """).Bind(width).Bind(before).Bind(limit).Run();

    private static void Add(SqliteSession session, int width, long start, RollupScope scope, RollupSum sum, RollupSum scratch)
    {
        var select = Select(session, width, start, scope);
        if (select.Step())
        {
            scratch.Clear();
            scratch.Add(sum);
            sum = scratch;
            AddRow(select, sum);
            select.Reset();
        }
        Span<byte> durations = stackalloc byte[DurationHistogram.MaxPackedBytes];
        session.Prepare("""
            INSERT OR REPLACE INTO rollup (width, start, scope, accepted, succeeded, failed, retried, given_up, cancelled, duration_ms, max_duration_ms, durations)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
            .Bind(width).Bind(start).Bind(IdOf(scope)).Bind(sum.Accepted).Bind(sum.Succeeded).Bind(sum.Failed).Bind(sum.Retried).Bind(sum.GivenUp)
            .Bind(sum.Cancelled).Bind(sum.DurationMs).Bind(sum.MaxDurationMs).Bind((ReadOnlySpan<byte>)durations[..sum.Durations.Pack(durations)])
            .Run();
    }

    private static Statement Select(SqliteSession session, int width, long start, RollupScope scope) =>
        session.Prepare("""
            SELECT accepted, succeeded, failed, retried, given_up, cancelled, duration_ms, max_duration_ms, durations
            FROM rollup WHERE width = ? AND start = ? AND scope = ?
            """).Bind(width).Bind(start).Bind(IdOf(scope));

    private static void AddRow(Statement row, RollupSum sum)
    {
        sum.Accepted += row.Int64(0);
        sum.Succeeded += row.Int64(1);
        sum.Failed += row.Int64(2);
        sum.Retried += row.Int64(3);
        sum.GivenUp += row.Int64(4);
        sum.Cancelled += row.Int64(5);
        sum.DurationMs += row.Int64(6);
        sum.MaxDurationMs = Math.Max(sum.MaxDurationMs, row.Int32(7));
        sum.Durations.AddPacked(row.Blob(8));
    }

    private static RollupSpan SpanAt(List<RollupSpan> spans, long start)
    {
        var time = DateTimeOffset.FromUnixTimeMilliseconds(start);
        if (spans is [.., var last] && last.Start == time)
            return last;
        spans.Add(new RollupSpan(time, new RollupSum()));
        return spans[^1];
    }

    // Bound like any id.
    private static Id<Endpoint> IdOf(RollupScope scope) => new(scope.Value);
}
