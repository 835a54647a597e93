using System.Globalization;
using Grapnel.Storage.Catalog;
using Npgsql;

namespace Grapnel.Storage.Postgres;

/// <summary>
/// The partitions of the history. They are made ahead of time, so that no message waits for one, and dropped whole when all they hold is past
/// retention and owed to nobody.
/// </summary>
internal sealed class PostgresPartitions(TimeSpan width, TimeProvider time)
{
    private const int Ahead = 2;
    private const long Lock = 0x6772_6170_6e65_6c02;
    private static readonly string[] Tables = ["message", "message_label", "finished_delivery", "attempt"];

    private readonly long _widthMs = (long)width.TotalMilliseconds;

    /// <summary>Makes the partitions of now and of the time that comes.</summary>
    public async Task EnsureAsync(PostgresSession session)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        for (var n = 0; n <= Ahead; n++)
        {
            var at = now + n * _widthMs;
            if (!await IsCoveredAsync(session, at).ConfigureAwait(false))
                await AddAsync(session, at).ConfigureAwait(false);
        }
    }

    /// <summary>Makes the partitions of a span of time, the latest of it where there would be more than so many.</summary>
    public async Task CoverAsync(PostgresSession session, DateTimeOffset first, DateTimeOffset last, int most)
    {
        var (from, to) = (first.ToUnixTimeMilliseconds(), last.ToUnixTimeMilliseconds());
        for (var at = Math.Max(from, to - (most - 1) * _widthMs); ; at += _widthMs)
        {
            if (!await IsCoveredAsync(session, Math.Min(at, to)).ConfigureAwait(false))
                await AddAsync(session, Math.Min(at, to)).ConfigureAwait(false);
            if (at >= to)
                return;
        }
    }

    /// <summary>Drops partitions that lie before a time altogether, but for those that hold something that is owed; tells how many.</summary>
    public async Task<int> DropAsync(PostgresSession session, DateTimeOffset before)
    {
        var old = await session.Prepare("SELECT start, until FROM history_partition WHERE until <= $1 ORDER BY start")
            .Bind(before.ToUnixTimeMilliseconds()).RowsAsync(row => (Start: row.Int64(0), Until: row.Int64(1))).ConfigureAwait(false);
        var dropped = 0;
        foreach (var (start, until) in old)
        {
            if (!await IsOwedAsync(session, start, until).ConfigureAwait(false) && await TryDropAsync(session, start, until).ConfigureAwait(false))
                dropped++;
        }
        return dropped;
    }

    /// <summary>
    /// Enters pages of attempts into the index over their ids that have been written since the last time, in the partitions that are written to: this one,
    /// and the one before it. What retries add to older ones is little, and entered when they are vacuumed.
    /// </summary>
    public async Task SummarizeAsync(PostgresSession session)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var starts = await session.Prepare("SELECT start FROM history_partition WHERE start <= $1 AND until > $2 ORDER BY start")
            .Bind(now).Bind(now - _widthMs).RowsAsync(row => row.Int64(0)).ConfigureAwait(false);
        // Sooner given up than the server ends a vacuum that is in the way; that one does the same.
        foreach (var start in starts)
            await TryAsync(session, () => session.Prepare("""
                SELECT brin_summarize_new_values(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
                WHERE i.indrelid = to_regclass($1) AND m.amname = 'brin'
                """).Bind(Name("attempt", start)).WithoutTimeout().AnyAsync()).ConfigureAwait(false);
    }

    /// <summary>
    /// The end of what is to be removed message by message, so that nothing is left from before a time: the partition that the time falls into goes whole,
    /// later.
    /// </summary>
    public static async Task<Id<Message>> FindEndAsync(PostgresSession session, DateTimeOffset before) =>
        Id<Message>.FirstAt(DateTimeOffset.FromUnixTimeMilliseconds(await session.Prepare(
            "SELECT coalesce((SELECT start FROM history_partition WHERE start <= $1 AND until > $1), $1)")
            .Bind(before.ToUnixTimeMilliseconds()).Int64Async().ConfigureAwait(false)));

    private Task<bool> AddAsync(PostgresSession session, long at) => TryAsync(session, async () =>
    {
        if (await IsCoveredAsync(session, at).ConfigureAwait(false))
            return false;
        // Between its neighbours, should the width have changed.
        var (start, until) = (at - at % _widthMs, at - at % _widthMs + _widthMs);
        start = Math.Max(start, await session.Prepare("SELECT coalesce(max(until), 0) FROM history_partition WHERE until <= $1").Bind(at).Int64Async().ConfigureAwait(false));
        until = Math.Min(until, await session.Prepare("SELECT coalesce(min(start), $2) FROM history_partition WHERE start > $1").Bind(at).Bind(until).Int64Async().ConfigureAwait(false));
        await session.Prepare("INSERT INTO history_partition (start, until) VALUES ($1, $2)").Bind(start).Bind(until).RunAsync().ConfigureAwait(false);
        // Attached rather than made in place: that leaves the table open to everybody else.
        foreach (var table in Tables)
        {
            await session.Prepare($"CREATE TABLE {Name(table, start)} (LIKE {table} INCLUDING DEFAULTS)").RunAsync().ConfigureAwait(false);
            await session.Prepare($"""
                ALTER TABLE {table} ATTACH PARTITION {Name(table, start)} FOR VALUES FROM ('{BoundAt(start)}') TO ('{BoundAt(until)}')
                """).RunAsync().ConfigureAwait(false);
        }
        return true;
    });

    private static Task<bool> IsCoveredAsync(PostgresSession session, long at) =>
        session.Prepare("SELECT 1 FROM history_partition WHERE start <= $1 AND until > $1").Bind(at).AnyAsync();

    // The event ids of its messages are left to the sweep over old messages, which removes them a little at a time.
    private static Task<bool> TryDropAsync(PostgresSession session, long start, long until) => TryAsync(session, async () =>
    {
        // Another node may have been first.
        if (await session.Prepare("DELETE FROM history_partition WHERE start = $1").Bind(start).RunAsync().ConfigureAwait(false) == 0)
            return false;
        // Asked again behind the lock, for a replay may have come in between.
        await session.Prepare($"LOCK TABLE {Name("message", start)} IN ACCESS EXCLUSIVE MODE").RunAsync().ConfigureAwait(false);
        if (await IsOwedAsync(session, start, until).ConfigureAwait(false))
            return false;
        foreach (var table in Tables)
            await session.Prepare($"DROP TABLE {Name(table, start)}").RunAsync().ConfigureAwait(false);
        return true;
    });

    private static Task<bool> IsOwedAsync(PostgresSession session, long start, long until) =>
        session.Prepare("SELECT 1 FROM delivery WHERE message_id >= $1 AND message_id < $2 LIMIT 1").Bind(BoundAt(start)).Bind(BoundAt(until))
            .WithoutTimeout().AnyAsync();

    // Publishing must not stand behind this: what is not to be had in a moment is left to the next turn, as is what another node does just now, or
    // rows in the default partition that belong where the new one would be. Sooner than the server looks for deadlocks: where this is part of
    // one, it is this that gives way.
    private static async Task<bool> TryAsync(PostgresSession session, Func<Task<bool>> change)
    {
        var transaction = await session.Connection.BeginTransactionAsync(session.CancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            try
            {
                await session.Prepare("SET LOCAL lock_timeout = '500ms'").RunAsync().ConfigureAwait(false);
                await session.Prepare("SELECT pg_advisory_xact_lock($1)").Bind(Lock).RunAsync().ConfigureAwait(false);
                if (!await change().ConfigureAwait(false))
                    return false;
                await transaction.CommitAsync(session.CancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (PostgresException error) when (error.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.CheckViolation
                or PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.DeadlockDetected)
            {
                return false;
            }
        }
    }

    private static Guid BoundAt(long ms) => Uuid.Of(Id<Message>.FirstAt(DateTimeOffset.FromUnixTimeMilliseconds(ms)));

    private static string Name(string table, long start) =>
        table + DateTimeOffset.FromUnixTimeMilliseconds(start).ToString("'_'yyyyMMddHHmm", CultureInfo.InvariantCulture);
}
