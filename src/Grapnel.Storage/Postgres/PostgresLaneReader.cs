
namespace Grapnel.Storage.Postgres;

/// <summary>Reads one page of a lane: a merge of its runs, cut before the messages are fetched, so that the byte limit bounds what is read.</summary>
internal sealed class PostgresLaneReader(PostgresSession session, LaneRead read)
{
    public async Task<LanePage> ReadAsync()
    {
        // One more than asked for, to know whether there are more.
        var rows = await session.Prepare(read.Ordered ? LaneSql.InOrder : LaneSql.InTurns)
            .Bind(read.EndpointId).Bind(read.Now).Bind(read.Limit + 1L).Bind(read.Ordered ? 0 : read.AfterSeq).Bind(read.Held.ToArray())
            .RowsAsync(row => new LaneRow(row)).ConfigureAwait(false);
        bool IsLater(LaneRow row) => row.DueAt > read.Now;
        // In an ordered lane, what was tried has its place, due or not.
        var runs = rows.Where(row => !IsLater(row) || (read.Ordered && row.Stage == Stage.Tried)).DistinctBy(row => row.Seq).ToLookup(row => row.Stage);
        var page = new List<LaneRow>();
        var more = read.Ordered
            ? Merge(page, runs.SelectMany(run => run).OrderBy(row => row.Seq))
            : Merge(page, LaneTurns.Merge(runs[Stage.Tried], runs[Stage.Scheduled], runs[Stage.Fresh]));
        return new LanePage(
            await FetchAsync(page).ConfigureAwait(false), more, rows.Where(IsLater).Select(row => (long?)row.DueAt).Min(), await ReadHealthAsync(session, read.EndpointId).ConfigureAwait(false))
        {
            IsPaused = await IsPausedAsync(session, read.EndpointId).ConfigureAwait(false),
        };
    }

    private bool Merge(List<LaneRow> page, IEnumerable<LaneRow> rows)
    {
        var bytes = 0L;
        foreach (var row in rows)
        {
            if (page.Count >= read.Limit || (page.Count > 0 && bytes >= read.ByteLimit))
                return true;
            page.Add(row);
            bytes += Delivery.Overhead + row.Bytes;
        }
        return false;
    }

    private async Task<IReadOnlyList<Delivery>> FetchAsync(List<LaneRow> page)
    {
        if (page.Count == 0)
            return [];
        var messages = await Messages.ReadAsync(session, page.Select(row => row.Message), withPayload: true).ConfigureAwait(false);
        // One whose message is gone was ended after it was read here.
        return [.. page.Where(row => messages.ContainsKey(row.Message)).Select(row => new Delivery
        {
            EndpointId = read.EndpointId, Seq = row.Seq, DueAt = row.DueAt, Attempts = row.Attempts, Trigger = row.Trigger, Message = messages[row.Message],
        })];
    }

    internal static Task<bool> IsPausedAsync(PostgresSession session, Id<Endpoint> endpoint) =>
        session.Prepare("SELECT 1 FROM paused_lane WHERE endpoint_id = $1").Bind(endpoint).AnyAsync();

    internal static Task<EndpointHealth?> ReadHealthAsync(PostgresSession session, Id<Endpoint> endpoint) =>
        session.Prepare(Messages.HealthSql).Bind(endpoint).FirstAsync(Messages.ReadHealth);

    private sealed class LaneRow(PostgresRow row)
    {
        public int Stage { get; } = row.Int16(0);

        public long Seq { get; } = row.Int64(1);

        public long DueAt { get; } = row.Int64(2);

        public int Attempts { get; } = row.Int32(3);

        public Trigger Trigger { get; } = (Trigger)row.Int16(4);

        public Id<Message> Message { get; } = row.Id<Message>(5);

        public int Bytes { get; } = row.Int32(6);
    }
}

/// <summary>The runs of which a lane consists; see <c>hot.sql</c>.</summary>
internal static class Stage
{
    public const int Fresh = 0;
    public const int Tried = 1;
    public const int Scheduled = 2;
}
