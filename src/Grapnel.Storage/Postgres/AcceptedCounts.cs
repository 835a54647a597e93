namespace Grapnel.Storage.Postgres;

/// <summary>
/// Messages accepted since the roll-ups were last written. They ride along with the next settle, which writes the same rows: accepting a message
/// costs no statement of its own.
/// </summary>
internal sealed class AcceptedCounts
{
    private readonly Lock _lock = new();
    private Dictionary<(Id<Application> Application, long Minute), int> _counts = [];

    /// <summary>Counts messages whose acceptance is durable.</summary>
    public void Count(IReadOnlyList<AcceptItem> items, AcceptReceipt[] receipts, long now)
    {
        var minute = RollupBatch.MinuteOf(now);
        lock (_lock)
        {
            for (var i = 0; i < receipts.Length; i++)
            {
                if (receipts[i].Status == AcceptStatus.Accepted)
                    Add((items[i].Message.ApplicationId, minute), 1);
            }
        }
    }

    /// <summary>Hands what was counted over to a transaction; if that is undone, takes it back.</summary>
    public void MoveTo(PostgresSession session, RollupBatch batch)
    {
        Dictionary<(Id<Application> Application, long Minute), int> moved;
        lock (_lock)
        {
            if (_counts.Count == 0)
                return;
            moved = _counts;
            _counts = [];
        }
        foreach (var ((application, minute), count) in moved)
            batch.AddAccepted(application, minute, count);
        session.TellHowItEnds(committed =>
        {
            if (committed)
                return;
            lock (_lock)
                foreach (var (key, count) in moved)
                    Add(key, count);
        });
    }

    private void Add((Id<Application>, long) key, int count) => _counts[key] = _counts.GetValueOrDefault(key) + count;
}
