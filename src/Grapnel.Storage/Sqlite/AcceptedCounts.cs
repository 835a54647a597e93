using System.Runtime.InteropServices;

namespace Grapnel.Storage.Sqlite;

/// <summary>
/// Messages accepted since the roll-ups were last written. They ride along with the next settle, which writes the same rows: accepting a message
/// costs no statement of its own. Used on the gate's thread only, and follows how its transactions end.
/// </summary>
internal sealed class AcceptedCounts(SqliteGate gate)
{
    private Dictionary<(Id<Application> Application, long Minute), int> _counts = [];

    /// <summary>Counts what this transaction accepts, once it is committed.</summary>
    public void Count(IReadOnlyList<AcceptItem> items, AcceptReceipt[] receipts, long now)
    {
        var minute = RollupBatch.MinuteOf(now);
        gate.TellHowItEnds(committed =>
        {
            for (var i = 0; committed && i < receipts.Length; i++)
            {
                if (receipts[i].Status == AcceptStatus.Accepted)
                    Add((items[i].Message.ApplicationId, minute), 1);
            }
        });
    }

    /// <summary>Hands what was counted over to this transaction; if that is undone, takes it back.</summary>
    public void MoveTo(RollupBatch batch)
    {
        if (_counts.Count == 0)
            return;
        var moved = _counts;
        _counts = [];
        foreach (var ((application, minute), count) in moved)
            batch.AddAccepted(application, minute, count);
        gate.TellHowItEnds(committed =>
        {
            foreach (var (key, count) in moved)
                Add(key, committed ? 0 : count);
        });
    }

    private void Add((Id<Application>, long) key, int count)
    {
        if (count > 0)
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, key, out _) += count;
    }
}
