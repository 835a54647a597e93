using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Grapnel.Storage;

namespace Grapnel.Registry;

/// <summary>Making, revoking and recognising API keys.</summary>
internal sealed class ApiKeyRegistry
{
    /// <summary>The start of every key that is made here, so that secret scanners can tell one.</summary>
    public const string Prefix = "grpk_";

    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int Digits = 43; // 62^43 > 2^256: as hard to guess as 32 random bytes
    private const int MinChosenLength = 20;
    private const int HintLength = 9;

    private readonly ICatalogStore _store;
    private readonly CatalogEvents _events;
    private readonly IdGenerator _ids;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _loading = new(1, 1);
    private readonly Lock _changing = new();
    private volatile WorkingKeys? _working;
    private volatile int _version;

    /// <summary>Recognises the keys of <paramref name="store"/> and forgets what it knows when <paramref name="events"/> says so.</summary>
    public ApiKeyRegistry(ICatalogStore store, CatalogEvents events, IdGenerator ids, TimeProvider time)
    {
        (_store, _events, _ids, _time) = (store, events, ids, time);
        events.ApiKeysChanged += Forget;
    }

    /// <summary>Makes a key. The text is not kept anywhere: this is the only time it is seen.</summary>
    public async Task<NewApiKey> CreateAsync(string name)
    {
        var text = NewText();
        return new NewApiKey(await AddAsync(name, text), text);
    }

    /// <summary>The text of a new key, which works only once it is added.</summary>
    public static string NewText() => Prefix + RandomNumberGenerator.GetString(Alphabet, Digits);

    /// <summary>Makes sure that a key that the operator chose works, whether it is new, known or had been revoked.</summary>
    /// <exception cref="InvalidInputException">The text is too short to be a secret, or cannot stand in a header.</exception>
    public async Task EnsureAsync(string name, string text, CancellationToken cancellationToken)
    {
        if (text.Length < MinChosenLength || !text.All(c => c is > ' ' and < '\u007f'))
            throw new InvalidInputException("ApiKey", $"must have at least {MinChosenLength} printable ASCII characters without spaces");
        if (await FindAsync(text, cancellationToken) is null)
            await AddAsync(name, text);
    }

    /// <summary>Whether any key works.</summary>
    public async Task<bool> AnyAsync(CancellationToken cancellationToken) => (await WorkingAsync(cancellationToken)).Count > 0;

