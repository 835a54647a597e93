using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

/// <summary>
/// Decides which items of a batch are accepted, where keys and event ids must be unique across nodes: by entering them, in order, so that of two who
/// come at once one waits for the other. An item sees what the items before it in the batch would store.
/// </summary>
internal sealed class AcceptDecision
{
    private readonly PostgresSession _session;
    private readonly IReadOnlyList<AcceptItem> _items;
    private readonly long _now;
    private readonly List<Unit> _units = [];

    public AcceptDecision(PostgresSession session, IReadOnlyList<AcceptItem> items, long now)
    {
        (_session, _items, _now) = (session, items, now);
        Receipts = new AcceptReceipt[items.Count];
        for (var i = 0; i < items.Count; i += _units[^1].Count)
            _units.Add(new Unit(items[i], i));
    }

    /// <summary>What becomes of the items; places are still to come.</summary>
    public AcceptReceipt[] Receipts { get; }

    public async Task MakeAsync()
    {
        var open = _units;
        while (open.Count > 0)
        {
            var firsts = open.Where(unit => unit.Key is null).Concat(open.Where(unit => unit.Key is not null).DistinctBy(unit => unit.Key)).ToHashSet();
            await EnterKeysAsync(open.Where(unit => firsts.Contains(unit) && unit.Key is not null).ToList()).ConfigureAwait(false);
            await EnterEventIdsAsync(open.Where(unit => firsts.Contains(unit) && !unit.IsRepeated).ToList()).ConfigureAwait(false);
            open = await PassOnAsync(open, firsts).ConfigureAwait(false);
        }
        foreach (var unit in _units.Where(unit => unit.IsRepeated))
            Receipts.AsSpan(unit.First, unit.Count).Fill(new AcceptReceipt(AcceptStatus.RepeatedKey));
    }

    /// <summary>Once places are known: renders the answers of groups, and fills in those that repeats get.</summary>
    public async Task ConcludeAsync()
    {
        foreach (var unit in _units.Where(unit => unit is { Group: not null, IsRepeated: false }))
        {
            unit.Entry = unit.Entry! with { Response = unit.Group!.Render(Receipts.AsMemory(unit.First, unit.Count)) };
            await _session.Prepare("UPDATE idempotency SET response = $2 WHERE key = $1").Bind(Uuid.Of(unit.Key!.Value)).Bind(unit.Entry.Response).RunAsync()
                .ConfigureAwait(false);
        }
        foreach (var unit in _units.Where(unit => unit.IsRepeated))
            Receipts.AsSpan(unit.First, unit.Count).Fill(new AcceptReceipt(AcceptStatus.RepeatedKey, Existing: unit.Existing ?? unit.Original!.Entry));
    }

    private async Task EnterKeysAsync(List<Unit> units)
    {
        if (units.Count == 0)
            return;
        var sorted = units.OrderBy(unit => unit.Key).ToList();
        var entered = (await _session.Prepare("""
            INSERT INTO idempotency AS i (key, fingerprint, response, expires_at)
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bigint[])
            ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, response = excluded.response, expires_at = excluded.expires_at
                WHERE i.expires_at <= $5
            RETURNING key
            """)
            .Bind(sorted.ConvertAll(unit => Uuid.Of(unit.Entry!.Key)).ToArray()).Bind(sorted.ConvertAll(unit => Uuid.Of(unit.Entry!.Fingerprint)).ToArray())
            .Bind(sorted.ConvertAll(unit => unit.Entry!.Response).ToArray())
            .Bind(sorted.ConvertAll(unit => unit.Entry!.ExpiresAt.ToUnixTimeMilliseconds()).ToArray()).Bind(_now)
            .RowsAsync(row => row.UInt128(0)).ConfigureAwait(false)).ToHashSet();
        foreach (var unit in sorted.Where(unit => !entered.Contains(unit.Key!.Value)))
            unit.Existing = await PostgresIdempotencyStore.FindAsync(_session, unit.Key!.Value, _now).ConfigureAwait(false);
    }

