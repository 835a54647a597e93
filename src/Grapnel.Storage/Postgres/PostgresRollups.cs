namespace Grapnel.Storage.Postgres;

/// <summary>
/// Writing roll-ups. A process has rows of its own, so it knows what is in those it wrote last and need not read them; one it does not know it reads
/// before it adds to it.
/// </summary>
internal sealed class PostgresRollups(Guid writer)
{
    private const int Minute = 1;
    private const int Hour = 60;
    private const int MaxKnown = 20_000;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private Dictionary<RollupKey, RollupSum> _known = [];

    /// <summary>
    /// Adds what a transaction adds. Comes last in it, for until it ends no other one of this process can: whoever holds the turn waits for nothing
    /// but the commit.
    /// </summary>
    public async Task StoreAsync(PostgresSession session, RollupBatch batch)
    {
        var added = Add(batch);
        if (added.Count == 0)
            return;
        await _turn.WaitAsync(session.CancellationToken).ConfigureAwait(false);
        session.TellHowItEnds(committed => End(added, committed));
        await ReadUnknownAsync(session, added).ConfigureAwait(false);
        foreach (var (key, sum) in added)
            if (_known.TryGetValue(key, out var before))
                sum.Add(before);
        await WriteAsync(session, added).ConfigureAwait(false);
    }

    private static Dictionary<RollupKey, RollupSum> Add(RollupBatch batch)
    {
        var added = new Dictionary<RollupKey, RollupSum>();
        foreach (var (scope, minute, sum) in batch.Rows())
        {
            Add(added, new RollupKey(Minute, minute, scope), sum);
            Add(added, new RollupKey(Hour, minute - minute % RollupBatch.HourMs, scope), sum);
        }
        return added;
    }

    private static void Add(Dictionary<RollupKey, RollupSum> sums, RollupKey key, RollupSum sum)
    {
        if (!sums.TryGetValue(key, out var total))
            sums.Add(key, total = new RollupSum());
        total.Add(sum);
    }

    // What was written is known only if it was committed; else it has to be read again.
    private void End(Dictionary<RollupKey, RollupSum> written, bool committed)
    {
        if (_known.Count + written.Count > MaxKnown)
            _known = [];
        foreach (var (key, sum) in written)
        {
            if (committed)
                _known[key] = sum;
            else
                _known.Remove(key);
        }
        _turn.Release();
    }

    private async Task ReadUnknownAsync(PostgresSession session, Dictionary<RollupKey, RollupSum> added)
    {
        var unknown = added.Keys.Where(key => !_known.ContainsKey(key)).ToList();
        if (unknown.Count == 0)
            return;
        var rows = await session.Prepare($"""
            SELECT r.width, r.start, r.scope, r.accepted, r.succeeded, r.failed, r.retried, r.given_up, r.cancelled, r.duration_ms, r.max_duration_ms, r.durations
            FROM unnest($1::smallint[], $2::bigint[], $3::uuid[]) AS k (width, start, scope)
            JOIN rollup r ON {IndexReads.Seek("r.width", "k.width")} AND r.start = k.start AND r.scope = k.scope AND r.writer = $4
            """)
            .Bind(unknown.ConvertAll(key => (short)key.Width).ToArray()).Bind(unknown.ConvertAll(key => key.Start).ToArray())
            .Bind(unknown.ConvertAll(key => key.Uuid).ToArray()).Bind(writer)
            .RowsAsync(row => (Key: new RollupKey(row.Int16(0), row.Int64(1), new RollupScope(row.UInt128(2))), Sum: ReadSum(row, 3)))
            .ConfigureAwait(false);
        foreach (var (key, sum) in rows)
            _known[key] = sum;
    }

    /// <summary>Reads a sum from the columns <c>accepted … durations</c>.</summary>
    public static RollupSum ReadSum(PostgresRow row, int column)
    {
        var sum = new RollupSum
        {
            Accepted = row.Int64(column),
            Succeeded = row.Int64(column + 1),
            Failed = row.Int64(column + 2),
            Retried = row.Int64(column + 3),
            GivenUp = row.Int64(column + 4),
            Cancelled = row.Int64(column + 5),
            DurationMs = row.Int64(column + 6),
            MaxDurationMs = row.Int32(column + 7),
        };
        sum.Durations.AddPacked(row.Blob(column + 8));
        return sum;
    }

    private Task<int> WriteAsync(PostgresSession session, Dictionary<RollupKey, RollupSum> sums)
    {
        var rows = sums.ToList();
        T[] Column<T>(Func<KeyValuePair<RollupKey, RollupSum>, T> value) => [.. rows.Select(value)];
        return session.Prepare("""
            INSERT INTO rollup (width, start, scope, writer, accepted, succeeded, failed, retried, given_up, cancelled, duration_ms, max_duration_ms, durations)
            SELECT r.width, r.start, r.scope, $4, r.accepted, r.succeeded, r.failed, r.retried, r.given_up, r.cancelled, r.duration_ms, r.max_duration_ms, r.durations
            FROM unnest($1::smallint[], $2::bigint[], $3::uuid[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[],
                $11::bigint[], $12::int[], $13::bytea[])
                AS r (width, start, scope, accepted, succeeded, failed, retried, given_up, cancelled, duration_ms, max_duration_ms, durations)
            ON CONFLICT (width, start, scope, writer) DO UPDATE SET accepted = excluded.accepted, succeeded = excluded.succeeded, failed = excluded.failed,
                retried = excluded.retried, given_up = excluded.given_up, cancelled = excluded.cancelled, duration_ms = excluded.duration_ms,
                max_duration_ms = excluded.max_duration_ms, durations = excluded.durations
            """)
            .Bind(Column(row => (short)row.Key.Width)).Bind(Column(row => row.Key.Start)).Bind(Column(row => row.Key.Uuid)).Bind(writer)
            .Bind(Column(row => row.Value.Accepted)).Bind(Column(row => row.Value.Succeeded)).Bind(Column(row => row.Value.Failed))
            .Bind(Column(row => row.Value.Retried)).Bind(Column(row => row.Value.GivenUp)).Bind(Column(row => row.Value.Cancelled))
            .Bind(Column(row => row.Value.DurationMs)).Bind(Column(row => row.Value.MaxDurationMs)).Bind(Column(row => Pack(row.Value.Durations)))
            .RunAsync();
    }

    private static byte[] Pack(DurationHistogram durations)
    {
        Span<byte> packed = stackalloc byte[DurationHistogram.MaxPackedBytes];
        return packed[..durations.Pack(packed)].ToArray();
    }

    private readonly record struct RollupKey(int Width, long Start, RollupScope Scope)
    {
        public Guid Uuid => Catalog.Uuid.Of(Scope.Value);
    }
}
