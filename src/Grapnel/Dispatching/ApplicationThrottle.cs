using Grapnel.Storage;

namespace Grapnel.Dispatching;

/// <summary>
/// This node's part of the rate limit of an application, which its lanes here share. A lane that finds no token stands in line, and one is called for each
/// token: however many lanes there are, all get their turn, and none wakes up in vain. The dispatcher's lock guards every member.
/// </summary>
internal sealed class ApplicationThrottle : Sleeper
{
    private readonly TokenBucket _bucket;
    private readonly Queue<Lane> _line = new();

    /// <summary>Limits to a part of a rate. One that is shared begins with nothing saved up: another node may just have spent it.</summary>
    public ApplicationThrottle(int rate, int part, bool isShared, long now)
    {
        Rate = rate;
        _bucket = new TokenBucket(rate, now, full: !isShared);
        Share(part, now);
    }

    /// <summary>The whole limit, in attempts per second.</summary>
    public int Rate { get; }

    /// <summary>The part of it that this node may use, in millionths.</summary>
    public int Part { get; private set; }

    /// <summary>When the next lane can be called, in schedule time; null when nobody stands in line, or this node has no part of the limit.</summary>
    public long? NextCallAt => _line.Count > 0 && Part > 0 ? _bucket.NextTokenAtMs : null;

    /// <summary>Goes on with another part of the limit.</summary>
    public void Share(int part, long now)
    {
        Part = part;
        _bucket.SetRate(part == 0 ? 0 : Math.Max(1, Rate * 1000L * part / LimitShare.Whole), now);
    }

    /// <summary>Whether a lane may start an attempt: there is a token, and it has been called or nobody stands in line.</summary>
    public bool Admits(Lane lane, long now) => (lane.IsCalled || _line.Count == 0) && _bucket.HasToken(now);

    /// <summary>Takes the token that <see cref="Admits"/> saw.</summary>
    public void Take() => _bucket.Take();

    /// <summary>Puts a lane at the end of the line, unless it stands there already.</summary>
    public void StandInLine(Lane lane)
    {
        if (lane.InLine)
            return;
        lane.InLine = true;
        _line.Enqueue(lane);
    }

    /// <summary>Takes out of the line as many lanes as there are tokens. One that has no use for its token leaves it to the next.</summary>
    public IEnumerable<Lane> Call(long now)
    {
        for (var tokens = _bucket.CountTokens(now); tokens > 0 && _line.TryDequeue(out var lane); tokens--)
        {
            (lane.InLine, lane.IsCalled) = (false, true);
            yield return lane;
        }
    }

    /// <summary>Sends everybody home: the limit has changed or is gone.</summary>
    public void Close()
    {
        foreach (var lane in _line)
            lane.InLine = false;
        _line.Clear();
    }
}

/// <summary>Something that the dispatcher wakes up at a time.</summary>
internal abstract class Sleeper
{
    /// <summary>The wake-up that is set, in schedule time, or <see cref="long.MaxValue"/>.</summary>
    public long WakeAt { get; set; } = long.MaxValue;
}
