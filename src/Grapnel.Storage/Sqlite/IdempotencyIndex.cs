namespace Grapnel.Storage.Sqlite;

/// <summary>
/// Where the entries of idempotency keys are. Keys are random: entered into a tree one by one, each would rewrite a page of its own, which costs
/// more than storing the message. So the newest keys are found in memory; when there are enough of them they are sorted, and go into the
/// tree bit by bit in order of key, many to a page. A filter in memory spares nearly every new key the search in the tree. The stored entries
/// tell what is not in the tree yet, so a restart forgets nothing. Used on the gate's thread.
/// </summary>
internal sealed class IdempotencyIndex
{
    /// <summary>
    /// So many keys, or somewhat more, are sorted together. The larger the run, the more of its keys go to the same page of the tree; and the more memory it
    /// takes (this one some 8 MB), the longer it is sorted, and the more is read at a start.
    /// </summary>
    internal const int RunLength = 131_072;

    // A run is in the tree long before the next is full.
    private const int MergedForEachAdded = 2;

    private readonly SqliteGate _gate;
    private readonly int _runLength;
    private readonly Action<bool> _end;
    private readonly Dictionary<UInt128, long> _newest = [];
    private UInt128[] _keys = [];
    private long[] _places = [];
    private int _merged;

    // What stands in the tree; null while that is not known. A sweep reads all of the tree, and fills the next one.
    private KeyFilter? _filter;
    private KeyFilter? _nextFilter;
    private long _oldest;
    private long _sweptTo;

    // What the open transaction did here, so that it can be taken back: it is undone whenever a piece of work that shares it is refused.
    private readonly List<UInt128> _added = [];
    private bool _loaded;
    private bool _watches;
    private bool _runChanged;
    private int _mergedBefore;

    public IdempotencyIndex(SqliteGate gate, int runLength) => (_gate, _runLength, _end) = (gate, runLength, End);

    /// <summary>The places at which an entry of the key may be.</summary>
    public IReadOnlyList<long> Find(SqliteSession session, UInt128 key)
    {
        EnsureLoaded(session);
        if (_newest.TryGetValue(key, out var place))
            return [place];
        var i = Array.BinarySearch(_keys, _merged, _keys.Length - _merged, key);
        if (i >= 0)
            return [_places[i]];
        return _filter?.MayHave(Prefix(key)) == false ? [] : FindInTree(session, Prefix(key));
    }

    /// <summary>Adds a key whose entry is stored in this transaction. Places only grow.</summary>
    public void Add(SqliteSession session, UInt128 key, long place)
    {
        EnsureLoaded(session);
        Watch();
        _newest[key] = place;
        _added.Add(key);
    }

    /// <summary>Goes on with moving keys into the tree, at the pace at which they come in.</summary>
    public void Merge(SqliteSession session, int added)
    {
        Move(session, MergedForEachAdded * added);
        if (_newest.Count >= _runLength)
            StartRun(session);
    }

    private void EnsureLoaded(SqliteSession session)
    {
        if (_loaded)
            return;
        // A key that was used anew after its time stands there twice: the later place counts.
        _newest.Clear();
        var select = session.Prepare("SELECT entries FROM idempotency WHERE n > (SELECT value FROM counter WHERE name = 'idempotency') ORDER BY n");
        while (select.Step())
            foreach (var (key, place) in IdempotencyChunk.Places(select.Blob(0).ToArray()))
                _newest[key] = place;
        (_keys, _places, _merged) = ([], [], 0);
        if (!session.Prepare("SELECT 1 FROM idempotency_index WHERE prefix >= 0 LIMIT 1").RunExists())
            _filter = new KeyFilter();
        (_nextFilter, _loaded) = (null, true);
    }

    private void Watch()
    {
        if (_watches)
            return;
        (_watches, _mergedBefore) = (true, _merged);
        _gate.TellHowItEnds(_end);
    }

    // The filters need no care: they may say yes too often. A run that was begun or ended is not worth taking back: all is read again.
    private void End(bool committed)
    {
        if (!committed)
        {
            foreach (var key in _added)
                _newest.Remove(key);
            (_merged, _loaded) = (_mergedBefore, !_runChanged);
        }
        _added.Clear();
        (_watches, _runChanged) = (false, false);
    }

    private void StartRun(SqliteSession session)
    {
        Move(session, _keys.Length - _merged);
        (_keys, _places, _merged, _runChanged) = ([.. _newest.Keys], [.. _newest.Values], 0, true);
        Array.Sort(_keys, _places);
        _newest.Clear();
        // Sweeping reads the whole tree, so it waits until about half of that is of entries that are gone.
        _oldest = session.Prepare("SELECT coalesce(min(n), 0) FROM idempotency").RunInt64();
        if (_filter is not null && _oldest - _sweptTo <= _places.Max() - _oldest)
            return;
        (_nextFilter, _sweptTo) = (new KeyFilter(), _oldest);
    }

    private void Move(SqliteSession session, int count)
    {
        var end = Math.Min(_merged + count, _keys.Length);
        if (_merged == end)
            return;
        if (_nextFilter is not null)
            Sweep(session, _merged == 0 ? -1 : Prefix(_keys[_merged - 1]), end == _keys.Length ? long.MaxValue : Prefix(_keys[end - 1]));
        for (; _merged < end; _merged++)
            MoveOne(session, Prefix(_keys[_merged]), _places[_merged]);
        if (end == _keys.Length)
            EndRun(session);
    }

    private void MoveOne(SqliteSession session, long prefix, long place)
    {
        session.Prepare("INSERT OR IGNORE INTO idempotency_index (prefix, n) VALUES (?, ?)").Bind(prefix).Bind(place).Run();
        _filter?.Add(prefix);
        _nextFilter?.Add(prefix);
    }

    private void EndRun(SqliteSession session)
    {
        _runChanged = true;
        session.Prepare("UPDATE counter SET value = ? WHERE name = 'idempotency'").Bind(_places.Max()).Run();
        if (_nextFilter is null)
            return;
        (_filter, _nextFilter) = (_nextFilter, null);
    }

    // A part of the tree: takes out what is gone, and notes what stays.
    private void Sweep(SqliteSession session, long after, long to)
    {
        session.Prepare("DELETE FROM idempotency_index WHERE prefix > ? AND prefix <= ? AND n < ?").Bind(after).Bind(to).Bind(_oldest).Run();
        var select = session.Prepare("SELECT prefix FROM idempotency_index WHERE prefix > ? AND prefix <= ?").Bind(after).Bind(to);
        while (select.Step())
            _nextFilter!.Add(select.Int64(0));
    }

    // More than one is there when a key was used anew before the one that had expired was swept.
    private static List<long> FindInTree(SqliteSession session, long prefix)
    {
        var places = new List<long>();
        var select = session.Prepare("SELECT n FROM idempotency_index WHERE prefix = ?").Bind(prefix);
        while (select.Step())
            places.Add(select.Int64(0));
        return places;
    }

    // What the tree knows of a key.
    private static long Prefix(UInt128 key) => (long)(ulong)(key >> 65);
}
