using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;

namespace Grapnel.Publishing.Filters;

/// <summary>A function of JMESPath.</summary>
/// <param name="Fewest">The fewest arguments that it takes.</param>
/// <param name="Most">The most.</param>
/// <param name="Reference">Which argument is an expression (<c>&amp;…</c>), counted from 0; -1 for none.</param>
/// <param name="Run">What it makes of its arguments.</param>
internal sealed record FilterFunction(int Fewest, int Most, int Reference, Func<List<object?>, StepBudget, object?> Run)
{
    /// <exception cref="FilterSyntaxException">It does not take such arguments.</exception>
    public void Check(string name, List<FilterNode> arguments)
    {
        if (arguments.Count < Fewest || arguments.Count > Most)
            throw new FilterSyntaxException($"{name}() takes {(Fewest == Most ? Fewest : $"at least {Fewest}")} argument(s), not {arguments.Count}");
        for (var i = 0; i < arguments.Count; i++)
            if (arguments[i] is ReferenceNode != (i == Reference))
                throw new FilterSyntaxException(
                    i == Reference ? $"argument {i + 1} of {name}() must be an expression: &…" : $"argument {i + 1} of {name}() must not be an expression");
    }
}

/// <summary>The functions of JMESPath, by name.</summary>
internal static class FilterFunctions
{
    private static readonly FrozenDictionary<string, FilterFunction> ByName = new Dictionary<string, FilterFunction>
    {
        ["abs"] = Of(1, (a, _) => a[0] is long and not long.MinValue ? (object)Math.Abs((long)a[0]!) : Math.Abs(Number(a[0]))),
        ["avg"] = Of(1, (a, b) => Numbers(a[0], b) is { Count: > 0 } numbers ? numbers.Average() : null),
        ["ceil"] = Of(1, (a, _) => a[0] is long ? a[0] : Math.Ceiling(Number(a[0]))),
        ["contains"] = Of(2, Contains),
        ["ends_with"] = Of(2, (a, b) => Text(a[0], b).EndsWith(Text(a[1], b), StringComparison.Ordinal)),
        ["floor"] = Of(1, (a, _) => a[0] is long ? a[0] : Math.Floor(Number(a[0]))),
        ["join"] = Of(2, Join),
        ["keys"] = Of(1, (a, b) => Members(a[0], b).Keys.ToList<object?>()),
        ["length"] = Of(1, Length),
        ["map"] = new(2, 2, 0, (a, b) => List(a[1], b).Select(item => Apply(a[0], item, b)).ToList()),
        ["max"] = Of(1, (a, b) => Sorted(List(a[0], b), item => item, b) is [.., var last] ? last : null),
        ["max_by"] = new(2, 2, 1, (a, b) => Sorted(List(a[0], b), item => Apply(a[1], item, b), b) is [.., var last] ? last : null),
        ["merge"] = new(1, int.MaxValue, -1, Merge),
        ["min"] = Of(1, (a, b) => Sorted(List(a[0], b), item => item, b) is [var first, ..] ? first : null),
        ["min_by"] = new(2, 2, 1, (a, b) => Sorted(List(a[0], b), item => Apply(a[1], item, b), b) is [var first, ..] ? first : null),
        ["not_null"] = new(1, int.MaxValue, -1, (a, _) => a.Find(value => value is not null)),
        ["reverse"] = Of(1, Reverse),
        ["sort"] = Of(1, (a, b) => Sorted(List(a[0], b), item => item, b)),
        ["sort_by"] = new(2, 2, 1, (a, b) => Sorted(List(a[0], b), item => Apply(a[1], item, b), b)),
        ["starts_with"] = Of(2, (a, b) => Text(a[0], b).StartsWith(Text(a[1], b), StringComparison.Ordinal)),
        ["sum"] = Of(1, (a, b) => Numbers(a[0], b).Sum()),
        ["to_array"] = Of(1, (a, b) => FilterValue.List(a[0], b) ?? [a[0]]),
        ["to_number"] = Of(1, (a, b) => FilterValue.IsNumber(a[0]) ? a[0] : a[0] is string text ? ToNumber(text, b) : null),
        ["to_string"] = Of(1, (a, b) => a[0] as string ?? FilterValue.ToJson(a[0], b)),
        ["type"] = Of(1, (a, _) => FilterValue.TypeName(a[0])),
        ["values"] = Of(1, (a, b) => Members(a[0], b).Values.ToList()),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static FilterFunction? Find(string name) => ByName.GetValueOrDefault(name);

    private static FilterFunction Of(int count, Func<List<object?>, StepBudget, object?> run) => new(count, count, -1, run);

    private static object? Apply(object? reference, object? item, StepBudget budget) => ((ReferenceNode)reference!).Of.Evaluate(item, budget);

    private static object? Contains(List<object?> arguments, StepBudget budget)
    {
        if (arguments[0] is not string text)
            return List(arguments[0], budget).Any(item => FilterValue.AreEqual(item, arguments[1], budget));
        if (arguments[1] is not string part)
            return false;
        // A search can take as many comparisons as both lengths multiplied.
        budget.Spend(1 + (long)text.Length * (1 + part.Length) / 64);
        return text.Contains(part, StringComparison.Ordinal);
    }

    private static object? Join(List<object?> arguments, StepBudget budget)
    {
        var (glue, list) = (Text(arguments[0], budget), List(arguments[1], budget));
        budget.SpendText((long)glue.Length * list.Count);
        return string.Join(glue, list.Select(item => Text(item, budget)));
    }

    private static object? Length(List<object?> arguments, StepBudget budget) => arguments[0] switch
    {
        // Characters, of which some take two places in a string.
        string text => (long)text.Length - Text(text, budget).Count(char.IsLowSurrogate),
        JsonElement { ValueKind: JsonValueKind.Array } json => (long)json.GetArrayLength(),
        IReadOnlyList<object?> list => (long)list.Count,
        var value => (long)Members(value, budget).Count,
    };

    private static object? Merge(List<object?> arguments, StepBudget budget)
    {
        var merged = new Dictionary<string, object?>();
        foreach (var argument in arguments)
            foreach (var (name, value) in Members(argument, budget))
            {
                budget.Spend();
                merged[name] = value;
            }
        return merged;
    }

    private static object? Reverse(List<object?> arguments, StepBudget budget)
    {
        if (arguments[0] is not string text)
            return List(arguments[0], budget).Reverse().ToList();
        var reversed = Text(text, budget).EnumerateRunes().Reverse().Select(rune => rune.ToString());
        budget.Spend(text.Length);
        return string.Concat(reversed);
    }

    private static object? ToNumber(string text, StepBudget budget)
    {
        budget.SpendText(text.Length);
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return whole;
        return double.TryParse(text, NumberStyles.Float & ~NumberStyles.AllowLeadingWhite & ~NumberStyles.AllowTrailingWhite,
            CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;
    }

    /// <summary>Sorted by keys that are all numbers or all strings, the latter by code point; equal ones keep their order.</summary>
    private static List<object?> Sorted(IReadOnlyList<object?> list, Func<object?, object?> key, StepBudget budget)
    {
        var keyed = list.Select(item => (Key: key(item), Item: item)).ToList();
        if (!keyed.TrueForAll(pair => FilterValue.IsNumber(pair.Key)) && !keyed.TrueForAll(pair => pair.Key is string))
            throw new FilterTypeException("what is compared must be all numbers or all strings");
        return [.. keyed.OrderBy(pair => pair.Key, Comparer<object?>.Create(Compare)).Select(pair => pair.Item)];

        int Compare(object? a, object? b)
        {
            budget.Spend();
            if (a is not string text || b is not string other)
                return FilterValue.CompareNumbers(a!, b!);
            budget.SpendText(Math.Min(text.Length, other.Length));
            return string.CompareOrdinal(text, other);
        }
    }

    private static IReadOnlyList<object?> List(object? value, StepBudget budget)
    {
        var list = FilterValue.List(value, budget) ?? throw new FilterTypeException("must be a list");
        // Lists that the expression made itself are walked once more, too.
        budget.Spend(list.Count);
        return list;
    }

    private static IReadOnlyDictionary<string, object?> Members(object? value, StepBudget budget) =>
        FilterValue.Members(value, budget) ?? throw new FilterTypeException("must be an object");

    private static string Text(object? value, StepBudget budget)
    {
        var text = value as string ?? throw new FilterTypeException("must be a string");
        budget.SpendText(text.Length);
        return text;
    }

    private static double Number(object? value) =>
        FilterValue.IsNumber(value) ? FilterValue.ToDouble(value!) : throw new FilterTypeException("must be a number");

    private static List<double> Numbers(object? value, StepBudget budget) => [.. List(value, budget).Select(Number)];
}
