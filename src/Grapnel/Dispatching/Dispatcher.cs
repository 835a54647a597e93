using Grapnel.History;
using Grapnel.Publishing;
using Grapnel.Registry;
using Grapnel.Sending;
using Grapnel.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grapnel.Dispatching;

/// <summary>
/// Lets the lanes of this node take turns, within the limit of attempts in flight. One lock guards all lanes: what happens under it is
/// a few field accesses; sending, reading and settling happen outside.
/// </summary>
internal sealed partial class Dispatcher
{
    private const int MaxReads = 4;
    private const int MaxUnsettled = 16_384;
    private const int MaxEdits = 1_000;
    private static readonly TimeSpan FirstDisablePause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxDisablePause = TimeSpan.FromSeconds(8);
    private const long EditMemoryMs = 60_000;

    private readonly IDeliveryStore _store;
    private readonly WebhookSender _sender;
    private readonly Settler _settler;
    private readonly IdGenerator _ids;
    private readonly TimeProvider _time;
    private readonly ScheduleClock _clock;
    private readonly Random _random;
    private readonly GrapnelMetrics _metrics;
    private readonly ChangeSignal _changes;
    private readonly INodeSignals _signals;
    private readonly DeliveryOptions _options;
    private readonly IReadOnlyList<TimeSpan> _retrySchedule;
    private readonly ILogger<Dispatcher> _logger;

    private readonly Lock _lock = new();
    private readonly Dictionary<Id<Endpoint>, Lane> _lanes = [];
    private readonly HashSet<Id<Endpoint>> _asked = [];
    private readonly Dictionary<Id<Endpoint>, (Endpoint? Endpoint, long At)> _edits = [];
    private readonly Queue<Lane> _round = new();
    private readonly Queue<Lane> _aside = new();
    private readonly Queue<Lane> _toRead = new();
    private readonly PriorityQueue<Sleeper, long> _wakeUps = new();
    private readonly ITimer _timer;
    private readonly WindowBudget _budget;
    private readonly CancellationTokenSource _abandon = new();
    private TaskCompletionSource? _drained;
    private TaskCompletionSource? _quiet;
    private long _timerAt = long.MaxValue;
    private int _inFlight;
    private int _unsettled;
    private int _disabling;
    private int _reads;
    private bool _stopping;

