using System.Collections.Concurrent;
using Grapnel.Dispatching;

namespace Grapnel.Server.Inboxes;

/// <summary>How much may go on at one test inbox at once. Its URL is open to all who know it, so everything about it is bounded.</summary>
internal sealed class InboxDoor(TimeProvider time)
{
    /// <summary>Requests per second, with bursts of as many.</summary>
    public const int PerSecond = 50;

    /// <summary>Requests at once, those that wait to be answered included.</summary>
    public const int MaxInside = 32;

    private const int MaxBodies = 4;

    private readonly Lock _lock = new();
    private readonly long _openedAt = time.GetTimestamp();
    private readonly TokenBucket _bucket = new(PerSecond, nowMs: 0);
    private int _inside;

    /// <summary>Bodies that are in memory at once; the others wait outside.</summary>
    public SemaphoreSlim Bodies { get; } = new(MaxBodies, MaxBodies);

    /// <summary>Lets one more in, who must <see cref="Leave"/>; false when that would be one too many.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (_inside == MaxInside || !_bucket.HasToken((long)time.GetElapsedTime(_openedAt).TotalMilliseconds))
                return false;
            _bucket.Take();
            _inside++;
            return true;
        }
    }

    /// <summary>Makes room for another.</summary>
    public void Leave()
    {
        lock (_lock)
            _inside--;
    }
}

/// <summary>The doors of the inboxes there are.</summary>
internal sealed class InboxDoors(TimeProvider time)
{
    private readonly ConcurrentDictionary<Id<Inbox>, InboxDoor> _doors = new();

    /// <summary>The door of an inbox, which must exist.</summary>
    public InboxDoor Of(Id<Inbox> inbox) => _doors.GetOrAdd(inbox, static (_, time) => new InboxDoor(time), time);

    /// <summary>Forgets the door of an inbox that was deleted.</summary>
    public void Remove(Id<Inbox> inbox) => _doors.TryRemove(inbox, out _);
}
