namespace Grapnel.Dispatching;

/// <summary>
/// The rate limit of an application, which its lanes on this node share. A lane that finds no token stands in line, and one is called for each
/// token: however many lanes there are, all get their turn, and none wakes up in vain. The dispatcher's lock guards every member.
/// </summary>
internal sealed class ApplicationThrottle(int rate, long now) : Sleeper
{
    private readonly TokenBucket _bucket = new(rate, now);
    private readonly Queue<Lane> _line = new();

    /// <summary>When the next lane can be called, in schedule time; null when nobody stands in line.</summary>
    public long? NextCallAt => _line.Count > 0 ? _bucket.NextTokenAtMs : null;

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
