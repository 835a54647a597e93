using System.Text;
using System.Text.Json;

namespace Grapnel.Storage.Sqlite;

/// <summary>
/// Builds the statement of one list: conditions with their parameters, then a page by id. The page walks the index that the first
/// condition and the order name, and stops at its limit.
/// </summary>
internal sealed class ListQuery(string from)
{
    private readonly StringBuilder _conditions = new();
    private readonly List<Action<Statement>> _parameters = [];

    /// <summary>Adds a condition with one parameter.</summary>
    public ListQuery And(string condition, Action<Statement> bind)
    {
        _conditions.Append(_conditions.Length == 0 ? " WHERE " : " AND ").Append(condition);
        _parameters.Add(bind);
        return this;
    }

    /// <summary>Adds a condition where there is something to compare with.</summary>
    public ListQuery AndIf<T>(T? value, string condition, Action<Statement, T> bind) where T : struct =>
        value is { } given ? And(condition, statement => bind(statement, given)) : this;

    /// <summary>Adds the condition that a column is one of a list.</summary>
    public ListQuery AndAnyOf(string condition, IReadOnlyList<string>? values) =>
        values is null ? this : And(condition, statement => statement.Bind(JsonSerializer.Serialize(values)));

    /// <summary>Reads the page. A page before an iterator is read against the order of the list and turned round.</summary>
    public Page<TRow> Read<TRow, TId>(
        SqliteSession session, string columns, string idColumn, PageRequest page, Func<Statement, TRow> read) where TId : IIdentified
    {
        var position = PagePosition.Of(page);
        if (position.Iterator is { } text)
        {
            var id = PagePosition.ParseId<TId>(text);
            And($"{idColumn} {(position.Ascending ? ">" : "<")} ?", statement => statement.Bind(id));
        }
        var statement = session.Prepare(
            $"SELECT {columns} FROM {from}{_conditions} ORDER BY {idColumn} {(position.Ascending ? "ASC" : "DESC")} LIMIT ?");
        foreach (var bind in _parameters)
            bind(statement);
        statement.Bind(page.Limit + 1);
        var rows = new List<TRow>();
        while (statement.Step())
            rows.Add(read(statement));
        return position.ToPage(rows, page.Limit);
    }
}
