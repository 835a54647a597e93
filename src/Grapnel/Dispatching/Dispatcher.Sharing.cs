using Grapnel.Storage;

namespace Grapnel.Dispatching;

/// <summary>
/// What a dispatcher does because it is not alone: it sends only as long as it can be sure that nobody has given it up for dead, tells owners of
/// what it accepted for them, and hands lanes over.
/// </summary>
internal sealed partial class Dispatcher
{
    private const long ForeignMemoryMs = 30_000;
    private const long RereadEveryMs = 60_000;

    // Until when a lane is believed to be another node's.
    private readonly Dictionary<Id<Endpoint>, long> _foreign = [];
    private readonly HashSet<Id<Endpoint>> _unknown = [];
    private readonly bool _dispatches;
    private long _leaseUntil = long.MaxValue;
    private bool _doubts;

    /// <summary>Raised when there may be lanes to take.</summary>
    internal event Action? LanesWanted;

    /// <summary>Raised when a lane that is to be handed over has nothing in flight any more.</summary>
    internal event Action? LaneDrained;

    /// <summary>
    /// Prolongs the time in which this node may start attempts: from a moment before its last heartbeat until the others may give it up. In between it
    /// may have been stopped, and other nodes may own its lanes now, so that only what was in flight then can be sent twice.
    /// </summary>
    internal void Renew(long untilMs)
    {
        lock (_lock)
        {
            _leaseUntil = untilMs;
            Pump(_clock.NowMs);
        }
    }

    /// <summary>Whether that time is not over.</summary>
    internal bool MaySend
    {
        get
        {
            lock (_lock)
                return _clock.NowMs < _leaseUntil;
        }
    }

    /// <summary>Notes that an answer of the store was lost: lanes may have come to this node without its knowing.</summary>
    internal void Doubt() => Volatile.Write(ref _doubts, true);

    /// <summary>Whether there was reason to doubt since the last call.</summary>
    internal bool TakeDoubts() => Interlocked.Exchange(ref _doubts, false);

    /// <summary>How many lanes this node owns.</summary>
    internal int LaneCount
    {
        get
        {
            lock (_lock)
                return _lanes.Count;
        }
    }

    /// <summary>The lane of an endpoint got deliveries that this node was never offered, from another node or from a task. False when the lane is not this node's.</summary>
    internal bool Filled(Id<Endpoint> endpoint, long firstSeq)
    {
        var now = _clock.NowMs;
        lock (_lock)
        {
            if (FindOwned(endpoint) is { } lane)
            {
                Reread(lane, firstSeq, now);
                return true;
            }
            NoteUnknown(endpoint, now);
        }
        WantLanes();
        return false;
    }

    /// <summary>Lanes are free, or may be: whatever was known about their owners is forgotten.</summary>
    internal void ForgetOwners(Id<Endpoint>? endpoint)
    {
        lock (_lock)
        {
            if (endpoint is { } one)
                _foreign.Remove(one);
            else
                _foreign.Clear();
        }
        if (endpoint is null && _dispatches)
            LanesWanted?.Invoke();
    }

    /// <summary>After this node took what lanes there were: those it still does not own are another's.</summary>
    internal void LanesTaken()
    {
        var until = _clock.NowMs + ForeignMemoryMs;
        lock (_lock)
        {
            foreach (var endpoint in _unknown)
                if (!_lanes.ContainsKey(endpoint))
                    _foreign[endpoint] = until;
            _unknown.Clear();
        }
    }

    /// <summary>
    /// Holds the lanes that the store says are this node's, and have something pending, against what this node knows; returns those it does not. Lanes
    /// that seem to have nothing to do look again.
    /// </summary>
    internal IReadOnlyList<Id<Endpoint>> Reconcile(IReadOnlyList<Id<Endpoint>> pending)
    {
        var missing = new List<Id<Endpoint>>();
        var now = _clock.NowMs;
        lock (_lock)
        {
            foreach (var endpoint in pending)
            {
                if (!_lanes.TryGetValue(endpoint, out var lane))
                    missing.Add(endpoint);
                else if (lane.IsResting && (lane.WakeAt == long.MaxValue || now - lane.LookedAt > RereadEveryMs))
                    Reread(lane, 0, now);
            }
        }
        return missing;
    }

