using System.Collections.Concurrent;
using Grapnel.Auditing;
using Grapnel.Storage;

namespace Grapnel.Registry;

/// <summary>Which application tokens no longer count although their time is not over. Read once, when the first token comes, and kept in memory.</summary>
internal sealed class TokenRevocations
{
    // Several statements each, in one transaction that others wait for.
    private const int SubjectsAtOnce = 50;

    private readonly ICatalogStore _store;
    private readonly CatalogEvents _events;
    private readonly AuditLog _audit;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, IReadOnlyList<TokenRevocation>> _bySubject = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _loading = new(1, 1);
    private volatile bool _loaded;

    /// <summary>The revocations of <paramref name="store"/>, and those that <paramref name="events"/> tells of.</summary>
    public TokenRevocations(ICatalogStore store, CatalogEvents events, AuditLog audit, TimeProvider time)
    {
        (_store, _events, _audit, _time) = (store, events, audit, time);
        events.TokensRevoked += Note;
    }

    /// <summary>Takes away what was issued for these subjects up to now; durable when it returns.</summary>
    /// <param name="application">The application whose tokens they are.</param>
    /// <param name="subjects">See <see cref="TokenRevocation.Subject"/>.</param>
    /// <param name="delay">How long the tokens go on counting.</param>
    /// <param name="keepUntil">When the last of them has expired by itself.</param>
    public async Task RevokeAsync(Id<Application> application, IEnumerable<string> subjects, TimeSpan delay, DateTimeOffset keepUntil)
    {
        // As exact as the store: what holds before a restart holds after it.
        var now = DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds());
        var all = subjects.Distinct().Select(subject => new TokenRevocation(subject, now, now + delay, keepUntil)).ToList();
        foreach (var revocations in all.Chunk(SubjectsAtOnce))
        {
            await _store.AddTokenRevocationsAsync(revocations, CancellationToken.None);
            _events.OnTokensRevoked(revocations);
        }
        _audit.Record(AuditActions.TokenRevoked, all is [var only] ? only.Subject : application.ToString(), application,
            Difference.Told(("subjects", all.Count > 1 ? all.Select(revocation => revocation.Subject) : null), ("effectiveAt", now + delay)));
    }

    /// <summary>Whether a token that was issued then, and belongs to these subjects, no longer counts.</summary>
    public async ValueTask<bool> IncludeAsync(IEnumerable<string> subjects, DateTimeOffset issuedAt, CancellationToken cancellationToken)
    {
        if (!_loaded)
            await LoadAsync(cancellationToken);
        var now = _time.GetUtcNow();
        return subjects.Any(subject => _bySubject.TryGetValue(subject, out var revocations)
            && revocations.Any(revocation => issuedAt <= revocation.Before && revocation.EffectiveAt <= now));
    }

    /// <summary>Forgets what no longer has to be kept.</summary>
    public async Task DropAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        await _store.DropTokenRevocationsAsync(now, cancellationToken);
        foreach (var (subject, revocations) in _bySubject)
            if (revocations.All(revocation => revocation.KeepUntil <= now))
                _bySubject.TryRemove(KeyValuePair.Create(subject, revocations));
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        await _loading.WaitAsync(cancellationToken);
        try
        {
            // What is revoked meanwhile comes by event as well: twice is no harm.
            if (!_loaded)
                Note(await _store.ReadTokenRevocationsAsync(_time.GetUtcNow(), cancellationToken));
            _loaded = true;
        }
        finally
        {
            _loading.Release();
        }
    }

    private void Note(IReadOnlyList<TokenRevocation> revocations)
    {
        foreach (var added in revocations)
            _bySubject.AddOrUpdate(added.Subject, [added], (_, known) => known.Any(other => other.Covers(added)) ? known
                : [.. known.Where(other => !added.Covers(other)), added]);
    }
}
