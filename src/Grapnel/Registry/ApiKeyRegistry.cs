using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Grapnel.Auditing;
using Grapnel.Storage;

namespace Grapnel.Registry;

/// <summary>Making, revoking and recognising API keys.</summary>
internal sealed class ApiKeyRegistry : IDisposable
{
    /// <summary>The start of every key that is made here, so that secret scanners can tell one.</summary>
    public const string Prefix = "grpk_";

    private const string All = "API keys";
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int Digits = 43; // 62^43 > 2^256: as hard to guess as 32 random bytes
    private const int MinChosenLength = 20;
    private const int HintLength = 9;

    private readonly ICatalogStore _store;
    private readonly CatalogEvents _events;
    private readonly AuditLog _audit;
    private readonly IdGenerator _ids;
    private readonly TimeProvider _time;
    private readonly EditGate _gate = new();
    private readonly ConcurrentDictionary<Id<ApiKey>, KeyUse> _uses = new();
    private readonly CatalogCache<WorkingKeys> _working;

    /// <summary>Recognises the keys of <paramref name="store"/> and forgets what it knows when <paramref name="events"/> says so.</summary>
    public ApiKeyRegistry(ICatalogStore store, CatalogEvents events, AuditLog audit, IdGenerator ids, TimeProvider time, GrapnelMetrics? metrics = null)
    {
        (_store, _events, _audit, _ids, _time) = (store, events, audit, ids, time);
        _working = new CatalogCache<WorkingKeys>("api_keys", 1, _ => All, metrics);
        events.ApiKeysChanged += () => _working.Drop(All);
    }

    /// <summary>Makes a key that may do everything.</summary>
    public Task<NewApiKey> CreateAsync(string name) => CreateAsync(new ApiKeyInput { Name = name }, CancellationToken.None);

    /// <summary>Makes a key. The text is not kept anywhere: this is the only time it is seen.</summary>
    public async Task<NewApiKey> CreateAsync(ApiKeyInput input, CancellationToken cancellationToken)
    {
        var text = NewText();
        return new NewApiKey(await AddAsync(input, text, cancellationToken), text);
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
            await AddAsync(new ApiKeyInput { Name = name }, text, cancellationToken);
    }

    /// <summary>Whether there is any key that is not revoked, whatever it may do.</summary>
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

    /// <summary>Finds a key, revoked or not.</summary>
    /// <exception cref="NotFoundException">There is none.</exception>
    public async Task<ApiKey> GetAsync(Id<ApiKey> id, CancellationToken cancellationToken) =>
        (await ListAsync(cancellationToken)).FirstOrDefault(key => key.Id == id) ?? throw new NotFoundException($"There is no API key '{id}'.");

    /// <summary>Changes name and expiry of a working key: <paramref name="edit"/> gets what is there and returns what should be.</summary>
    /// <exception cref="NotFoundException">There is no such working key.</exception>
    public Task<ApiKey> EditAsync(Id<ApiKey> id, Func<ApiKeyInput, ApiKeyInput> edit, CancellationToken cancellationToken) =>
        _gate.RunAsync(async () =>
        {
            var current = await GetAsync(id, cancellationToken);
            var input = edit(new ApiKeyInput { Name = current.Name, ExpiresAt = current.ExpiresAt });
            // An expiry that is over may stay, while other fields change.
            Check(input, checkExpiry: input.ExpiresAt != current.ExpiresAt);
            if (!await _store.UpdateApiKeyAsync(id, input.Name!, input.ExpiresAt, CancellationToken.None))
                throw NotWorking(id);
            _events.OnApiKeysChanged();
            var changed = current with { Name = input.Name!, ExpiresAt = input.ExpiresAt };
            _audit.RecordChange(AuditActions.ApiKeyUpdated, id.ToString(), current.ApplicationId, current, changed);
            return changed;
        }, cancellationToken);

    /// <summary>Revokes a key, at once.</summary>
    /// <exception cref="NotFoundException">There is no such working key.</exception>
    public async Task RevokeAsync(Id<ApiKey> id)
    {
        if (!await _store.RevokeApiKeyAsync(id, _time.GetUtcNow(), CancellationToken.None))
            throw NotWorking(id);
        _events.OnApiKeysChanged();
        _audit.Record(AuditActions.ApiKeyRevoked, id.ToString());
    }

