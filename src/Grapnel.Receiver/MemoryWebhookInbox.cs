namespace Grapnel.Receiving;

/// <summary>
/// Remembers ids in the memory of this process, up to a number and an age; the oldest is forgotten first. A webhook that comes again after that, or after a
/// restart, is handled again.
/// </summary>
public sealed class MemoryWebhookInbox : IWebhookInbox
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Route, string Id), Entry> _entries = [];
    private readonly Queue<Entry> _handled = new();
    private readonly int _capacity;
    private readonly TimeSpan _age;
    private readonly TimeProvider _time;

    /// <param name="capacity">Most ids to remember. Default 50,000, some 10 MB.</param>
    /// <param name="age">How long to remember one. Default 4 days: longer than Grapnel retries by default (75 hours 35 minutes).</param>
    /// <param name="time">The clock. Default: the system's.</param>
    public MemoryWebhookInbox(int capacity = 50_000, TimeSpan? age = null, TimeProvider? time = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        (_capacity, _age, _time) = (capacity, age ?? TimeSpan.FromDays(4), time ?? TimeProvider.System);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(_age, TimeSpan.Zero, nameof(age));
    }

    /// <summary>How many ids it remembers.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _handled.Count;
        }
    }

    /// <inheritdoc/>
    public async Task<bool> HandleOnceAsync(Webhook webhook, Func<Webhook, Task> handler)
    {
        ArgumentNullException.ThrowIfNull(webhook);
        ArgumentNullException.ThrowIfNull(handler);
        var key = (webhook.Route, webhook.Id);
        while (true)
        {
            var (entry, isOurs) = Enter(key);
            if (isOurs)
            {
                await RunAsync(entry, webhook, handler).ConfigureAwait(false);
                return true;
            }
            if (await entry.Done.Task.ConfigureAwait(false))
                return false;
            // The other one failed, and has told its own sender so. This one is another chance.
        }
    }

    private async Task RunAsync(Entry entry, Webhook webhook, Func<Webhook, Task> handler)
    {
        var done = false;
        try
        {
            await handler(webhook).ConfigureAwait(false);
            done = true;
        }
        finally
        {
            Leave(entry, done);
            entry.Done.SetResult(done);
        }
    }

    private (Entry Entry, bool IsOurs) Enter((string, string) key)
    {
        lock (_lock)
        {
            Forget(_time.GetTimestamp());
            if (_entries.TryGetValue(key, out var known))
                return (known, false);
            return (_entries[key] = new Entry(key), true);
        }
    }

    private void Leave(Entry entry, bool done)
    {
        lock (_lock)
        {
            if (!done)
            {
                _entries.Remove(entry.Key);
                return;
            }
            entry.HandledAt = _time.GetTimestamp();
            _handled.Enqueue(entry);
            Forget(entry.HandledAt);
        }
    }

    private void Forget(long now)
    {
        while (_handled.TryPeek(out var oldest) && (_handled.Count > _capacity || _time.GetElapsedTime(oldest.HandledAt, now) > _age))
            _entries.Remove(_handled.Dequeue().Key);
    }

    private sealed class Entry((string, string) key)
    {
        public (string, string) Key { get; } = key;

        /// <summary>Whether it was handled; known once its handler has ended.</summary>
        public TaskCompletionSource<bool> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long HandledAt { get; set; }
    }
}
