using Grapnel.Sending;

namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteHistoryStore
{
    /// <summary>
    /// One state per endpoint. What is pending comes before what has ended, and the scheduled delivery before manual ones.
    /// </summary>
    public Task<IReadOnlyList<DeliveryState>> ReadDeliveriesAsync(Message message, CancellationToken cancellationToken) =>
        readers.RunAsync(session =>
        {
            var attempts = EndpointAttempts.Read(session, message.Id);
            return (IReadOnlyList<DeliveryState>)[.. ReadOwed(session, message)
                .GroupBy(pair => pair.EndpointId, pair => pair.Seq)
                .OrderBy(group => group.Key)
                .Select(group => ReadPending(session, group.Key, group)?.State
                    ?? ReadEnd(session, group.Key, message.Id, attempts.GetValueOrDefault(group.Key)))
                .OfType<DeliveryState>()
                .Select(state => state with { LastOutcome = attempts.GetValueOrDefault(state.EndpointId)?.LastOutcome })];
        }, cancellationToken);

    public Task<Page<Destination>> ListDestinationsAsync(
        Message message, Func<Id<Endpoint>, long, bool> isSending, PageRequest page, CancellationToken cancellationToken) =>
        readers.RunAsync(session =>
        {
            var position = PagePosition.Of(page);
            Id<Endpoint>? from = position.Iterator is { } text ? PagePosition.ParseId<Endpoint>(text) : null;
            var attempts = EndpointAttempts.Read(session, message.Id);
            var owed = ReadOwed(session, message).GroupBy(pair => pair.EndpointId, pair => pair.Seq);
            owed = position.Ascending ? owed.OrderBy(group => group.Key) : owed.OrderByDescending(group => group.Key);
            var rows = owed.Where(group => from is not { } id || (position.Ascending ? group.Key.CompareTo(id) > 0 : group.Key.CompareTo(id) < 0))
                .Take(page.Limit + 1)
                .Select(group => ReadDestination(session, group.Key, group, message.Id, attempts.GetValueOrDefault(group.Key), isSending));
            return position.ToPage(rows.ToList(), page.Limit);
        }, cancellationToken);

    /// <summary>Any success is a success; then what is pending counts, and then how it ended.</summary>
    private static Destination ReadDestination(
        SqliteSession session, Id<Endpoint> endpoint, IEnumerable<long> places, Id<Message> message, EndpointAttempts? attempts,
        Func<Id<Endpoint>, long, bool> isSending)
    {
        if (attempts is { Succeeded: true })
            return new Destination(endpoint, DeliveryStatus.Success, null, attempts.Url);
        if (ReadPending(session, endpoint, places) is { } pending)
        {
            var next = pending.State.At > DateTimeOffset.UnixEpoch ? pending.State.At : (DateTimeOffset?)null;
            return isSending(endpoint, pending.Seq)
                ? new Destination(endpoint, DeliveryStatus.Sending, null, attempts?.Url)
                : new Destination(endpoint, DeliveryStatus.Pending, next, attempts?.Url);
        }
        var ended = ReadEnd(session, endpoint, message, attempts)?.End;
        return new Destination(
            endpoint, ended is DeliveryEnd.Cancelled or DeliveryEnd.EndpointDeleted ? DeliveryStatus.Canceled : DeliveryStatus.Fail, null, attempts?.Url);
    }

    private static List<(Id<Endpoint> EndpointId, long Seq)> ReadOwed(SqliteSession session, Message message)
    {
        var select = session.Prepare("SELECT owed FROM message WHERE application_id = ? AND id = ?").Bind(message.ApplicationId).Bind(message.Id);
        return ReadAll(select, row => Owed.Unpack(row.Blob(0))).FirstOrDefault() ?? [];
    }

    private static (long Seq, DeliveryState State)? ReadPending(SqliteSession session, Id<Endpoint> endpoint, IEnumerable<long> places)
    {
        var found = places.SelectMany(seq => ReadAll(
            session.Prepare("SELECT due_at, attempts, trigger FROM delivery WHERE endpoint_id = ? AND stage IN (0, 1, 2) AND seq = ?")
                .Bind(endpoint).Bind(seq),
            row => (Trigger: row.Int32(2), Seq: seq, State: new DeliveryState(endpoint, null, row.Time(0), row.Int32(1), null))));
        return found.OrderBy(row => row.Trigger).Select(row => ((long, DeliveryState)?)(row.Seq, row.State)).FirstOrDefault();
    }

    private static DeliveryState? ReadEnd(SqliteSession session, Id<Endpoint> endpoint, Id<Message> message) =>
        ReadEnd(session, endpoint, message, EndpointAttempts.Read(session, message, endpoint));

    // A message that was sent again can have ended more than once. Delivered stays delivered, since the first time; else the last end counts.
    private static DeliveryState? ReadEnd(SqliteSession session, Id<Endpoint> endpoint, Id<Message> message, EndpointAttempts? attempts)
    {
        var other = ReadAll(
            session.Prepare("SELECT end, at, attempts FROM finished_delivery WHERE message_id = ? AND endpoint_id = ?").Bind(message).Bind(endpoint),
            row => new DeliveryState(endpoint, (DeliveryEnd)row.Int32(0), row.Time(1), row.Int32(2), null)).FirstOrDefault();
        return other is null ? attempts?.End : EndpointAttempts.Decisive(attempts?.End, other);
    }

    /// <summary>What the attempts of one message tell about one endpoint, gathered in a single pass over them.</summary>
    private sealed class EndpointAttempts
    {
        public SendOutcome LastOutcome { get; private set; }

        public bool Succeeded { get; private set; }

        public DeliveryState? End { get; private set; }

        public string Url { get; private set; } = "";

        public static Dictionary<Id<Endpoint>, EndpointAttempts> Read(SqliteSession session, Id<Message> message) =>
            Read(session.Prepare($"{Columns} WHERE message_id = ? ORDER BY id").Bind(message));

        public static EndpointAttempts? Read(SqliteSession session, Id<Message> message, Id<Endpoint> endpoint) =>
            Read(session.Prepare($"{Columns} WHERE message_id = ? AND +endpoint_id = ? ORDER BY id").Bind(message).Bind(endpoint))
                .GetValueOrDefault(endpoint);

        public static DeliveryState Decisive(DeliveryState? one, DeliveryState other) => (one?.End, other.End) switch
        {
            (null, _) => other,
            (DeliveryEnd.Delivered, DeliveryEnd.Delivered) => one!.At <= other.At ? one : other,
            (DeliveryEnd.Delivered, _) => one!,
            (_, DeliveryEnd.Delivered) => other,
            _ => one!.At > other.At ? one : other,
        };

        private const string Columns =
            "SELECT endpoint_id, outcome, url, end, started_at + duration_ms, end_attempts FROM attempt";

        private static Dictionary<Id<Endpoint>, EndpointAttempts> Read(Statement select)
        {
            var all = new Dictionary<Id<Endpoint>, EndpointAttempts>();
            while (select.Step())
            {
                var endpoint = select.Id<Endpoint>(0);
                if (!all.TryGetValue(endpoint, out var attempts))
                    all.Add(endpoint, attempts = new EndpointAttempts());
                attempts.Note(select, endpoint);
            }
            return all;
        }

        private void Note(Statement row, Id<Endpoint> endpoint)
        {
            LastOutcome = (SendOutcome)row.Int32(1);
            Succeeded |= LastOutcome == SendOutcome.Success;
            Url = row.Text(2);
            if (row.Int64OrNull(3) is { } end)
                End = Decisive(End, new DeliveryState(endpoint, (DeliveryEnd)end, row.Time(4), row.Int32(5), null));
        }
    }
}
