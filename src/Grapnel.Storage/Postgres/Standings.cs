using Grapnel.Sending;

namespace Grapnel.Storage.Postgres;

/// <summary>Where messages stand at their endpoints, read for all of them at once: one statement each for attempts, for what is pending, and for ends.</summary>
internal sealed class Standings
{
    private readonly Dictionary<(Id<Message>, Id<Endpoint>), Trace> _traces = [];
    private readonly Dictionary<(Id<Endpoint>, long), PendingDelivery> _pending = [];
    private readonly Dictionary<(Id<Message>, Id<Endpoint>), DeliveryState> _ends = [];

    private Standings()
    {
    }

    /// <summary>What it took to read, in rows and seeks.</summary>
    public int Cost { get; private set; }

    /// <summary>Reads where messages stand.</summary>
    /// <param name="session">Where to read.</param>
    /// <param name="messages">The messages.</param>
    /// <param name="endpoint">Only at this endpoint.</param>
    /// <param name="alsoDelivered">Whether to look for what is pending or ended where an attempt succeeded, too.</param>
    public static async Task<Standings> ReadAsync(
        PostgresSession session, IReadOnlyCollection<OwedMessage> messages, Id<Endpoint>? endpoint = null, bool alsoDelivered = false)
    {
        var standings = new Standings();
        var owed = messages.SelectMany(message => message.Owed, (message, pair) => (message.Id, pair.EndpointId, pair.Seq))
            .Where(place => endpoint is null || place.EndpointId == endpoint).ToList();
        if (owed.Count == 0)
            return standings;
        var ids = owed.Select(place => place.Id).Distinct().Order().ToList();
        await standings.ReadAttemptsAsync(session, ids, endpoint).ConfigureAwait(false);
        owed.RemoveAll(place => !alsoDelivered && standings._traces.GetValueOrDefault((place.Id, place.EndpointId)) is { Succeeded: true });
        if (owed.Count == 0)
            return standings;
        await standings.ReadPendingAsync(session, owed.ConvertAll(place => (place.EndpointId, place.Seq))).ConfigureAwait(false);
        await standings.ReadEndsAsync(session, owed.Select(place => place.Id).Distinct().Order().ToList()).ConfigureAwait(false);
        return standings;
    }

    /// <summary>The pending delivery at one of the places, the scheduled one before manual ones; null when there is none.</summary>
    public PendingDelivery? Pending(Id<Endpoint> endpoint, IEnumerable<long> places) => places
        .Where(seq => _pending.ContainsKey((endpoint, seq))).Select(seq => (PendingDelivery?)_pending[(endpoint, seq)])
        .OrderBy(delivery => delivery!.Value.Trigger).FirstOrDefault();

    /// <summary>How the delivery ended. Delivered stays delivered, since the first time; else the last end counts.</summary>
    public DeliveryState? End(Id<Message> message, Id<Endpoint> endpoint)
    {
        var trace = _traces.GetValueOrDefault((message, endpoint));
        return _ends.TryGetValue((message, endpoint), out var other) ? Decisive(trace?.End, other) : trace?.End;
    }

    /// <summary>What is pending comes before what has ended.</summary>
    public DeliveryState? State(Id<Message> message, IGrouping<Id<Endpoint>, long> places)
    {
        var state = Pending(places.Key, places) is { } pending
            ? new DeliveryState(places.Key, null, pending.DueAt, pending.Attempts, null)
            : End(message, places.Key);
        return state is null ? null : state with { LastOutcome = _traces.GetValueOrDefault((message, places.Key))?.LastOutcome };
    }

    /// <summary>Any success is a success; then what is pending counts, and then how it ended.</summary>
    public Destination Destination(Id<Message> message, IGrouping<Id<Endpoint>, long> places, Func<Id<Endpoint>, long, bool>? isSending = null)
    {
        var (endpoint, trace) = (places.Key, _traces.GetValueOrDefault((message, places.Key)));
        if (trace is { Succeeded: true })
            return new Destination(endpoint, DeliveryStatus.Success, null, trace.Url);
        if (Pending(endpoint, places) is { } pending)
            return isSending?.Invoke(endpoint, pending.Seq) == true
                ? new Destination(endpoint, DeliveryStatus.Sending, null, trace?.Url)
                : new Destination(endpoint, DeliveryStatus.Pending, pending.DueAt > DateTimeOffset.UnixEpoch ? pending.DueAt : null, trace?.Url);
        var isCancelled = End(message, endpoint)?.End is DeliveryEnd.Cancelled or DeliveryEnd.EndpointDeleted;
        return new Destination(endpoint, isCancelled ? DeliveryStatus.Canceled : DeliveryStatus.Fail, null, trace?.Url);
    }

