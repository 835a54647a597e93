using System.Text;
using System.Text.Json;
using CsCheck;
using DevLab.JmesPath;
using Grapnel.Publishing.Filters;

namespace Grapnel.Tests.Publishing;

/// <summary>Filters against another implementation of the language, which passes its compliance suite: docs/adr/0014-filters-against-a-library.md.</summary>
public sealed class JmesPathTests
{
    private static readonly Gen<string> Name = Gen.OneOf("a", "b", "c", "\"a b\"");
    private static readonly Gen<string> Integer = Gen.Int[-3, 3].Select(n => $"{n}");
    private static readonly Gen<string> Order = Gen.OneOf("<", "<=", ">", ">=");
    private static readonly Gen<string> Literal = Gen.OneOf("`1`", "`-2.5`", "`true`", "`null`", "`[]`", "`[3,1,2]`", "`{\"a\":1}`", "'x'", "''", "`\"xy\"`");
    // Slices of lists only: the other implementation slices texts too, as a later proposal has it.
    private static readonly Gen<string> Bracket = Gen.OneOf(
        Gen.OneOf("[*]", "[]", "[] | @[::-1]"), Integer.Select(n => $"[{n}]"), Gen.Select(Integer, Integer, (from, to) => $"[] | @[{from}:{to}]"));

    private static readonly Gen<string> Path = Gen.Select(Name, Gen.OneOf(Bracket, Gen.Const(".*"), Name.Select(name => $".{name}")).Array[0, 3], (name, steps) => name + string.Concat(steps));

    // No null as a value: the other implementation does not drop it from the members of an object. What is missing is null as well.
    private static readonly Gen<string> Value = Gen.Recursive<string>((depth, inner) => depth == 3
        ? Gen.OneOf("1", "2.5", "-3", "\"x\"", "\"xyz\"", "\"\"", "true", "false", "[]", "{}")
        : Gen.Frequency(
            (1, Gen.OneOf("0", "7", "\"x\"", "true")),
            (2, inner.Array[0, 4].Select(items => $"[{string.Join(',', items)}]")),
            (4, Object(inner))));

    private static readonly Gen<string> Payload = Object(Value);

    private static readonly Gen<string> Expression = Gen.Recursive<string>((depth, inner) => depth == 5
        ? Gen.OneOf(Name, Literal, Gen.Const("@"))
        : Gen.Frequency(
            (3, Name),
            (1, Literal),
            (4, Path),
            // Behind parentheses only a pipe: whether they end a projection is told in different ways.
            (4, Gen.Select(inner, Name, (of, name) => $"({of}) | {name}")),
            (4, Gen.Select(inner, Bracket, (of, bracket) => $"({of}) | @{bracket}")),
            (3, Gen.Select(Path, inner, (path, then) => $"{path} | {then}")),
            (3, Gen.Select(Path, inner, Name, (list, condition, name) => $"{list}[?{condition}].{name}")),
            (2, Gen.Select(inner, Gen.OneOf("==", "!="), inner, (left, comparator, right) => $"({left}) {comparator} ({right})")),
            // Of numbers only: the other implementation has an order for other values, too.
            (2, Gen.Select(inner, Order, inner, (left, order, right) => $"length(to_array({left})) {order} length(to_array({right}))")),
            (2, Gen.Select(inner, Gen.OneOf("&&", "||"), inner, (left, connective, right) => $"({left}) {connective} ({right})")),
            (1, inner.Select(of => $"!({of})")),
            // Of something: the other implementation makes lists and objects of nothing, too.
            (1, Gen.Select(inner, inner, (one, other) => $"(not_null(@, 'x') | [{one}, {other}])")),
            (1, Gen.Select(inner, inner, (one, other) => $"(not_null(@, 'x') | {{x: {one}, \"y z\": {other}}})")),
            (2, Gen.Select(Gen.OneOf("length", "keys", "values", "sort", "max", "min", "sum", "abs", "ceil", "floor", "type", "to_array", "to_number", "reverse", "not_null"),
                inner, (function, of) => $"{function}({of})")),
            (1, Gen.Select(Gen.OneOf("contains", "starts_with", "ends_with", "not_null"), inner, inner, (function, one, other) => $"{function}({one}, {other})")),
            (1, Gen.Select(inner, Name, (list, by) => $"sort_by({list}, &{by})")),
            // The key only: of several that have it, each implementation takes another.
            (1, Gen.Select(Gen.OneOf("max_by", "min_by"), inner, Name, (function, list, by) => $"{function}({list}, &{by}).{by}")),
            (1, Gen.Select(inner, inner, (of, list) => $"map(&{of}, {list})"))));

    private static Gen<string> Object(Gen<string> value) =>
        Gen.Select(value, value, value, (a, b, c) => $$"""{"a":{{a}},"b":{{b}},"c":{{c}},"a b":[1,2]}""");

    [Fact]
    public void An_expression_means_what_it_means_to_another_implementation()
    {
        var compared = 0;
        Gen.Select(Expression, Payload).Sample((expression, payload) =>
        {
            // What is an error differs: the other implementation evaluates what does not count, and lets a list of one be sorted by anything.
            if (Theirs(expression, payload) is not { } theirs || Ours(expression, payload) is not { } ours)
                return;
            if (ours != "null")
                Interlocked.Increment(ref compared);
            (theirs == ours).ShouldBeTrue($"{expression}\n{payload}\ntheirs: {theirs}\nours:   {ours}");
        }, iter: 3_000);
        compared.ShouldBeGreaterThan(500);
    }

    private static string? Theirs(string expression, string payload)
    {
        try
        {
            return Normal(new JmesPath().Transform(payload, expression));
        }
        catch (Exception)
        {
            return null;
        }
    }

    private static string? Ours(string expression, string payload)
    {
        PayloadFilter.TryParse($"to_string(map(&({expression}), @))", out var filter, out var error).ShouldBeTrue(error);
        using var json = PayloadFilter.ReadPayload(Encoding.UTF8.GetBytes($"[{payload}]"));
        try
        {
            var list = (string)filter!.Evaluate(json!.RootElement)!;
            return Normal(list[1..^1]);
        }
        catch (FilterTypeException)
        {
            return null;
        }
    }

    // Members by name, and 1.0 as 1.
    private static string Normal(string json)
    {
        using var document = JsonDocument.Parse(json);
        return Normal(document.RootElement);
    }

    private static string Normal(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => $"[{string.Join(',', value.EnumerateArray().Select(Normal))}]",
        JsonValueKind.Object => $"{{{string.Join(',', value.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal).Select(member => $"{member.Name}:{Normal(member.Value)}"))}}}",
        JsonValueKind.Number => FormattableString.Invariant($"{value.GetDouble()}"),
        _ => value.GetRawText(),
    };
}
