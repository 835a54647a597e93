namespace Grapnel.Dispatching;

/// <summary>
/// A rate limit: over any interval of T seconds, at most <c>rate * T + rate</c> attempts start. Exact: it counts thousandths
/// of tokens in integers, so that it neither drifts nor rounds. Its owner serialises access.
/// </summary>
internal sealed class TokenBucket
{
    private const long Token = 1000;

    private readonly int _rate;
    private long _level;
    private long _filledAtMs;

    /// <summary>A full bucket, or an empty one.</summary>
    /// <param name="rate">Tokens per second, and the most it holds; at least 1.</param>
    /// <param name="nowMs">Schedule time in milliseconds.</param>
    /// <param name="full">Whether it is full at first; where somebody else may just have spent what was in it, it is not.</param>
    public TokenBucket(int rate, long nowMs, bool full = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rate, 1);
        _rate = rate;
        _level = full ? Capacity : 0;
        _filledAtMs = nowMs;
    }

    private long Capacity => _rate * Token;

    /// <summary>Schedule time in milliseconds of the next token, seen from the last look; not after it when one is there.</summary>
    public long NextTokenAtMs => _filledAtMs + Math.Max(0, (Token - _level + _rate - 1) / _rate);

    /// <summary>Whether there is a token.</summary>
    public bool HasToken(long nowMs) => CountTokens(nowMs) > 0;

    /// <summary>How many tokens there are.</summary>
    public long CountTokens(long nowMs)
    {
        Fill(nowMs);
        return _level / Token;
    }

    /// <summary>Takes a token that is there.</summary>
    public void Take() => _level -= Token;

    private void Fill(long nowMs)
    {
        // A second fills it from empty, so a longer time needs no counting.
        var elapsedMs = Math.Clamp(nowMs - _filledAtMs, 0, 1000);
        _level = Math.Min(Capacity, _level + elapsedMs * _rate);
        _filledAtMs = Math.Max(_filledAtMs, nowMs);
    }
}