    // An index on endpoints would find the attempts of all messages: the endpoint is a test of what was found, and written so that no index fits.
    private async Task ReadAttemptsAsync(PostgresSession session, List<Id<Message>> ids, Id<Endpoint>? endpoint)
    {
        var attempts = await session.Prepare($"""
            SELECT message_id, endpoint_id, outcome, url, "end", started_at + duration_ms, end_attempts FROM attempt
            WHERE message_id = ANY ($1) AND message_id >= $2 AND message_id <= $3 AND ($4::uuid IS NULL OR endpoint_id IS NOT DISTINCT FROM $4)
            ORDER BY message_id, id
            """).Bind<Message>(ids).Bind(ids[0]).Bind(ids[^1]).Bind(endpoint).RowsAsync(row => Note(row)).ConfigureAwait(false);
        Cost += attempts.Count;
    }

    private bool Note(PostgresRow row)
    {
        var (message, endpoint) = (row.Id<Message>(0), row.Id<Endpoint>(1));
        if (!_traces.TryGetValue((message, endpoint), out var trace))
            _traces.Add((message, endpoint), trace = new Trace());
        trace.LastOutcome = (SendOutcome)row.Int16(2);
        trace.Succeeded |= trace.LastOutcome == SendOutcome.Success;
        trace.Url = row.Text(3);
        if (row.Int16OrNull(4) is { } end)
            trace.End = Decisive(trace.End, new DeliveryState(endpoint, (DeliveryEnd)end, row.Time(5), row.Int32(6), null));
        return trace.Succeeded;
    }

    private async Task ReadPendingAsync(PostgresSession session, List<(Id<Endpoint> EndpointId, long Seq)> places)
    {
        var rows = await session.Prepare("""
            SELECT d.endpoint_id, d.seq, d.trigger, d.due_at, d.attempts FROM unnest($1::uuid[], $2::bigint[]) AS p (endpoint_id, seq)
            JOIN delivery d ON d.endpoint_id = p.endpoint_id AND d.stage = ANY ('{0,1,2}') AND d.seq = p.seq
            """).Bind(places.Select(pair => pair.EndpointId)).Bind(places.Select(pair => pair.Seq).ToArray())
            .RowsAsync(row => (Endpoint: row.Id<Endpoint>(0), Delivery: new PendingDelivery(row.Int64(1), (Trigger)row.Int16(2), row.Time(3), row.Int32(4))))
            .ConfigureAwait(false);
        foreach (var (endpoint, delivery) in rows)
            _pending.TryAdd((endpoint, delivery.Seq), delivery);
        Cost += places.Count;
    }

    private async Task ReadEndsAsync(PostgresSession session, List<Id<Message>> ids)
    {
        var rows = await session.Prepare("""
            SELECT message_id, endpoint_id, "end", at, attempts FROM finished_delivery WHERE message_id = ANY ($1) AND message_id >= $2 AND message_id <= $3
            """).Bind<Message>(ids).Bind(ids[0]).Bind(ids[^1])
            .RowsAsync(row => (Message: row.Id<Message>(0), State: new DeliveryState(row.Id<Endpoint>(1), (DeliveryEnd)row.Int16(2), row.Time(3), row.Int32(4), null)))
            .ConfigureAwait(false);
        foreach (var (message, state) in rows)
            _ends[(message, state.EndpointId)] = state;
        Cost += rows.Count;
    }

    // A message that was sent again can have ended more than once.
    private static DeliveryState Decisive(DeliveryState? one, DeliveryState other) => (one?.End, other.End) switch
    {
        (null, _) => other,
        (DeliveryEnd.Delivered, DeliveryEnd.Delivered) => one!.At <= other.At ? one : other,
        (DeliveryEnd.Delivered, _) => one!,
        (_, DeliveryEnd.Delivered) => other,
        _ => one!.At > other.At ? one : other,
    };

    /// <summary>What the attempts of one message tell about one endpoint.</summary>
    private sealed class Trace
    {
        public SendOutcome LastOutcome { get; set; }

        public bool Succeeded { get; set; }

        public DeliveryState? End { get; set; }

        public string Url { get; set; } = "";
    }
}
