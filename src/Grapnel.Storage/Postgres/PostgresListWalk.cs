using System.Text;

namespace Grapnel.Storage.Postgres;

/// <summary>
/// Finds the rows of one page by a walk along an index, and stops when the page is full or has cost enough. Conditions that narrow the walk
/// to a stretch of the index stand in <c>WHERE</c>; tests are put to each row on the way, and may look elsewhere. The cost is counted in rows.
/// </summary>
/// <param name="from">The table to walk, and what stands beside its rows.</param>
/// <param name="key">The column that orders the list, an id.</param>
internal sealed class PostgresListWalk(string from, string key)
{
    /// <summary>Rows of the index after which a call ends.</summary>
    public const int Budget = 5_000;

    /// <summary>What is reckoned, in rows, for asking about a row that passed with statements of their own.</summary>
    public const int CheckCost = 8;

    /// <summary>How many rows that passed are asked about together, once a page's worth was not enough.</summary>
    public const int CheckedAtOnce = 100;

    private readonly StringBuilder _conditions = new();
    private readonly StringBuilder _tests = new();
    private readonly List<Action<PostgresCommand>> _values = [];
    private UInt128 _floor = UInt128.MinValue;
    private UInt128 _ceiling = UInt128.MaxValue;
    private int _charged;

    /// <summary>A parameter, as conditions and tests name it.</summary>
    public string Value(Action<PostgresCommand> bind)
    {
        _values.Add(bind);
        return $"${_values.Count}";
    }

    /// <summary>A parameter that is an id.</summary>
    public string Value<T>(Id<T> id) where T : IIdentified => Value(command => command.Bind(id));

    /// <summary>A parameter that is a text.</summary>
    public string Value(string text) => Value(command => command.Bind(text));

    /// <summary>Narrows the walk to part of the index.</summary>
    public PostgresListWalk Where(string condition)
    {
        _conditions.Append(condition).Append(" AND ");
        return this;
    }

    /// <summary>Narrows the walk to ids of a range of time. Both ends are left out.</summary>
    public PostgresListWalk Between<TId>(DateTimeOffset? after, DateTimeOffset? before) where TId : IIdentified
    {
        if (after is { } start)
            _floor = UInt128.Max(_floor, IdRange.After<TId>(start).Value);
        if (before is { } end)
            _ceiling = UInt128.Min(_ceiling, IdRange.Before<TId>(end).Value);
        return this;
    }

    /// <summary>Puts a test to each row; those that stand first are put first, and the first that fails ends it.</summary>
    public PostgresListWalk Test(string test)
    {
        _tests.Append($"WHEN ({test}) IS NOT TRUE THEN false ");
        return this;
    }

    /// <summary>Tests whether a value is one of a list; a null list wants any.</summary>
    public PostgresListWalk TestAnyOf(string value, IReadOnlyList<string>? list) =>
        list is null ? this : Test($"{value} = ANY ({Value(command => command.Bind(list.Where(IndexReads.CanBeStored).ToArray()))})");

    /// <summary>Adds to the cost of the page what reading some of its rows took beyond the usual.</summary>
    public void Charge(int rows) => _charged += rows;

    /// <summary>Reads a page of a list whose rows are told by the walk itself.</summary>
    public Task<Page<TRow>> ReadAsync<TRow, TId>(PostgresSession session, string columns, PageRequest page, Func<PostgresRow, TRow> read)
        where TRow : class where TId : IIdentified =>
        ReadAsync<TRow, TId, TRow>(session, columns, page, StartOf<TId>(page), read, rows => Task.FromResult<IReadOnlyList<TRow?>>(rows));

    /// <summary>Where the iterator of a list by id stands.</summary>
    public static Id<TId>? StartOf<TId>(PageRequest page) where TId : IIdentified =>
        PagePosition.Of(page).Iterator is { } text ? PagePosition.ParseId<TId>(text) : null;