    /// <summary>Wired by the host; nothing is sent before <see cref="Start"/>.</summary>
    public Dispatcher(
        IDeliveryStore store, WebhookSender sender, Settler settler, CatalogEvents events, IdGenerator ids, TimeProvider time,
        ScheduleClock clock, Random random, GrapnelMetrics metrics, ChangeSignal changes, INodeSignals signals, IOptions<DeliveryOptions> options,
        IOptions<NodeOptions> node, ILogger<Dispatcher> logger)
    {
        _store = store;
        _sender = sender;
        _settler = settler;
        _ids = ids;
        _time = time;
        _clock = clock;
        _random = random;
        _metrics = metrics;
        _changes = changes;
        _signals = signals;
        _dispatches = node.Value.Roles.HasFlag(NodeRoles.Dispatch);
        _options = options.Value;
        _budget = new WindowBudget(_options.WindowBytes);
        _retrySchedule = _options.EffectiveRetrySchedule;
        _logger = logger;
        _timer = time.CreateTimer(_ => OnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        settler.Settled += OnSettled;
        settler.Dropped += flights => LetGo(flights, durable: false);
        events.EndpointChanged += OnEndpointChanged;
        events.EndpointDeleted += OnEndpointDeleted;
        events.LanePaused += OnLanePaused;
        events.RateLimitChanged += Throttle;
        metrics.Observe(Count);
    }

    /// <summary>The id under which this process owns lanes; set by <see cref="Start"/>.</summary>
    public Id<Node> Node { get; private set; }

    /// <summary>Begins under a node id. Called again after an expulsion: what the old id owned is dropped.</summary>
    internal void Start(Id<Node> node)
    {
        lock (_lock)
        {
            Node = node;
            foreach (var lane in _lanes.Values)
                lane.Delete();
            _lanes.Clear();
            _asked.Clear();
            _round.Clear();
            _aside.Clear();
            _toRead.Clear();
            _foreign.Clear();
            if (_store.IsShared)
                Share([]);
        }
    }

    /// <summary>
    /// The endpoints of a batch whose lanes nobody owns, as far as this node knows. They are asked for until the next call, <see cref="Accepted"/> or
    /// <see cref="NotAccepted"/>; so long none of them is given back, or the answer would tell of an ownership that is over, and two nodes would send.
    /// A lane that is being given back is not asked for, for the same reason.
    /// </summary>
    internal IReadOnlyList<Id<Endpoint>> LanesToTake(IReadOnlyList<AcceptItem> items)
    {
        if (!_dispatches)
            return [];
        var now = _clock.NowMs;
        lock (_lock)
        {
            _asked.Clear();
            foreach (var item in items)
                foreach (var endpoint in item.Endpoints)
                    if (!_lanes.ContainsKey(endpoint) && !IsForeign(endpoint, now))
                        _asked.Add(endpoint);
            return _asked.Count == 0 ? [] : [.. _asked];
        }
    }

    /// <summary>Takes in a batch that is durable now.</summary>
    internal void Accepted(List<RoutedItem> batch, AcceptResult result)
    {
        var now = _clock.NowMs;
        Dictionary<Id<Endpoint>, long>? notMine = null;
        lock (_lock)
        {
            // Nothing is asked for any more by a node that has begun a new life since.
            if (result.LanesTaken.Count > 0 && _asked.Count > 0)
                Own(batch, [.. result.LanesTaken]);
            for (var i = 0; i < batch.Count; i++)
            {
                var message = batch[i].Item.Message;
                var seqs = result.Receipts[i].Seqs.Span;
                for (var n = 0; n < seqs.Length; n++)
                    Offer(batch[i].Item.Endpoints[n], message, seqs[n], now, ref notMine);
            }
            _asked.Clear();
            Pump(now);
        }
        TellOwners(notMine);
        _changes.Raise();
    }

    /// <summary>Notes that the store did not answer. The batch may be durable all the same, and lanes may have come to this node with it.</summary>
    internal void NotAccepted()
    {
        lock (_lock)
            _asked.Clear();
        Doubt();
    }

    private void Own(List<RoutedItem> batch, HashSet<Id<Endpoint>> taken)
    {
        // From the end, because decisions later in the batch may come from newer settings.
        for (var i = batch.Count - 1; i >= 0 && taken.Count > 0; i--)
            foreach (var decision in batch[i].Decisions)
                if (taken.Remove(decision.Endpoint.Id))
                    Own(decision.Endpoint);
    }

    private void Offer(Id<Endpoint> endpoint, Message message, long seq, long now, ref Dictionary<Id<Endpoint>, long>? notMine)
    {
        if (FindOwned(endpoint) is not { } lane)
        {
            NoteNotMine(ref notMine, endpoint, seq, now);
            return;
        }
        var delivery = new Delivery
        {
            EndpointId = endpoint,
            Seq = seq,
            Message = message,
            DueAt = message.DeliverAt?.ToUnixTimeMilliseconds() ?? 0,
        };
        Offer(lane, delivery, now);
    }

    private void Offer(Lane lane, Delivery delivery, long now)
    {
        lane.Offer(delivery, now);
        Ready(lane);
    }

    /// <summary>Takes in manual deliveries that are durable now.</summary>
    internal void Resent(IReadOnlyList<Delivery> deliveries)
    {
        var now = _clock.NowMs;
        Dictionary<Id<Endpoint>, long>? notMine = null;
        lock (_lock)
        {
            foreach (var delivery in deliveries)
            {
                if (FindOwned(delivery.EndpointId) is { } lane)
                    Offer(lane, delivery, now);
                else
                    NoteNotMine(ref notMine, delivery.EndpointId, delivery.Seq, now);
            }
            Pump(now);
        }
        TellOwners(notMine);
        _changes.Raise();
    }

    /// <summary>
    /// Takes note of deliveries that a background task made durable. They are read from the store as the window has room for them: there may
    /// be millions.
    /// </summary>
    internal void Replayed(ReplayResult replayed, Id<Endpoint> endpoint)
    {
        if (replayed.Added > 0)
            Reread(endpoint, replayed.FirstSeq);
        _changes.Raise();
    }

    /// <summary>Has the owner of a lane, this node or another, look into the store for deliveries from a place on that it was never offered.</summary>
    internal void Reread(Id<Endpoint> endpoint, long firstSeq)
    {
        if (!Filled(endpoint, firstSeq))
            _signals.Send(new NodeSignal(SignalKind.LaneFilled, endpoint, Number: firstSeq));
    }

    /// <summary>Takes on lanes that the store gave to this node.</summary>
    internal void Own(IReadOnlyList<Endpoint> endpoints)
    {
        lock (_lock)
        {
            foreach (var endpoint in endpoints)
                if (Own(endpoint) is { } lane)
                    Ready(lane);
            Pump(_clock.NowMs);
        }
    }

    private Lane? Own(Endpoint endpoint)
    {
        if (!_lanes.TryGetValue(endpoint.Id, out var lane))
        {
            // The caller read these settings some time ago, and may have been overtaken by an edit.
            if (IsOvertaken(endpoint, out var newer))
            {
                if (newer is null)
                    return null;
                endpoint = newer;
            }
            _foreign.Remove(endpoint.Id);
            lane = new Lane(endpoint, _sender.Prepare(endpoint), _options, _budget, _store.IsShared, _clock.NowMs)
            {
                Node = Node,
                Throttle = _throttles.GetValueOrDefault(endpoint.ApplicationId),
            };
            _lanes.Add(endpoint.Id, lane);
        }
        return lane;
    }

    private Lane? FindOwned(Id<Endpoint> endpoint) => _lanes.TryGetValue(endpoint, out var lane) && lane.Owned ? lane : null;

    /// <summary>Whether a later edit is remembered than these settings have, and what it left; null after a deletion.</summary>
    private bool IsOvertaken(Endpoint endpoint, out Endpoint? newer)
    {
        newer = null;
        if (!_edits.TryGetValue(endpoint.Id, out var edit))
            return false;
        newer = edit.Endpoint;
        return newer is null || newer.UpdatedAt > endpoint.UpdatedAt;
    }

    /// <summary>Remembers an edit for as long as a route decided before it may still be on its way through the acceptor.</summary>
    private void Remember(Id<Endpoint> id, Endpoint? endpoint, long now)
    {
        _edits[id] = (endpoint, now);
        if (_edits.Count <= MaxEdits)
            return;
        foreach (var (old, edit) in _edits)
            if (now - edit.At > EditMemoryMs)
                _edits.Remove(old);
    }

    /// <summary>Drops deliveries that were ended in the store, and has other nodes drop theirs.</summary>
    internal void Forget(IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)> ended)
    {
        ForgetHere(ended);
        if (_store.IsShared)
            foreach (var (endpoint, seq) in ended)
                _signals.Send(new NodeSignal(SignalKind.DeliveryEnded, endpoint, Number: seq));
    }

