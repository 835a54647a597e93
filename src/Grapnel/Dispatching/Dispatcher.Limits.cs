using Grapnel.Storage;

namespace Grapnel.Dispatching;

/// <summary>
/// The rate limits of applications. Where nodes share one, each uses the part of it that the store gives it: this one says what it needs, and goes by the
/// answer.
/// </summary>
internal sealed partial class Dispatcher
{
    private readonly Dictionary<Id<Application>, ApplicationThrottle> _throttles = [];

    /// <summary>Raised when a lane waits for a limit of which this node has no part; with the lock held, so handlers must be quick.</summary>
    internal event Action? LimitsWanted;

    /// <summary>Limits the attempts per second that all lanes of an application together start, at all nodes; null: not at all.</summary>
    internal void Throttle(Id<Application> application, int? rate)
    {
        var now = _clock.NowMs;
        lock (_lock)
        {
            var old = _throttles.GetValueOrDefault(application);
            if (old?.Rate == rate)
                return;
            old?.Close();
            _throttles.Remove(application);
            if (rate is { } limit)
                _throttles.Add(application, new ApplicationThrottle(limit, old?.Part ?? (_store.IsShared ? 0 : LimitShare.Whole), _store.IsShared, now));
            foreach (var lane in _lanes.Values.Where(lane => lane.Endpoint.ApplicationId == application))
            {
                lane.Throttle = _throttles.GetValueOrDefault(application);
                Ready(lane);
            }
            Pump(now);
        }
    }

    /// <summary>The applications with a limit of which this node owns lanes, and how many of those needed it within a time until now.</summary>
    internal IReadOnlyList<LimitDemand> CountLimitDemands(TimeSpan within)
    {
        var since = _clock.NowMs - (long)within.TotalMilliseconds;
        lock (_lock)
            return _throttles.Count == 0 ? [] :
            [
                .. _lanes.Values.Where(lane => lane is { Owned: true, Throttle: not null }).GroupBy(lane => lane.Endpoint.ApplicationId)
                    .Select(lanes => new LimitDemand(lanes.Key, lanes.Count(lane => lane.NeedsThrottle(since)))),
            ];
    }

    /// <summary>Goes on with these parts of limits, and with none of the others; tells whether one is less than before, which others can use.</summary>
    internal bool Share(IReadOnlyList<LimitShare> shares)
    {
        var parts = shares.ToDictionary(share => share.Application, share => share.Part);
        var (now, lowered) = (_clock.NowMs, false);
        lock (_lock)
            foreach (var (application, throttle) in _throttles)
            {
                var part = parts.GetValueOrDefault(application);
                lowered |= part < throttle.Part;
                throttle.Share(part, now);
                WakeForCall(throttle);
            }
        return lowered;
    }

    private void StandInLine(Lane lane, ApplicationThrottle throttle)
    {
        if (throttle.Part == 0 && !lane.InLine)
            LimitsWanted?.Invoke();
        throttle.StandInLine(lane);
        WakeForCall(throttle);
    }

    private void WakeForCall(ApplicationThrottle throttle)
    {
        if (throttle.NextCallAt is { } at)
            WakeAt(throttle, at);
    }
}
