using System.Collections.Concurrent;

namespace Grapnel.Sending;

/// <summary>Cancellation sources that fire after a while, used again and again: nearly every exchange ends before its deadline.</summary>
internal sealed class Deadlines(TimeProvider time)
{
    private const int MaxIdle = 1024;
    private readonly ConcurrentQueue<CancellationTokenSource> _idle = new();
    private int _idleCount;

    /// <summary>A source that fires after <paramref name="limit"/>, unless it is given back before.</summary>
    public CancellationTokenSource Start(TimeSpan limit)
    {
        if (!_idle.TryDequeue(out var source))
            return new CancellationTokenSource(limit, time);
        Interlocked.Decrement(ref _idleCount);
        source.CancelAfter(limit);
        return source;
    }

    /// <summary>Takes a source back. The caller must no longer use it.</summary>
    public void Return(CancellationTokenSource source)
    {
        if (!source.TryReset())
        {
            source.Dispose();
            return;
        }
        if (Interlocked.Increment(ref _idleCount) <= MaxIdle)
        {
            _idle.Enqueue(source);
            return;
        }
        Interlocked.Decrement(ref _idleCount);
        source.Dispose();
    }
}