    /// <summary>Drops deliveries that were ended in the store.</summary>
    internal void ForgetHere(IReadOnlyList<(Id<Endpoint> EndpointId, long Seq)> ended)
    {
        lock (_lock)
        {
            foreach (var seqs in ended.GroupBy(pair => pair.EndpointId, pair => pair.Seq))
            {
                if (!_lanes.TryGetValue(seqs.Key, out var lane))
                    continue;
                lane.Forget(seqs.ToHashSet());
                Ready(lane);
            }
            Pump(_clock.NowMs);
        }
        _changes.Raise();
    }

    private void OnLanePaused(Id<Endpoint> id, bool paused)
    {
        lock (_lock)
        {
            // A lane that is taken later learns of it from the store.
            if (_lanes.TryGetValue(id, out var lane))
            {
                lane.Pause(paused);
                Ready(lane);
                Pump(_clock.NowMs);
            }
        }
        _changes.Raise();
    }

    private void OnEndpointChanged(Endpoint endpoint)
    {
        var now = _clock.NowMs;
        _changes.Raise();
        lock (_lock)
        {
            // Told slowly again and again, and sometimes by who read it before the last edit.
            if (IsOvertaken(endpoint, out _))
                return;
            Remember(endpoint.Id, endpoint, now);
            if (!_lanes.TryGetValue(endpoint.Id, out var lane) || lane.Endpoint.UpdatedAt >= endpoint.UpdatedAt)
                return;
            lane.Change(endpoint, _sender.Prepare(endpoint), now);
            Ready(lane);
            Pump(now);
        }
    }

