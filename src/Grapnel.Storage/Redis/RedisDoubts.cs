using System.Collections.Concurrent;

namespace Grapnel.Storage.Redis;

/// <summary>
/// Lanes of which the store knows something that Redis does not, because Redis was away after the store had committed. They are told to Redis as soon as
/// it is there, and looked over before they are read. A process that ends before that takes its doubts with it; but then its node is gone without having
/// left, and everything is looked over.
/// </summary>
internal sealed class RedisDoubts(RedisLink redis, RedisRoster roster)
{
    // Beyond that it is cheaper to doubt everything.
    private const int MaxLanes = 50_000;

    private readonly ConcurrentDictionary<Id<Endpoint>, byte> _lanes = [];
    private volatile bool _all;

    public bool Any => _all || !_lanes.IsEmpty;

    public void Add(Id<Endpoint> lane)
    {
        if (_lanes.Count < MaxLanes)
            _lanes[lane] = 0;
        else
            _all = true;
    }

    /// <summary>Tells Redis of the doubts about one lane.</summary>
    public async Task TellAsync(Id<Endpoint> lane)
    {
        if (_all)
            await TellAsync().ConfigureAwait(false);
        if (!_lanes.TryRemove(lane, out _))
            return;
        try
        {
            await redis.RunAsync(RedisScripts.Doubt, lane).ConfigureAwait(false);
        }
        catch
        {
            Add(lane);
            throw;
        }
    }

    /// <summary>Tells Redis of all doubts.</summary>
    public async Task TellAsync()
    {
        if (_all)
        {
            _all = false;
            try
            {
                await roster.DoubtAllAsync().ConfigureAwait(false);
            }
            catch
            {
                _all = true;
                throw;
            }
        }
        foreach (var lane in _lanes.Keys)
            await TellAsync(lane).ConfigureAwait(false);
    }
}
