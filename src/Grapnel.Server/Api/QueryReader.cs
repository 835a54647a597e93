using System.Globalization;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary>Reads the query of a request and collects what does not fit.</summary>
internal sealed class QueryReader(IQueryCollection query)
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 250;

    // Nothing is older, and nothing newer; both leave room for whoever reckons with them.
    private static readonly DateTimeOffset Earliest = DateTimeOffset.UnixEpoch;
    private static readonly DateTimeOffset Latest = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly List<FieldError> _errors = [];

    /// <summary>Which page of a list is asked for.</summary>
    /// <param name="descending">The order unless the query says otherwise.</param>
    /// <param name="isIterator">Whether an iterator, without its leading minus, is one of this list.</param>
    public PageRequest Page(bool descending, Func<string, bool> isIterator)
    {
        var limit = Number("limit") ?? DefaultLimit;
        if (limit is < 1 or > MaxLimit)
            Fail("limit", $"must lie between 1 and {MaxLimit}");
        var iterator = Text("iterator");
        if (iterator is not null && !isIterator(iterator.StartsWith('-') ? iterator[1..] : iterator))
            Fail("iterator", "is not an iterator of this list");
        return new PageRequest(limit, iterator, Descending(descending));
    }

    public string? Text(string name) => query.TryGetValue(name, out var values) && values is [{ Length: > 0 } value, ..] ? value : null;

    public bool Flag(string name, bool otherwise) => Text(name) switch
    {
        null => otherwise,
        "true" or "1" => true,
        "false" or "0" => false,
        _ => Fail(name, "must be true or false", otherwise),
    };

    public int? Number(string name) => Text(name) switch
    {
        null => null,
        var text when int.TryParse(text, CultureInfo.InvariantCulture, out var number) => number,
        _ => Fail<int?>(name, "must be a whole number", null),
    };

    public DateTimeOffset? Time(string name) => Text(name) switch
    {
        null => null,
        var text when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) => Clamp(time),
        _ => Fail<DateTimeOffset?>(name, "must be a time like 2026-01-31T12:00:00Z", null),
    };

    /// <summary>A list in any of the forms that clients use: repeated, with commas, with brackets. Null when there is none.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        var texts = query
            .Where(pair => pair.Key == name || pair.Key.StartsWith(name + "[", StringComparison.Ordinal))
            .SelectMany(pair => pair.Value)
            .SelectMany(value => value!.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .ToArray();
        return texts.Length > 0 ? texts : null;
    }

    public void ThrowIfAnyFault()
    {
        if (_errors.Count > 0)
            throw new InvalidInputException(_errors);
    }

    public void Fail(string name, string message) => _errors.Add(new FieldError($"query.{name}", message));

    private static DateTimeOffset Clamp(DateTimeOffset time) => time < Earliest ? Earliest : time > Latest ? Latest : time;

    private bool Descending(bool otherwise) => Text("order") switch
    {
        null => otherwise,
        "ascending" => false,
        "descending" => true,
        _ => Fail("order", "must be ascending or descending", otherwise),
    };

    private T Fail<T>(string name, string message, T otherwise)
    {
        Fail(name, message);
        return otherwise;
    }
}