    /// <summary>All keys, revoked ones included, the oldest first.</summary>
    public Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellationToken) => _store.ReadApiKeysAsync(cancellationToken);

    /// <summary>A page of all keys, revoked ones included, in the order of their making. Cut from the whole list: keys are few.</summary>
    public async Task<Page<ApiKey>> ListAsync(PageRequest page, CancellationToken cancellationToken)
    {
        var position = PagePosition.Of(page);
        var all = await ListAsync(cancellationToken);
        var rows = position.Ascending ? all : all.Reverse();
        if (position.Iterator is { } text)
        {
            var from = PagePosition.ParseId<ApiKey>(text);
            rows = rows.Where(key => position.Ascending ? key.Id.CompareTo(from) > 0 : key.Id.CompareTo(from) < 0);
        }
        return position.ToPage(rows.Take(page.Limit + 1).ToList(), page.Limit);
    }

    /// <summary>Revokes a key, at once.</summary>
    /// <exception cref="NotFoundException">There is no such working key.</exception>
    public async Task RevokeAsync(Id<ApiKey> id)
    {
        if (!await _store.RevokeApiKeyAsync(id, _time.GetUtcNow(), CancellationToken.None))
            throw new NotFoundException($"There is no working API key '{id}'.");
        _events.OnApiKeysChanged();
    }

    /// <summary>The working key of that text, or null. Looked up by hashes, so its time tells nothing about the keys.</summary>
    public ValueTask<ApiKey?> FindAsync(ReadOnlySpan<char> presented, CancellationToken cancellationToken) => _working is { } working
        ? new ValueTask<ApiKey?>(working.Find(presented))
        : LoadAndFindAsync(presented.ToString(), cancellationToken);

    private async ValueTask<ApiKey?> LoadAndFindAsync(string presented, CancellationToken cancellationToken) =>
        (await WorkingAsync(cancellationToken)).Find(presented);

    private async ValueTask<WorkingKeys> WorkingAsync(CancellationToken cancellationToken)
    {
        if (_working is { } known)
            return known;
        await _loading.WaitAsync(cancellationToken);
        try
        {
            return _working ?? await LoadAsync(cancellationToken);
        }
        finally
        {
            _loading.Release();
        }
    }

    private async Task<WorkingKeys> LoadAsync(CancellationToken cancellationToken)
    {
        var version = _version;
        var keys = await _store.ReadApiKeysAsync(cancellationToken);
        // A key can be added twice when two nodes ensure it at once; both rows mean the same key.
        var working = new WorkingKeys(keys.Where(key => key.RevokedAt is null).DistinctBy(key => Sha256.From(key.Hash)));
        lock (_changing)
        {
            // What changed while the keys were read may be missing from them: then the next caller reads again.
            if (_version == version)
                _working = working;
        }
        return working;
    }

    private void Forget()
    {
        lock (_changing)
        {
            _version++;
            _working = null;
        }
    }

    private async Task<ApiKey> AddAsync(string name, string text)
    {
        var check = new InputCheck();
        check.Name("name", name);
        check.ThrowIfAny();
        var key = new ApiKey
        {
            Id = _ids.Next<ApiKey>(),
            Name = name,
            Hash = SHA256.HashData(Encoding.UTF8.GetBytes(text)),
            Hint = text[..Math.Min(HintLength, text.Length / 4)],
            CreatedAt = _time.GetUtcNow(),
        };
        await _store.AddApiKeyAsync(key, CancellationToken.None);
        _events.OnApiKeysChanged();
        return key;
    }
}

/// <summary>
/// The keys that work, as of one reading of the store. A text that was found once is remembered, in memory only: hashing it anew for every
/// request is a sizeable part of what a publish costs.
/// </summary>
internal sealed class WorkingKeys(IEnumerable<ApiKey> keys)
{
    private readonly FrozenDictionary<Sha256, ApiKey> _byHash = keys.ToFrozenDictionary(key => Sha256.From(key.Hash));
    private readonly ConcurrentDictionary<string, ApiKey> _byText = new(new SecretComparer());

    /// <summary>How many there are.</summary>
    public int Count => _byHash.Count;

    /// <summary>The key of that text, or null.</summary>
    public ApiKey? Find(ReadOnlySpan<char> presented)
    {
        if (_byText.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(presented, out var known))
            return known;
        var key = _byHash.GetValueOrDefault(Sha256.Of(presented));
        // Each working key has one text, so this holds no more than there are keys.
        if (key is not null)
            _byText.TryAdd(presented.ToString(), key);
        return key;
    }

    /// <summary>Compares texts in a time that tells nothing about them: by a hash that is seeded per process, then to the end.</summary>
    private sealed class SecretComparer : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<char>, string>
    {
        public bool Equals(string? x, string? y) => Equals(x.AsSpan(), y!);

        public bool Equals(ReadOnlySpan<char> alternate, string other) =>
            CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(alternate), MemoryMarshal.AsBytes(other.AsSpan()));

        public int GetHashCode(string obj) => GetHashCode(obj.AsSpan());

        public int GetHashCode(ReadOnlySpan<char> alternate) => string.GetHashCode(alternate);

        public string Create(ReadOnlySpan<char> alternate) => alternate.ToString();
    }
}

/// <summary>A key that has just been made.</summary>
/// <param name="Key">What is stored of it.</param>
/// <param name="Text">The key itself.</param>
internal sealed record NewApiKey(ApiKey Key, string Text)
{
    /// <summary>Never the key: records print their members, and logs print records.</summary>
    public override string ToString() => $"NewApiKey({Key.Id})";
}
