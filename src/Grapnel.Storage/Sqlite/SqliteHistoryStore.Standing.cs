namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteHistoryStore
{
    public Task<DeliveryProgress> ReadProgressAsync(Message message, CancellationToken cancellationToken) =>
        readers.RunAsync(session => Standing.Read(session, message.Id, ReadOwed(session, message)).Progress, cancellationToken);

    public Task<PendingDelivery?> FindPendingAsync(Message message, Id<Endpoint> endpoint, CancellationToken cancellationToken) =>
        readers.RunAsync(session =>
        {
            var places = ReadOwed(session, message).Where(pair => pair.EndpointId == endpoint).Select(pair => pair.Seq);
            var pending = places.SelectMany(seq => ReadAll(
                session.Prepare("SELECT due_at, attempts, trigger FROM delivery WHERE endpoint_id = ? AND stage IN (0, 1, 2) AND seq = ?")
                    .Bind(endpoint).Bind(seq),
                row => new PendingDelivery(seq, (Trigger)row.Int32(2), row.Time(0), row.Int32(1))));
            return pending.OrderBy(delivery => delivery.Trigger).Select(delivery => (PendingDelivery?)delivery).FirstOrDefault();
        }, cancellationToken);

    /// <summary>
    /// Where one message stands at each of its endpoints, by the rule of <see cref="ReadDestination"/>, with as few statements as there is to
    /// tell: for what was delivered, one for the whole message.
    /// </summary>
    private sealed class Standing(Dictionary<Id<Endpoint>, DeliveryStatus> endpoints)
    {
        private const int RowSteps = 5;
        private const int SeekSteps = 20;

        /// <summary>What it took to read, in steps of SQLite's machine.</summary>
        public int Cost { get; private set; }

        /// <summary>The last of the places, or of those at one endpoint, at which something is pending; 0 when nothing is.</summary>
        public long LastPending(Id<Endpoint>? endpoint) => _pending
            .Where(pair => endpoint is null || pair.EndpointId == endpoint).Select(pair => pair.Seq).DefaultIfEmpty().Max();

        private readonly List<(Id<Endpoint> EndpointId, long Seq)> _pending = [];

        public DeliveryProgress Progress => new(
            Count(DeliveryStatus.Success), Count(DeliveryStatus.Pending), Count(DeliveryStatus.Fail), Count(DeliveryStatus.Canceled));

        public static Standing Read(SqliteSession session, Id<Message> message, List<(Id<Endpoint> EndpointId, long Seq)> owed)
        {
            var standing = new Standing(new Dictionary<Id<Endpoint>, DeliveryStatus>(owed.Count));
            if (owed.Count == 0)
                return standing;
            var attempts = standing.ReadAttempts(session, message);
            foreach (var (endpoint, seq) in owed)
                standing.Add(session, endpoint, seq, attempts.GetValueOrDefault(endpoint));
            standing.AddEnds(session, message, attempts);
            return standing;
        }

        public bool Is(MessageStatus? status, Id<Endpoint>? endpoint) => status switch
        {
            null or MessageStatus.NotOwed => true,
            MessageStatus.Delivered => endpoint is { } one ? At(one) == DeliveryStatus.Success : endpoints.Values.All(state => state == DeliveryStatus.Success),
            MessageStatus.Pending => Has(DeliveryStatus.Pending, endpoint),
            MessageStatus.Failed => Has(DeliveryStatus.Fail, endpoint),
            _ => Has(DeliveryStatus.Canceled, endpoint),
        };

        private bool Has(DeliveryStatus status, Id<Endpoint>? endpoint) => endpoint is { } one ? At(one) == status : endpoints.ContainsValue(status);

        private DeliveryStatus? At(Id<Endpoint> endpoint) => endpoints.TryGetValue(endpoint, out var status) ? status : null;

        private int Count(DeliveryStatus status) => endpoints.Values.Count(state => state == status);

        private Dictionary<Id<Endpoint>, Trace> ReadAttempts(SqliteSession session, Id<Message> message)
        {
            var traces = new Dictionary<Id<Endpoint>, Trace>();
            var select = session.Prepare("SELECT endpoint_id, outcome, end, started_at + duration_ms FROM attempt WHERE message_id = ?").Bind(message);
            for (; select.Step(); Cost += RowSteps)
            {
                var (endpoint, lost) = (select.Id<Endpoint>(0), select.IsNull(2) ? 0 : select.Int64(3));
                var known = traces.GetValueOrDefault(endpoint);
                traces[endpoint] = new Trace(known.Succeeded || select.Int32(1) == 0, Math.Max(known.LostAt, lost));
            }
            return traces;
        }

        private void Add(SqliteSession session, Id<Endpoint> endpoint, long seq, Trace trace)
        {
            if (trace.Succeeded)
            {
                endpoints[endpoint] = DeliveryStatus.Success;
                return;
            }
            Cost += SeekSteps;
            if (SqliteDeliveryStore.IsPending(session, endpoint, seq))
            {
                endpoints[endpoint] = DeliveryStatus.Pending;
                _pending.Add((endpoint, seq));
            }
            else
            {
                endpoints.TryAdd(endpoint, DeliveryStatus.Fail);
            }
        }

        // Of several ends the last one counts.
        private void AddEnds(SqliteSession session, Id<Message> message, Dictionary<Id<Endpoint>, Trace> attempts)
        {
            if (!endpoints.ContainsValue(DeliveryStatus.Fail))
                return;
            var select = session.Prepare("SELECT endpoint_id, at FROM finished_delivery WHERE message_id = ?").Bind(message);
            for (; select.Step(); Cost += RowSteps)
            {
                var endpoint = select.Id<Endpoint>(0);
                if (At(endpoint) == DeliveryStatus.Fail && select.Int64(1) >= attempts.GetValueOrDefault(endpoint).LostAt)
                    endpoints[endpoint] = DeliveryStatus.Canceled;
            }
        }

        private readonly record struct Trace(bool Succeeded, long LostAt);
    }
}