    /// <summary>Reads the page.</summary>
    /// <param name="session">Where to read.</param>
    /// <param name="columns">What <paramref name="read"/> reads, from column 0 on.</param>
    /// <param name="page">Which page. A page before an iterator is read against the order of the list and turned round.</param>
    /// <param name="start">Where the iterator stands.</param>
    /// <param name="read">Reads a row that passed.</param>
    /// <param name="complete">
    /// Makes items of rows that passed, or nothing of those that do not belong on the page after all. It may stop after some of them; the walk then
    /// goes on behind those.
    /// </param>
    public async Task<Page<TRow>> ReadAsync<TRow, TId, TFound>(
        PostgresSession session, string columns, PageRequest page, Id<TId>? start, Func<PostgresRow, TFound> read,
        Func<List<TFound>, Task<IReadOnlyList<TRow?>>> complete)
        where TRow : class where TId : IIdentified
    {
        var position = PagePosition.Of(page);
        var (rows, at, left, wanted) = (new List<TRow>(), start, Budget, page.Limit + 1);
        while (true)
        {
            var steps = await StepAsync<TId, TFound>(session, columns, position.Ascending, at, left, wanted, read).ConfigureAwait(false);
            var passed = steps.FindAll(step => step.Passes);
            var items = passed.Count == 0 ? [] : await complete(passed.ConvertAll(step => step.Found!)).ConfigureAwait(false);
            rows.AddRange(items.OfType<TRow>());
            if (rows.Count > page.Limit)
                return position.ToPage(rows, page.Limit);
            var isStopped = items.Count < passed.Count;
            if (!isStopped && steps.Count < wanted && (steps.Count == 0 || steps[^1].Number < left))
                return position.ToPage(rows, page.Limit);
            var last = isStopped ? passed[items.Count - 1] : steps[^1];
            (at, wanted) = (last.Key, Math.Max(wanted, CheckedAtOnce));
            left -= (int)last.Number + _charged + items.Count * CheckCost;
            _charged = 0;
            if (left <= 0)
                return position.ToUnfinishedPage(rows, last.Key.ToString(), start is { } from ? Beside(from, position.Ascending).ToString() : null);
        }
    }

    // Rows that pass, and the last of the stretch whether it passes or not. Rows are tested as they are asked for, and no more of them than it takes.
    private Task<List<Step<TId, TFound>>> StepAsync<TId, TFound>(
        PostgresSession session, string columns, bool ascending, Id<TId>? at, int rows, int wanted, Func<PostgresRow, TFound> read) where TId : IIdentified
    {
        var (count, order) = (_values.Count, ascending ? "ASC" : "DESC");
        var command = session.Prepare($"""
            SELECT * FROM (
                SELECT {columns}, {key} AS walk_key, row_number() OVER (ORDER BY {key} {order}) AS walk_number,
                    {(_tests.Length == 0 ? "true" : $"CASE {_tests}ELSE true END")} AS walk_passes
                FROM {from} WHERE {_conditions}{key} >= ${count + 1} AND {key} < ${count + 2} ORDER BY {key} {order} LIMIT ${count + 3}
            ) AS walked WHERE walk_passes OR walk_number = ${count + 3} LIMIT ${count + 4}
            """);
        foreach (var bind in _values)
            bind(command);
        var (floor, ceiling) = at is not { } edge ? (_floor, _ceiling)
            : ascending ? (UInt128.Max(_floor, Beside(edge, up: true).Value), _ceiling)
            : (_floor, UInt128.Min(_ceiling, edge.Value));
        return command.Bind(new Id<TId>(floor)).Bind(new Id<TId>(ceiling)).Bind((long)rows).Bind((long)wanted).RowsAsync(row =>
        {
            var passes = row.Bool(row.Count - 1);
            return new Step<TId, TFound>(row.Id<TId>(row.Count - 3), row.Int64(row.Count - 2), passes, passes ? read(row) : default);
        });
    }

    private static Id<T> Beside<T>(Id<T> id, bool up) where T : IIdentified => up
        ? new Id<T>(id.Value + (id.Value < UInt128.MaxValue ? 1u : 0u))
        : new Id<T>(id.Value - (id.Value > 0 ? 1u : 0u));

    private sealed record Step<TId, TFound>(Id<TId> Key, long Number, bool Passes, TFound? Found) where TId : IIdentified;
}
