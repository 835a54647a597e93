using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Memory;
using ZiggyCreatures.Caching.Fusion;

namespace Grapnel.Registry;

/// <summary>
/// What this process keeps of the catalog in memory, by key: a FusionCache, with one rule on top. What was read before a change ended is not used by
/// whoever asks after it, not even when they waited for the same reading; there is no expiry to wait for.
/// </summary>
internal sealed class CatalogCache<T> : IDisposable where T : class
{
    private const int MaxSubjects = 10_000;

    // Far longer than anybody would wait: changes are told, see CatalogEvents.
    private static readonly FusionCacheEntryOptions Kept = new() { Duration = TimeSpan.FromHours(12), Size = 1 };

    private readonly FusionCache _cache;
    private readonly Func<T, string> _subjectOf;
    private readonly ConcurrentDictionary<string, long> _droppedAt = new(StringComparer.Ordinal);
    private long _allDroppedAt;
    private long _generation;
    private long _hits;
    private long _misses;

    /// <summary>An empty cache.</summary>
    /// <param name="name">What the metrics call it.</param>
    /// <param name="size">The most entries.</param>
    /// <param name="subjectOf">What a value is about, for <see cref="Drop"/>: one subject may be kept under several keys.</param>
    /// <param name="metrics">Hears of hits and misses, if anybody does.</param>
    public CatalogCache(string name, int size, Func<T, string> subjectOf, GrapnelMetrics? metrics)
    {
        _subjectOf = subjectOf;
        _cache = new FusionCache(
            new FusionCacheOptions { CacheName = $"Grapnel {name}", DefaultEntryOptions = Kept }, new MemoryCache(new MemoryCacheOptions { SizeLimit = size }));
        metrics?.Observe(name, () => (Interlocked.Read(ref _hits), Interlocked.Read(ref _misses)));
    }

    /// <summary>The value of a key, or null when it is not kept.</summary>
    public T? Find(string key)
    {
        if (_cache.TryGet<Entry>(key) is not { HasValue: true, Value: var entry } || !IsCurrent(entry))
            return null;
        Interlocked.Increment(ref _hits);
        return entry.Value;
    }

    /// <summary>The value of a key, loaded where it is not kept; however many ask at once, it is loaded once. Null is never kept.</summary>
    public async ValueTask<T?> GetAsync(string key, Func<CancellationToken, Task<T?>> load, CancellationToken cancellationToken)
    {
        if (Find(key) is { } kept)
            return kept;
        Interlocked.Increment(ref _misses);
        while (true)
        {
            var entry = await _cache.GetOrSetAsync<Entry>(key, (context, cancel) => LoadAsync(context, load, cancel), token: cancellationToken).ConfigureAwait(false);
            if (entry.Value is null || IsCurrent(entry))
                return entry.Value;
            // Something changed while it was read.
            await _cache.RemoveAsync(key, token: cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Forgets what is kept of a subject.</summary>
    public void Drop(string subject)
    {
        var now = Interlocked.Increment(ref _generation);
        if (_droppedAt.Count >= MaxSubjects)
            DropAll();
        else
            _droppedAt.AddOrUpdate(subject, now, (_, before) => Math.Max(before, now));
    }

    /// <summary>Forgets everything.</summary>
    public void DropAll()
    {
        Volatile.Write(ref _allDroppedAt, Interlocked.Increment(ref _generation));
        _droppedAt.Clear();
    }

    public void Dispose() => _cache.Dispose();

    private async Task<Entry> LoadAsync(FusionCacheFactoryExecutionContext<Entry> context, Func<CancellationToken, Task<T?>> load, CancellationToken cancellationToken)
    {
        var generation = Interlocked.Read(ref _generation);
        var value = await load(cancellationToken).ConfigureAwait(false);
        context.Options.SkipMemoryCacheWrite = value is null;
        return new Entry(value, value is null ? "" : _subjectOf(value), generation);
    }

    private bool IsCurrent(Entry entry) =>
        entry.Generation >= Volatile.Read(ref _allDroppedAt)
        && (!_droppedAt.TryGetValue(entry.Subject, out var droppedAt) || entry.Generation >= droppedAt);

    private sealed record Entry(T? Value, string Subject, long Generation);
}
