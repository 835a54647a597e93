namespace Grapnel.History;

/// <summary>
/// Tells pages that messages, deliveries or lanes changed at this node, so that they read again what they show. One number for everything: raising
/// it costs an increment for a whole batch, and nothing more while nobody listens.
/// </summary>
internal sealed class ChangeSignal(TimeProvider time)
{
    /// <summary>How long a listener is left alone after it was told of a change, unless it asks for something else: 250 ms.</summary>
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromMilliseconds(250);

    private long _version;
    private TaskCompletionSource? _waiting;

    /// <summary>Grows with every change.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>Notes a change. Safe to call from any thread, under any lock.</summary>
    public void Raise()
    {
        Interlocked.Increment(ref _version);
        if (Volatile.Read(ref _waiting) is not null)
            Interlocked.Exchange(ref _waiting, null)?.TrySetResult();
    }

    /// <summary>Begins to listen: whatever changes from now on will be told of. Begin before reading what is to be shown.</summary>
    public ChangeListener Listen(TimeSpan? interval = null) => new(this, time, interval ?? DefaultInterval);

    /// <summary>Ends when there is a later version than this one.</summary>
    public async Task WhenAfterAsync(long version, CancellationToken cancellationToken)
    {
        while (Version == version)
        {
            var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var waiting = Interlocked.CompareExchange(ref _waiting, mine, null) ?? mine;
            // Who raised it in between saw nobody waiting.
            if (Version != version)
                return;
            await waiting.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}

/// <summary>One page that listens; used by one caller at a time.</summary>
internal sealed class ChangeListener
{
    private readonly ChangeSignal _signal;
    private readonly TimeProvider _time;
    private readonly TimeSpan _interval;
    private long _seen;
    private long? _toldAt;

    internal ChangeListener(ChangeSignal signal, TimeProvider time, TimeSpan interval)
    {
        (_signal, _time, _interval) = (signal, time, interval);
        _seen = signal.Version;
    }

    /// <summary>
    /// Ends when something has changed since the last time: at once after a quiet spell, and no sooner than the interval after the last time, however
    /// much changes. No change is missed.
    /// </summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (_toldAt is { } at && _interval - _time.GetElapsedTime(at) is { Ticks: > 0 } rest)
            await Task.Delay(rest, _time, cancellationToken).ConfigureAwait(false);
        await _signal.WhenAfterAsync(_seen, cancellationToken).ConfigureAwait(false);
        _seen = _signal.Version;
        _toldAt = _time.GetTimestamp();
    }
}
