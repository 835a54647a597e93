namespace Grapnel.Storage.Tests.Conformance;

/// <summary>The plainest store there could be: lists in memory.</summary>
internal sealed class StoreModel
{
    private readonly List<Delivery> _pending = [];
    private readonly List<Delivery> _gone = [];
    private readonly Dictionary<(Id<Endpoint>, Id<Message>), (DeliveryEnd End, int Attempts)> _ends = [];
    private readonly List<Attempt> _attempts = [];

    public List<Message> Messages { get; } = [];

    public int PendingCount => _pending.Count;

    public static (long Seq, long DueAt, int Attempts, Trigger Trigger, Id<Message> Message) Essence(Delivery delivery) =>
        (delivery.Seq, delivery.DueAt, delivery.Attempts, delivery.Trigger, delivery.Message.Id);

    public Delivery? PickPending(int pick) => _pending.Count == 0 ? null : _pending[pick % _pending.Count];

    public Delivery? PickGone(int pick) => _gone.Count == 0 ? null : _gone[pick % _gone.Count];

    public Message? PickMessage(int pick) => Messages.Count == 0 ? null : Messages[pick % Messages.Count];

    public void Accept(Message message, Id<Endpoint>[] endpoints, long[] seqs)
    {
        Messages.Add(message);
        _pending.AddRange(endpoints.Zip(seqs, (endpoint, seq) => new Delivery
        {
            EndpointId = endpoint, Seq = seq, Message = message, DueAt = message.DeliverAt?.ToUnixTimeMilliseconds() ?? 0,
        }));
    }

    public void Resend(IReadOnlyList<Delivery> deliveries) => _pending.AddRange(deliveries);

    public void Settle(Settlement settlement)
    {
        _attempts.Add(settlement.Attempt);
        var at = _pending.FindIndex(delivery => delivery.EndpointId == settlement.Attempt.EndpointId && delivery.Seq == settlement.Seq);
        if (at < 0)
            return;
        if (settlement.End is { } end)
            End(_pending[at], end, settlement.Attempts);
        else
            _pending[at] = _pending[at] with { DueAt = settlement.DueAt, Attempts = settlement.Attempts };
    }

    public List<(Id<Endpoint>, long)> Cancel(Id<Message> message, Id<Endpoint>? endpoint)
    {
        var ended = _pending.FindAll(delivery => delivery.Message.Id == message && (endpoint is null || delivery.EndpointId == endpoint));
        ended.ForEach(delivery => End(delivery, DeliveryEnd.Cancelled, delivery.Attempts));
        return [.. ended.Select(delivery => (delivery.EndpointId, delivery.Seq))];
    }

    public int Drop(Id<Endpoint> lane, HashSet<long> left)
    {
        var dropped = _pending.FindAll(delivery => delivery.EndpointId == lane && !left.Contains(delivery.Seq));
        dropped.ForEach(delivery => End(delivery, DeliveryEnd.EndpointDeleted, delivery.Attempts));
        return dropped.Count;
    }

    public IEnumerable<Delivery> Pending(Id<Endpoint> lane) => _pending.Where(delivery => delivery.EndpointId == lane);

    public IEnumerable<Delivery> Due(Id<Endpoint> lane, long now) => Pending(lane).Where(delivery => delivery.DueAt <= now);

    public IEnumerable<Delivery> InOrder(Id<Endpoint> lane, long now) => Pending(lane)
        .Where(delivery => delivery.DueAt <= now || delivery.Attempts > 0)
        .OrderBy(delivery => delivery.Seq);

    public long? NextDueAt(Id<Endpoint> lane, long now) => Pending(lane)
        .Where(delivery => delivery.DueAt > now)
        .Min(delivery => (long?)delivery.DueAt);

    public IEnumerable<Id<Attempt>> Attempts(Id<Message> message) => _attempts
        .Where(attempt => attempt.MessageId == message)
        .Select(attempt => attempt.Id)
        .OrderDescending();

    public IEnumerable<(Id<Endpoint>, DeliveryEnd?, int)> States(Id<Message> message)
    {
        var pending = _pending
            .Where(delivery => delivery.Message.Id == message)
            .OrderBy(delivery => delivery.Trigger)
            .GroupBy(delivery => delivery.EndpointId, (endpoint, all) => (Endpoint: endpoint, End: (DeliveryEnd?)null, all.First().Attempts))
            .ToList();
        return _ends
            .Where(end => end.Key.Item2 == message && !pending.Exists(state => state.Endpoint == end.Key.Item1))
            .Select(end => (end.Key.Item1, (DeliveryEnd?)end.Value.End, end.Value.Attempts))
            .Concat(pending)
            .OrderBy(state => state.Item1);
    }

    private void End(Delivery delivery, DeliveryEnd end, int attempts)
    {
        _pending.Remove(delivery);
        _gone.Add(delivery);
        var key = (delivery.EndpointId, delivery.Message.Id);
        var counts = delivery.Trigger == Trigger.Scheduled || end == DeliveryEnd.Delivered;
        if (counts && !(_ends.TryGetValue(key, out var old) && old.End == DeliveryEnd.Delivered))
            _ends[key] = (end, attempts);
    }
}
