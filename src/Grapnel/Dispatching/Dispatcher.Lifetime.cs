namespace Grapnel.Dispatching;

internal sealed partial class Dispatcher
{
    /// <summary>
    /// Starts nothing new, lets what is in flight finish within the grace, abandons the rest. Abandoned deliveries are pending in the
    /// store as before.
    /// </summary>
    internal async Task StopAsync()
    {
        Task drained;
        lock (_lock)
        {
            _stopping = true;
            if (_inFlight + _disabling == 0)
                return;
            _drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            drained = _drained.Task;
        }
        try
        {
            await drained.WaitAsync(_options.ShutdownGrace, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            await _abandon.CancelAsync().ConfigureAwait(false);
            await drained.ConfigureAwait(false);
        }
    }

    /// <summary>Ends when nothing is in flight, being read or waiting to be settled: all that is left waits for its time.</summary>
    internal Task WhenQuietAsync()
    {
        lock (_lock)
        {
            _quiet = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Pump(_clock.NowMs);
            return _quiet.Task;
        }
    }

    /// <summary>Lanes that have had nothing to do for the linger; the caller settles their release and then calls <see cref="Released"/>.</summary>
    internal IReadOnlyList<Id<Endpoint>> TakeIdle()
    {
        var until = _clock.NowMs - (long)_options.LaneLinger.TotalMilliseconds;
        lock (_lock)
        {
            List<Id<Endpoint>>? idle = null;
            foreach (var lane in _lanes.Values)
            {
                if (!lane.Owned || lane.InFlight > 0 || lane.IdleSince is not { } since || since > until || _asked.Contains(lane.Endpoint.Id))
                    continue;
                lane.Owned = false;
                (idle ??= []).Add(lane.Endpoint.Id);
            }
            return idle ?? (IReadOnlyList<Id<Endpoint>>)[];
        }
    }

    /// <summary>Forgets lanes that the store has back now: what one held in memory is worth nothing once another node may have sent it.</summary>
    internal void Released(IReadOnlyList<Id<Endpoint>> lanes)
    {
        lock (_lock)
        {
            foreach (var id in lanes)
                if (_lanes.Remove(id, out var lane))
                    lane.Delete();
        }
    }

    /// <summary>What this node does about an endpoint just now; null when it does not own the lane.</summary>
    public LaneStatus? FindLane(Id<Endpoint> id)
    {
        var now = _clock.NowMs;
        lock (_lock)
            return FindOwned(id) is { } lane ? StatusOf(lane, now) : null;
    }

    /// <summary>Whether this node is sending the delivery at this place of an endpoint just now.</summary>
    public bool IsSending(Id<Endpoint> id, long seq)
    {
        lock (_lock)
            return _lanes.TryGetValue(id, out var lane) && lane.IsSending(seq);
    }

    private static LaneStatus StatusOf(Lane lane, long now)
    {
        var state = lane switch
        {
            { Endpoint.Enabled: false } => LaneState.Disabled,
            { Paused: true } => LaneState.Paused,
            { Breaker.IsClosed: false } => LaneState.BreakerOpen,
            _ when lane.PausedUntil > now => LaneState.Throttled,
            _ when lane.RateLimited(now) => LaneState.RateLimited,
            { InFlight: > 0 } => LaneState.Sending,
            { IdleSince: not null } => LaneState.Idle,
            _ => LaneState.Waiting,
        };
        return new LaneStatus(state, lane.InFlight, lane.PausedUntil > now ? DateTimeOffset.FromUnixTimeMilliseconds(lane.PausedUntil) : null)
        {
            IsFull = lane.IsFull,
            WaitsForApplication = lane.InLine,
        };
    }

    private (int InFlight, IReadOnlyDictionary<LaneState, int> Lanes) Count()
    {
        var now = _clock.NowMs;
        lock (_lock)
        {
            var lanes = new Dictionary<LaneState, int>();
            foreach (var lane in _lanes.Values)
            {
                var state = StatusOf(lane, now).State;
                lanes[state] = lanes.GetValueOrDefault(state) + 1;
            }
            return (_inFlight, lanes);
        }
    }
}

/// <summary>What holds a lane, or does not.</summary>
public enum LaneState
{
    /// <summary>Nothing is pending that is due.</summary>
    Idle,

    /// <summary>Attempts are in flight.</summary>
    Sending,

    /// <summary>Something is pending and waits for its turn or its time.</summary>
    Waiting,

    /// <summary>The endpoint's rate limit holds it.</summary>
    RateLimited,

    /// <summary>The receiver asked for a pause.</summary>
    Throttled,

    /// <summary>The breaker is open, or probing.</summary>
    BreakerOpen,

    /// <summary>The endpoint is disabled.</summary>
    Disabled,

    /// <summary>A person has it paused.</summary>
    Paused,
}

/// <summary>What a node does about one endpoint just now.</summary>
/// <param name="State">What holds it, or does not.</param>
/// <param name="InFlight">Attempts in flight.</param>
/// <param name="PausedUntil">When a breaker or throttle pause ends, or null.</param>
internal sealed record LaneStatus(LaneState State, int InFlight, DateTimeOffset? PausedUntil)
{
    /// <summary>Whether as many attempts are in flight as may be.</summary>
    public bool IsFull { get; init; }

    /// <summary>Whether it is the rate limit of the application that holds it.</summary>
    public bool WaitsForApplication { get; init; }
}
