using System.Text;
using System.Text.Json;

namespace Grapnel.Storage.Sqlite;

/// <summary>
/// Finds the rows of one page by a walk along an index, and stops when the page is full or has cost enough. Conditions that narrow the walk
/// to a stretch of the index stand in <c>WHERE</c>; tests are put to each row on the way, and may look elsewhere. The cost is counted in steps
/// of SQLite's machine: they also see what a test costs, and no busy machine distorts them.
/// </summary>
/// <param name="from">The table, or the index, to walk.</param>
/// <param name="key">The column that orders the list.</param>
internal sealed class ListWalk(string from, string key)
{
    /// <summary>
    /// Steps after which a call ends: 5,000 rows. Measured over a million messages, rows that have to be fetched one by one take 10 ms for as many,
    /// those of an index less than half of it.
    /// </summary>
    public const int Budget = 60_000;

    /// <summary>What is reckoned for asking about a row with statements of their own.</summary>
    private const int CheckCost = 100;

    private readonly StringBuilder _conditions = new();
    private readonly StringBuilder _tests = new();
    private readonly List<Action<Statement>> _conditionParameters = [];
    private readonly List<Action<Statement>> _testParameters = [];
    private readonly List<Action<Statement>> _floors = [];
    private readonly List<Action<Statement>> _ceilings = [];
    private int _charged;

    /// <summary>Narrows the walk to part of the index.</summary>
    public ListWalk Where(string condition, Action<Statement>? bind = null)
    {
        _conditions.Append(_conditions.Length == 0 ? " WHERE " : " AND ").Append(condition);
        if (bind is not null)
            _conditionParameters.Add(bind);
        return this;
    }

    /// <summary>Begins the walk at a key; the highest of several such keys holds.</summary>
    public ListWalk AtLeast(Action<Statement> bind)
    {
        _floors.Add(bind);
        return this;
    }

    /// <summary>Ends the walk before a key; the lowest of several such keys holds.</summary>
    public ListWalk Below(Action<Statement> bind)
    {
        _ceilings.Add(bind);
        return this;
    }

    /// <summary>Ids carry the time, so a range of time is a range of the index. Both ends are left out.</summary>
    public ListWalk Between<TId>(DateTimeOffset? after, DateTimeOffset? before) where TId : IIdentified
    {
        if (before is { } end)
            Below(statement => statement.Bind(IdRange.Before<TId>(end)));
        if (after is { } start)
            AtLeast(statement => statement.Bind(IdRange.After<TId>(start)));
        return this;
    }

    /// <summary>The same as tests of an id that is not what orders the walk.</summary>
    public ListWalk TestBetween(string id, DateTimeOffset? after, DateTimeOffset? before) => this
        .Test(before is not null, $"{id} < ?", statement => statement.Bind(IdRange.Before<Message>(before!.Value)))
        .Test(after is not null, $"{id} >= ?", statement => statement.Bind(IdRange.After<Message>(after!.Value)));

    /// <summary>Puts a test to each row; those that stand first are put first, and the first that fails ends it.</summary>
    public ListWalk Test(bool wanted, string test, Action<Statement>? bind = null)
    {
        if (!wanted)
            return this;
        _tests.Append($"WHEN ({test}) IS NOT TRUE THEN 0 ");
        if (bind is not null)
            _testParameters.Add(bind);
        return this;
    }

    /// <summary>Tests whether a value, with its parameters if it has any, is one of a list; a null list wants any.</summary>
    public ListWalk TestAnyOf(string value, IReadOnlyList<string>? list, Action<Statement>? bind = null) =>
        Test(list is not null, $"{value} IN (SELECT value FROM json_each(?))", statement =>
        {
            bind?.Invoke(statement);
            statement.Bind(JsonSerializer.Serialize(list));
        });

    /// <summary>Adds to the cost of the page what reading one of its rows took beyond the usual.</summary>
    public void Charge(int steps) => _charged += steps;