    private async Task EnterEventIdsAsync(List<Unit> units)
    {
        var named = units.SelectMany(unit => Enumerable.Range(unit.First, unit.Count)).Where(i => _items[i].Message.EventId is not null)
            .GroupBy(i => (_items[i].Message.ApplicationId, EventId: _items[i].Message.EventId!))
            .OrderBy(group => group.Key.ApplicationId).ThenBy(group => group.Key.EventId, StringComparer.Ordinal).ToList();
        if (named.Count == 0)
            return;
        var applications = named.ConvertAll(group => Uuid.Of(group.Key.ApplicationId)).ToArray();
        var eventIds = named.ConvertAll(group => group.Key.EventId).ToArray();
        // A statement sees nothing of what it enters itself, so the ones that were there are asked for afterwards.
        await _session.Prepare("""
            INSERT INTO message_event (application_id, event_id, message_id) SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[]) ON CONFLICT DO NOTHING
            """).Bind(applications).Bind(eventIds).Bind(named.ConvertAll(group => Uuid.Of(_items[group.First()].Message.Id)).ToArray())
            .RunAsync().ConfigureAwait(false);
        var holders = (await _session.Prepare($"""
            SELECT e.application_id, e.event_id, e.message_id FROM unnest($1::uuid[], $2::text[]) AS k (application_id, event_id)
            JOIN message_event e ON {IndexReads.Seek("e.application_id", "k.application_id")} AND e.event_id = k.event_id
            """).Bind(applications).Bind(eventIds)
            .RowsAsync(row => (Key: (row.Id<Application>(0), row.Text(1)), Message: row.Id<Message>(2))).ConfigureAwait(false))
            .ToDictionary(row => row.Key, row => row.Message);
        foreach (var group in named)
            foreach (var i in group)
                if (holders[group.Key] is var holder && holder != _items[i].Message.Id)
                    Receipts[i] = new AcceptReceipt(AcceptStatus.RepeatedEventId, ExistingMessage: holder);
    }

    /// <summary>
    /// Settles those that wait behind another one of the same key, and returns those that are to be looked at again: behind a message that was not
    /// stored, for its event id was taken, so that its key is free after all.
    /// </summary>
    private async Task<List<Unit>> PassOnAsync(List<Unit> open, HashSet<Unit> firsts)
    {
        var freed = firsts.Where(unit => unit is { Key: not null, Group: null, IsRepeated: false } && Receipts[unit.First].Status != AcceptStatus.Accepted)
            .Select(unit => unit.Key!.Value).ToHashSet();
        if (freed.Count > 0)
            await _session.Prepare("DELETE FROM idempotency WHERE key = ANY ($1)").Bind(freed.Select(Uuid.Of).ToArray()).RunAsync().ConfigureAwait(false);
        var byKey = firsts.Where(unit => unit.Key is not null).ToDictionary(unit => unit.Key!.Value);
        var again = new List<Unit>();
        foreach (var unit in open.Where(unit => !firsts.Contains(unit)))
        {
            var first = byKey[unit.Key!.Value];
            if (freed.Contains(unit.Key.Value))
                again.Add(unit);
            else if (first.IsRepeated)
                unit.Existing = first.Existing;
            else
                unit.Original = first;
        }
        return again;
    }

    /// <summary>What has one key: an item, or the items of a group.</summary>
    private sealed class Unit(AcceptItem item, int first)
    {
        public int First => first;

        public AcceptGroup? Group => item.Group;

        public int Count => item.Group?.Count ?? 1;

        public UInt128? Key => Entry?.Key;

        public IdempotencyEntry? Entry { get; set; } =
            item.Group is { } group ? new IdempotencyEntry(group.Key, group.Fingerprint, [], group.ExpiresAt) : item.Idempotency;

        /// <summary>What was remembered under the key before this batch.</summary>
        public IdempotencyEntry? Existing { get; set; }

        /// <summary>The unit of this very batch that it repeats.</summary>
        public Unit? Original { get; set; }

        public bool IsRepeated => Existing is not null || Original is not null;
    }
}
