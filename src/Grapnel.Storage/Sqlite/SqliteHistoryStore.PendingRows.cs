namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteHistoryStore
{
    /// <summary>
    /// Messages with something pending, in order of place: a merge of the runs of all lanes, so that a page costs as much as there are lanes,
    /// and next to nothing for the backlog in them or for all that was delivered since. A message that is pending at several places is listed at
    /// the last of them.
    /// </summary>
    private sealed class PendingRows(SqliteSession session, MessageRowFilter filter)
    {
        private const int RowCost = 100;

        private readonly PriorityQueue<Run, long> _heads = new();
        private readonly IReadOnlyList<string> _labels = LabelsOf(filter.Channel, filter.Tag);
        private int _cost;

        public Page<MessageRow> Read(PageRequest page)
        {
            var position = PagePosition.Of(page);
            var start = PlaceKey.Parse(position.Iterator);
            foreach (var lane in Lanes())
                for (var stage = 0L; stage <= 2; stage++)
                    Advance(new Run(lane, stage, start?.Place ?? (position.Ascending ? 0 : long.MaxValue), 0), position.Ascending);
            var rows = new List<MessageRow>();
            for (var last = 0L; rows.Count <= page.Limit && _heads.TryDequeue(out var head, out _); last = head.Seq)
            {
                // Deliveries of one message that were accepted together share their place.
                if (head.Seq != last && FindRow(head) is { } row)
                    rows.Add(row);
                Advance(head, position.Ascending);
                if (_cost > ListWalk.Budget && rows.Count <= page.Limit)
                    return ListWalk.Unfinished(position, rows, start, new PlaceKey(head.Seq));
            }
            return position.ToPage(rows, page.Limit);
        }

        private IReadOnlyList<Id<Endpoint>> Lanes()
        {
            if (filter.EndpointId is { } endpoint)
                return [endpoint];
            if (filter.ApplicationId is not { } application)
                return ReadLanes(session.Prepare($"{LaneSql.Pending} SELECT endpoint_id FROM pending WHERE endpoint_id IS NOT NULL"));
            // Whose endpoint has been deleted is told by the message alone.
            return [
                .. ReadLanes(session.Prepare("SELECT id FROM endpoint WHERE application_id = ?").Bind(application)),
                .. ReadLanes(session.Prepare(LaneSql.Deleted).Bind(int.MaxValue))];
        }

        private static IReadOnlyList<Id<Endpoint>> ReadLanes(Statement select) => ReadAll(select, row => row.Id<Endpoint>(0));

        private void Advance(Run run, bool ascending)
        {
            var next = session.Prepare(ascending
                    ? "SELECT seq, message_n FROM delivery WHERE endpoint_id = ? AND stage = ? AND seq > ? ORDER BY seq LIMIT 1"
                    : "SELECT seq, message_n FROM delivery WHERE endpoint_id = ? AND stage = ? AND seq < ? ORDER BY seq DESC LIMIT 1")
                .Bind(run.Lane).Bind(run.Stage).Bind(run.Seq);
            if (!next.Step())
                return;
            var head = run with { Seq = next.Int64(0), Message = next.Int64(1) };
            next.Reset();
            _heads.Enqueue(head, ascending ? head.Seq : -head.Seq);
        }

        private MessageRow? FindRow(Run head)
        {
            _cost += RowCost;
            if (!Passes(head.Message) || SqliteHistoryStore.FindRow(session, head.Message, filter, steps => _cost += steps) is not { } found)
                return null;
            return found.Standing.LastPending(filter.EndpointId) == head.Seq ? found.As(new PlaceKey(head.Seq).ToString()) : null;
        }

        private bool Passes(long n)
        {
            var (after, before) = (filter.After ?? DateTimeOffset.MinValue, filter.Before ?? DateTimeOffset.MaxValue);
            return ReadAll(session.Prepare("SELECT id, application_id, event_type FROM message WHERE n = ?").Bind(n), row =>
                    (Id: row.Id<Message>(0), Application: row.Id<Application>(1), EventType: row.Text(2))) is [var message]
                && message.Id.Timestamp > after && message.Id.Timestamp < before
                && (filter.ApplicationId is null || message.Application == filter.ApplicationId)
                && filter.EventTypes?.Contains(message.EventType) != false
                && _labels.All(label => session
                    .Prepare("SELECT 1 FROM message_label WHERE application_id = ? AND label = ? AND message_id = ?")
                    .Bind(message.Application).Bind(label).Bind(message.Id).RunExists());
        }

        private sealed record Run(Id<Endpoint> Lane, long Stage, long Seq, long Message);
    }
}
