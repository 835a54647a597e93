namespace Grapnel.Dispatching;

/// <summary>
/// A rate limit: over any interval of T seconds, at most <c>rate * T + rate</c> attempts start, or <c>rate * T + 1</c> for rates below one. Exact: it
/// counts millionths of tokens in integers, so that it neither drifts nor rounds. Its owner serialises access.
/// </summary>
internal sealed class TokenBucket
{
    private const long Token = 1_000_000;

    // A token takes so long at the smallest rate; so it fills any other.
    private const long LongestMs = Token;

    // In thousandths of tokens per second, which are millionths per millisecond.
    private long _rate;
    private long _level;
    private long _filledAtMs;

    /// <summary>A full bucket, or an empty one.</summary>
    /// <param name="rate">Tokens per second, and the most it holds; at least 1.</param>
    /// <param name="nowMs">Schedule time in milliseconds.</param>
    /// <param name="full">Whether it is full at first; where somebody else may just have spent what was in it, it is not.</param>
    public TokenBucket(int rate, long nowMs, bool full = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rate, 1);
        _rate = rate * 1000L;
        _level = full ? Capacity : 0;
        _filledAtMs = nowMs;
    }

    private long Capacity => _rate == 0 ? 0 : Math.Max(_rate * 1000, Token);

    /// <summary>Schedule time in milliseconds of the next token, seen from the last look; not after it when one is there. Never, when there is no rate.</summary>
    public long NextTokenAtMs => _rate == 0 ? long.MaxValue : _filledAtMs + Math.Max(0, (Token - _level + _rate - 1) / _rate);

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

    /// <summary>Goes on at another rate with what is in it, as far as it still holds that.</summary>
    /// <param name="thousandths">Thousandths of tokens per second; 0 for none at all.</param>
    /// <param name="nowMs">Schedule time in milliseconds.</param>
    public void SetRate(long thousandths, long nowMs)
    {
        Fill(nowMs);
        _rate = thousandths;
        _level = Math.Min(_level, Capacity);
    }

    private void Fill(long nowMs)
    {
        var elapsedMs = Math.Clamp(nowMs - _filledAtMs, 0, LongestMs);
        _level = Math.Min(Capacity, _level + elapsedMs * _rate);
        _filledAtMs = Math.Max(_filledAtMs, nowMs);
    }
}
