using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace Grapnel.Registry;

/// <summary>
/// The keys that work, as of one reading of the store. A text that was found once is remembered, in memory only: hashing it anew for every
/// request is a sizeable part of what a publish costs.
/// </summary>
internal sealed class WorkingKeys(IEnumerable<WorkingKey> keys)
{
    private readonly FrozenDictionary<Sha256, WorkingKey> _byHash = keys.ToFrozenDictionary(key => Sha256.From(key.Key.Hash));
    private readonly ConcurrentDictionary<string, WorkingKey> _byText = new(SecretComparer.Instance);

    /// <summary>How many there are.</summary>
    public int Count => _byHash.Count;

    /// <summary>The key of that text, or null.</summary>
    public WorkingKey? Find(ReadOnlySpan<char> presented)
    {
        if (_byText.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(presented, out var known))
            return known;
        var key = _byHash.GetValueOrDefault(Sha256.Of(presented));
        // Each working key has one text, so this holds no more than there are keys.
        if (key is not null)
            _byText.TryAdd(presented.ToString(), key);
        return key;
    }
}

/// <summary>A key that is not revoked, and whether it was used since uses were last written down.</summary>
internal sealed class WorkingKey(ApiKey key, KeyUse use)
{
    /// <summary>The key.</summary>
    public ApiKey Key => key;

    /// <summary>Whether its time is over.</summary>
    public bool HasExpired(TimeProvider time) => key.ExpiresAt is { } at && at <= time.GetUtcNow();

    /// <summary>Notes a use. The time of it is that of writing it down, so that a request costs neither a clock nor a write.</summary>
    public void NoteUse() => use.Note();
}

/// <summary>Whether a key was used; outlives the reading of the keys that it belongs to.</summary>
internal sealed class KeyUse
{
    private volatile bool _noted;

    // Written only once in a while: many processors may look at this for every request.
    public void Note()
    {
        if (!_noted)
            _noted = true;
    }

    /// <summary>Whether there was a use since the last call.</summary>
    public bool Take()
    {
        if (!_noted)
            return false;
        _noted = false;
        return true;
    }
}