    private void OnEndpointDeleted(Id<Endpoint> id)
    {
        lock (_lock)
        {
            Remember(id, null, _clock.NowMs);
            if (_lanes.Remove(id, out var lane))
                lane.Delete();
        }
        _changes.Raise();
    }

    private void Ready(Lane lane)
    {
        if (lane.InRound || lane.Deleted)
            return;
        lane.InRound = true;
        _round.Enqueue(lane);
    }

    // Of the attempts that may be in flight, the last quarter is for lanes that have none, or whose receivers answer within a second. Otherwise a few dozen
    // receivers that hang would hold all of them until they time out, and nobody else would be sent anything.
    private bool IsScarce => _inFlight >= _options.MaxConcurrency - (_options.MaxConcurrency / 4);

    private void StandAside(Lane lane)
    {
        if (lane.IsAside)
            return;
        lane.IsAside = true;
        _aside.Enqueue(lane);
    }

    private void CallBack()
    {
        while (_aside.TryDequeue(out var lane))
        {
            lane.IsAside = false;
            Ready(lane);
        }
    }

    /// <summary>The round: each lane that can send sends one, then it is the next lane's turn.</summary>
    private void Pump(long now)
    {
        if (!IsScarce)
            CallBack();
        while (!_stopping && now < _leaseUntil && _inFlight < _options.MaxConcurrency && _unsettled < MaxUnsettled && _round.TryDequeue(out var lane))
        {
            lane.InRound = false;
            var step = lane.Decide(now, IsScarce);
            switch (step.Kind)
            {
                case LaneStepKind.Start:
                    Launch(lane, now);
                    Ready(lane);
                    break;
                case LaneStepKind.Read:
                    BeginRead(lane, now);
                    break;
                case LaneStepKind.Wait:
                    WakeAt(lane, step.At);
                    break;
                case LaneStepKind.Line:
                    StandInLine(lane, lane.Throttle!);
                    break;
                case LaneStepKind.Yield:
                    StandAside(lane);
                    break;
                case LaneStepKind.Idle:
                    lane.IdleSince ??= now;
                    break;
            }
        }
        if (_quiet is not null && _inFlight + _unsettled + _reads == 0)
            _quiet.TrySetResult();
    }

    private void Launch(Lane lane, long now)
    {
        _inFlight++;
        _unsettled++;
        ThreadPool.UnsafeQueueUserWorkItem(new Flight(this, lane, lane.Take(now)), preferLocal: false);
        if (lane.WantsReadAhead(now))
            BeginRead(lane, now);
    }

    private void WakeAt(Sleeper sleeper, long at)
    {
        if (sleeper.WakeAt <= at)
            return;
        sleeper.WakeAt = at;
        _wakeUps.Enqueue(sleeper, at);
        SetTimer();
    }

    private void SetTimer()
    {
        if (!_wakeUps.TryPeek(out _, out var at) || at >= _timerAt)
            return;
        _timerAt = at;
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(0, at - _clock.NowMs)), Timeout.InfiniteTimeSpan);
    }

    private void OnTimer()
    {
        lock (_lock)
        {
            var now = _clock.NowMs;
            _timerAt = long.MaxValue;
            while (_wakeUps.TryPeek(out var sleeper, out var at) && at <= now)
            {
                _wakeUps.Dequeue();
                if (sleeper.WakeAt != at)
                    continue;
                sleeper.WakeAt = long.MaxValue;
                Wake(sleeper, now);
            }
            Pump(now);
            SetTimer();
        }
    }

    private void Wake(Sleeper sleeper, long now)
    {
        if (sleeper is Lane lane)
        {
            Ready(lane);
            return;
        }
        var throttle = (ApplicationThrottle)sleeper;
        foreach (var called in throttle.Call(now))
            Ready(called);
        // Not at this very moment, though there may be tokens: those who were called have not taken theirs yet.
        if (throttle.NextCallAt is { } next)
            WakeAt(throttle, Math.Max(next, now + 1));
    }
}