    /// <summary>The working key of that text, or null. Looked up by hashes, so its time tells nothing about the keys.</summary>
    public ValueTask<WorkingKey?> FindAsync(ReadOnlySpan<char> presented, CancellationToken cancellationToken) => _working.Find(All) is { } working
        ? new ValueTask<WorkingKey?>(Find(working, presented))
        : LoadAndFindAsync(presented.ToString(), cancellationToken);

    /// <summary>Writes down which keys were used since the last time; nothing, when none was.</summary>
    public async Task WriteUsesAsync(CancellationToken cancellationToken)
    {
        var used = _uses.Where(use => use.Value.Take()).Select(use => use.Key).ToList();
        if (used.Count == 0)
            return;
        try
        {
            await _store.NoteApiKeyUsesAsync(used, _time.GetUtcNow(), cancellationToken);
        }
        catch
        {
            // Not lost: they go with the next turn.
            foreach (var id in used)
                _uses[id].Note();
            throw;
        }
    }

    private async ValueTask<WorkingKey?> LoadAndFindAsync(string presented, CancellationToken cancellationToken) =>
        Find(await WorkingAsync(cancellationToken), presented);

    private WorkingKey? Find(WorkingKeys working, ReadOnlySpan<char> presented) =>
        working.Find(presented) is { } key && !key.HasExpired(_time) ? key : null;

    private async ValueTask<WorkingKeys> WorkingAsync(CancellationToken cancellationToken) =>
        (await _working.GetAsync(All, LoadAsync, cancellationToken))!;

    private async Task<WorkingKeys?> LoadAsync(CancellationToken cancellationToken)
    {
        var keys = await _store.ReadApiKeysAsync(cancellationToken);
        // A key can be there twice, when its first row has expired: the row that works longest counts.
        return new WorkingKeys(keys.Where(key => key.RevokedAt is null)
            .OrderByDescending(key => key.ExpiresAt ?? DateTimeOffset.MaxValue).DistinctBy(key => Sha256.From(key.Hash))
            .Select(key => new WorkingKey(key, _uses.GetOrAdd(key.Id, _ => new KeyUse()))));
    }

    public void Dispose() => _working.Dispose();

    private async Task<ApiKey> AddAsync(ApiKeyInput input, string text, CancellationToken cancellationToken)
    {
        Check(input, checkExpiry: true);
        var key = new ApiKey
        {
            Id = _ids.Next<ApiKey>(),
            Name = input.Name!,
            Hash = SHA256.HashData(Encoding.UTF8.GetBytes(text)),
            Hint = text[..Math.Min(HintLength, text.Length / 4)],
            Scope = input.Scope,
            ApplicationId = await FindApplicationAsync(input.Application, cancellationToken),
            ExpiresAt = input.ExpiresAt,
            CreatedAt = _time.GetUtcNow(),
        };
        // False for a chosen key that another node, which starts at the same moment, has just added.
        var added = await _store.AddApiKeyAsync(key, CancellationToken.None);
        _events.OnApiKeysChanged();
        if (added)
            _audit.RecordChange(AuditActions.ApiKeyCreated, key.Id.ToString(), key.ApplicationId, null, key);
        return key;
    }

    private async Task<Id<Application>?> FindApplicationAsync(string? idOrUid, CancellationToken cancellationToken)
    {
        if (idOrUid is null)
            return null;
        return await _store.FindApplicationAsync(idOrUid, cancellationToken) is { } application
            ? application.Id
            : throw new InvalidInputException("application", $"must be the id or uid of an application; there is no '{idOrUid}'");
    }

    private void Check(ApiKeyInput input, bool checkExpiry)
    {
        var check = new InputCheck();
        check.Name("name", input.Name);
        if (checkExpiry && input.ExpiresAt <= _time.GetUtcNow())
            check.Add("expiresAt", "must lie in the future");
        check.ThrowIfAny();
    }

    private static NotFoundException NotWorking(Id<ApiKey> id) => new($"There is no working API key '{id}'.");
}
