using Grapnel.Storage;

namespace Grapnel.Dispatching;

/// <summary>
/// Keeps a failing receiver from being hammered, and a recovering one from being stormed. One per lane; the lane's owner serialises access.
/// <para>
/// Closed, it lets attempts through. After <see cref="DeliveryOptions.BreakerThreshold"/> failures in a row it opens for a pause. When the
/// pause is over <em>and</em> every attempt from before has ended, one attempt goes out as a probe. If it fails, the breaker opens again
/// for twice the pause; if it succeeds, the breaker closes and starts slowly: one attempt at a time, then one more for every success,
/// which doubles the concurrency with every round, as TCP does (RFC 5681, 3.1).
/// </para>
/// </summary>
internal sealed class Breaker(DeliveryOptions options)
{
    private State _state;
    private int _window = int.MaxValue;
    private TimeSpan _pause;

    /// <summary>Failures in a row. Results that arrive while it is open belong to attempts from before, and are not counted.</summary>
    public int Failures { get; private set; }

    /// <summary>Schedule time in milliseconds before which no attempt starts; 0 while it is closed.</summary>
    public long OpenUntilMs { get; private set; }

    /// <summary>Whether it lets anything but a single probe through.</summary>
    public bool IsClosed => _state == State.Closed;

    /// <summary>How many attempts of the lane may be in flight at once, given the endpoint's limit.</summary>
    public int Allowance(int limit) => IsClosed ? Math.Min(limit, _window) : 1;

    /// <summary>Whether an attempt may start now. Asking without starting one does no harm.</summary>
    /// <param name="nowMs">Schedule time in milliseconds.</param>
    /// <param name="inFlight">Attempts of the lane in flight now, manual ones included.</param>
    /// <param name="limit">The endpoint's concurrency limit.</param>
    public bool TryEnter(long nowMs, int inFlight, int limit)
    {
        if (inFlight >= Allowance(limit) || nowMs < OpenUntilMs)
            return false;
        // Nothing is in flight here, so whatever result comes next is the probe's.
        if (_state == State.Open)
            _state = State.Probing;
        return true;
    }

    /// <summary>Learns from an attempt that ended.</summary>
    /// <param name="sign">What it told.</param>
    /// <param name="nowMs">Schedule time in milliseconds.</param>
    /// <param name="random">A number in [0, 1), to spread the pause.</param>
    public void Record(ReceiverSign sign, long nowMs, double random)
    {
        if (_state == State.Open)
            return;
        switch (sign)
        {
            case ReceiverSign.Alive: Succeed(); break;
            case ReceiverSign.Throttling: StartSlowly(); break;
            case ReceiverSign.Failing: Fail(nowMs, random); break;
            // The probe told nothing: the next attempt takes its place.
            case ReceiverSign.None when _state == State.Probing: _state = State.Open; break;
        }
    }

    /// <summary>Takes up where another owner of the lane, or an earlier process, left off.</summary>
    public void Restore(EndpointHealth health, long nowMs)
    {
        Failures = health.Failures;
        if (Failures < options.BreakerThreshold)
            return;
        for (var i = options.BreakerThreshold; i <= Failures && _pause < options.BreakerMaxPause; i++)
            _pause = NextPause();
        _state = State.Open;
        // The stored time may come from a clock that was wrong.
        OpenUntilMs = Math.Min(health.PausedUntil, nowMs + (long)options.BreakerMaxPause.TotalMilliseconds);
    }

    /// <summary>Forgets the past: the endpoint was edited or enabled, and its new settings deserve a fair try. Starts slowly.</summary>
    public void Reset()
    {
        Failures = 0;
        _pause = TimeSpan.Zero;
        StartSlowly();
    }

    private void Succeed()
    {
        Failures = 0;
        if (_state == State.Probing)
        {
            StartSlowly();
            return;
        }
        if (_window < int.MaxValue)
            _window++;
        // Forgotten by halves, so that a receiver that keeps relapsing soon meets long pauses again.
        _pause /= 2;
    }

    private void Fail(long nowMs, double random)
    {
        Failures++;
        if (_state == State.Closed && Failures < options.BreakerThreshold)
            return;
        _state = State.Open;
        _pause = NextPause();
        OpenUntilMs = nowMs + RetrySchedule.Spread(_pause, options.Jitter, random);
    }

    private void StartSlowly()
    {
        _state = State.Closed;
        _window = 1;
        OpenUntilMs = 0;
    }

    private TimeSpan NextPause() =>
        TimeSpan.FromTicks(Math.Clamp(_pause.Ticks * 2, options.BreakerMinPause.Ticks, options.BreakerMaxPause.Ticks));

    private enum State
    {
        Closed,
        Open,
        Probing,
    }
}