    /// <summary>The endpoints of all lanes of this node.</summary>
    internal IReadOnlyList<Id<Endpoint>> OwnedEndpoints()
    {
        lock (_lock)
            return [.. _lanes.Keys];
    }

    /// <summary>Begins to hand over up to so many lanes, those without anything in flight first. They start nothing more.</summary>
    internal void Surrender(int count)
    {
        lock (_lock)
        {
            var more = count - _lanes.Values.Count(lane => lane.IsLeaving);
            foreach (var lane in _lanes.Values.Where(lane => lane is { Owned: true, IsLeaving: false }).OrderBy(lane => lane.InFlight).Take(more))
                lane.IsLeaving = true;
        }
    }

    /// <summary>Lanes that are to be handed over and have nothing in flight any more; the caller goes on as with <see cref="TakeIdle"/>.</summary>
    /// <param name="yield">How long what comes in for them does not bring them back here: this node would be quicker than those who are only told of it.</param>
    internal IReadOnlyList<Id<Endpoint>> TakeDrained(TimeSpan yield)
    {
        List<Id<Endpoint>>? drained = null;
        var until = _clock.NowMs + (long)yield.TotalMilliseconds;
        lock (_lock)
        {
            foreach (var lane in _lanes.Values)
            {
                if (lane is not { Owned: true, IsLeaving: true, IsDrained: true } || _asked.Contains(lane.Endpoint.Id))
                    continue;
                lane.Owned = false;
                _foreign[lane.Endpoint.Id] = until;
                (drained ??= []).Add(lane.Endpoint.Id);
            }
        }
        return drained ?? (IReadOnlyList<Id<Endpoint>>)[];
    }

    // Called with the lock held.
    private void Reread(Lane lane, long firstSeq, long now)
    {
        lane.LookedAt = firstSeq == 0 ? now : lane.LookedAt;
        lane.Reread(firstSeq);
        Ready(lane);
        Pump(now);
    }

    private bool IsForeign(Id<Endpoint> endpoint, long now)
    {
        if (!_foreign.TryGetValue(endpoint, out var until))
            return false;
        if (until > now)
            return true;
        _foreign.Remove(endpoint);
        return false;
    }

    /// <summary>Tells the owners, whoever they are, of what was stored for lanes that are not this node's.</summary>
    private void TellOwners(Dictionary<Id<Endpoint>, long>? filled)
    {
        if (filled is null)
            return;
        foreach (var (endpoint, seq) in filled)
            _signals.Send(new NodeSignal(SignalKind.LaneFilled, endpoint, Number: seq));
        WantLanes();
    }

    // A lane that was asked for, and not given, is another's.
    private void NoteNotMine(ref Dictionary<Id<Endpoint>, long>? filled, Id<Endpoint> endpoint, long seq, long now)
    {
        filled ??= [];
        filled[endpoint] = Math.Min(seq, filled.GetValueOrDefault(endpoint, long.MaxValue));
        if (_asked.Contains(endpoint))
            _foreign.TryAdd(endpoint, now + ForeignMemoryMs);
        else
            NoteUnknown(endpoint, now);
    }

    private void NoteUnknown(Id<Endpoint> endpoint, long now)
    {
        if (_dispatches && !IsForeign(endpoint, now))
            _unknown.Add(endpoint);
    }

    private void WantLanes()
    {
        bool wanted;
        lock (_lock)
            wanted = _unknown.Count > 0;
        if (wanted)
            LanesWanted?.Invoke();
    }
}