    /// <summary>Reads a page of a list by id.</summary>
    public Page<TRow> Read<TRow, TId>(
        SqliteSession session, string columns, PageRequest page, Id<TId>? start, Func<Statement, TRow?> read)
        where TRow : class where TId : IIdentified =>
        ReadBy(session, columns, page, start is { } id ? new IdKey<TId>(id) : (IdKey<TId>?)null, read);

    /// <summary>The same for lists whose iterators are the keys themselves.</summary>
    public Page<TRow> Read<TRow, TId>(SqliteSession session, string columns, PageRequest page, Func<Statement, TRow?> read)
        where TRow : class where TId : IIdentified =>
        Read<TRow, TId>(session, columns, page, PagePosition.Of(page).Iterator is { } text ? PagePosition.ParseId<TId>(text) : null, read);

    /// <summary>Reads the page.</summary>
    /// <param name="session">Where to read.</param>
    /// <param name="columns">What <paramref name="read"/> reads, from column 2 on.</param>
    /// <param name="page">Which page. A page before an iterator is read against the order of the list and turned round.</param>
    /// <param name="start">Where the iterator stands.</param>
    /// <param name="read">Makes an item of a row, or nothing of one that does not belong on the page after all.</param>
    public Page<TRow> ReadBy<TRow, TKey>(
        SqliteSession session, string columns, PageRequest page, TKey? start, Func<Statement, TRow?> read)
        where TRow : class where TKey : struct, IWalkKey<TKey>
    {
        var position = PagePosition.Of(page);
        if (start is { } from && position.Ascending)
            AtLeast(from.Beside(1).Bind);
        else if (start is { } end)
            Below(end.Bind);
        var statement = Open(session, columns, position.Ascending);
        var (rows, before) = (new List<TRow>(), statement.VmSteps);
        TKey? reached = null;
        while (rows.Count <= page.Limit && statement.Step())
        {
            var at = TKey.Read(statement);
            if (statement.Int32(1) == 1)
            {
                Charge(CheckCost);
                if (read(statement) is { } row)
                    rows.Add(row);
            }
            if (unchecked(statement.VmSteps - before) + _charged <= Budget)
                continue;
            reached = at;
            break;
        }
        statement.Reset();
        return rows.Count > page.Limit || reached is null
            ? position.ToPage(rows, page.Limit)
            : Unfinished(position, rows, start, reached.Value);
    }

    private Statement Open(SqliteSession session, string columns, bool ascending)
    {
        var test = _tests.Length == 0 ? "1" : $"CASE {_tests}ELSE 1 END";
        Bound(">=", "max", _floors);
        Bound("<", "min", _ceilings);
        var statement = session.Prepare($"SELECT {key}, {test}, {columns} FROM {from}{_conditions} ORDER BY {key} {(ascending ? "ASC" : "DESC")}");
        foreach (var bind in _testParameters)
            bind(statement);
        foreach (var bind in _conditionParameters)
            bind(statement);
        return statement;
    }

    // One condition for each side: of two SQLite would seek by the first and walk, within a single step, to the other.
    private void Bound(string comparison, string decisive, List<Action<Statement>> bounds)
    {
        if (bounds.Count > 0)
            Where(bounds.Count == 1 ? $"{key} {comparison} ?" : $"{key} {comparison} {decisive}({string.Join(", ", Enumerable.Repeat("?", bounds.Count))})");
        _conditionParameters.AddRange(bounds);
    }

    /// <summary>A page that ended because it cost enough; it goes on from the row that was looked at last.</summary>
    public static Page<TRow> Unfinished<TRow, TKey>(PagePosition position, List<TRow> rows, TKey? start, TKey reached)
        where TKey : struct, IWalkKey<TKey> =>
        position.ToUnfinishedPage(rows, reached.ToString()!, start?.Beside(position.Ascending ? 1 : -1).ToString());
}
