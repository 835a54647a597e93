namespace Grapnel.Server.Commands.Listening;

/// <summary>Counts how often each message came to each path. Remembers the newest ten thousand, so that it cannot grow without end.</summary>
internal sealed class AttemptCounter
{
    private const int Capacity = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Path, string Id), int> _counts = [];
    private readonly Queue<(string Path, string Id)> _order = [];

    /// <summary>The number of this attempt, from 1. A request without an id is always the first.</summary>
    public int Count(string path, string? id)
    {
        if (id is null)
            return 1;
        lock (_lock)
        {
            var key = (path, id);
            if (!_counts.TryGetValue(key, out var count))
                Remember(key);
            return _counts[key] = count + 1;
        }
    }

    private void Remember((string, string) key)
    {
        _order.Enqueue(key);
        if (_order.Count > Capacity)
            _counts.Remove(_order.Dequeue());
    }
}
