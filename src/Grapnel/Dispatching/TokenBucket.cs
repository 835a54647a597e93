namespace Grapnel.Dispatching;

/// <summary>
/// An endpoint's rate limit: over any interval of T seconds, at most <c>rate * T + rate</c> attempts start. Exact: it counts thousandths
/// of tokens in integers, so that it neither drifts nor rounds. One per lane; the lane's owner serialises access.
/// </summary>
internal sealed class TokenBucket
{
    private const long Token = 1000;

    private readonly int _rate;
    private long _level;
    private long _filledAtMs;

    /// <summary>A full bucket.</summary>
    /// <param name="rate">Tokens per second, and the most it holds; at least 1.</param>
    /// <param name="nowMs">Schedule time in milliseconds.</param>
    public TokenBucket(int rate, long nowMs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rate, 1);
        _rate = rate;
        _level = Capacity;
        _filledAtMs = nowMs;
    }

    private long Capacity => _rate * Token;

    /// <summary>Schedule time in milliseconds of the next token, seen from the last try to take one; not after it when one is there.</summary>
    public long NextTokenAtMs => _filledAtMs + Math.Max(0, (Token - _level + _rate - 1) / _rate);

    /// <summary>Takes a token if there is one.</summary>
    public bool TryTake(long nowMs)
    {
        Fill(nowMs);
        if (_level < Token)
            return false;
        _level -= Token;
        return true;
    }

    private void Fill(long nowMs)
    {
        // A second fills it from empty, so a longer time needs no counting.
        var elapsedMs = Math.Clamp(nowMs - _filledAtMs, 0, 1000);
        _level = Math.Min(Capacity, _level + elapsedMs * _rate);
        _filledAtMs = Math.Max(_filledAtMs, nowMs);
    }
}
