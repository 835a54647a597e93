using System.Text.Json;

namespace Grapnel.Publishing.Schemas;

/// <summary>One check of one payload.</summary>
internal sealed partial class SchemaRun(PayloadSchema schema, StepBudget budget)
{
    /// <summary>Faults after which no more are collected.</summary>
    public const int MaxFaults = 100;

    // Deep enough for the deepest payload under a schema that refers to itself, and far from the end of the stack.
    private const int MaxDepth = 1_100;

    private readonly List<SchemaFault> _faults = [];
    private int _depth;
    private int _silent;

    public IReadOnlyList<SchemaFault> Check(JsonElement payload)
    {
        Fits(payload, schema.Root, null);
        return _faults;
    }

    private bool Fits(JsonElement value, JsonElement rules, Step? at)
    {
        budget.Spend();
        if (rules.ValueKind == JsonValueKind.True)
            return true;
        if (rules.ValueKind == JsonValueKind.False)
            return Fault(at, "is not allowed");
        if (++_depth > MaxDepth)
            throw new StepsSpentException();
        var fits = true;
        foreach (var keyword in rules.EnumerateObject())
        {
            budget.Spend();
            fits &= Holds(keyword, value, rules, at);
            if (!fits && _silent > 0)
                break;
        }
        _depth--;
        return fits;
    }

    private bool Holds(JsonProperty keyword, JsonElement value, JsonElement rules, Step? at) => keyword.Name switch
    {
        "$ref" => Fits(value, schema.Resolve(keyword.Value.GetString()!), at),
        "type" => HasType(value, keyword.Value) || Fault(at, $"must be {(keyword.Value.ValueKind == JsonValueKind.String ? keyword.Value.GetString() : keyword.Value)}"),
        "const" => AreEqual(value, keyword.Value) || Fault(at, $"must be {Short(keyword.Value)}"),
        "enum" => keyword.Value.EnumerateArray().Any(option => AreEqual(value, option)) || Fault(at, $"must be one of {Short(keyword.Value)}"),
        "allOf" => All(keyword.Value.EnumerateArray(), part => Fits(value, part, at)),
        "anyOf" => keyword.Value.EnumerateArray().Any(part => Silently(value, part)) || Fault(at, "fits none of the alternatives (anyOf)"),
        "oneOf" => keyword.Value.EnumerateArray().Count(part => Silently(value, part)) == 1 || Fault(at, "must fit exactly one of the alternatives (oneOf)"),
        "not" => !Silently(value, keyword.Value) || Fault(at, "fits what it must not (not)"),
        "if" => !rules.TryGetProperty(Silently(value, keyword.Value) ? "then" : "else", out var branch) || Fits(value, branch, at),
        _ => value.ValueKind switch
        {
            JsonValueKind.Object => ObjectHolds(keyword, value, rules, at),
            JsonValueKind.Array => ArrayHolds(keyword, value, rules, at),
            JsonValueKind.String => StringHolds(keyword, value, at),
            JsonValueKind.Number => NumberHolds(keyword, value, at),
            _ => true,
        },
    };

    private bool StringHolds(JsonProperty keyword, JsonElement value, Step? at) => keyword.Name switch
    {
        "minLength" => Length(value) >= keyword.Value.GetDecimal() || Fault(at, $"must have at least {keyword.Value} characters"),
        "maxLength" => Length(value) <= keyword.Value.GetDecimal() || Fault(at, $"must have at most {keyword.Value} characters"),
        "pattern" => schema.IsMatch(keyword.Value.GetString()!, value.GetString()!, budget) || Fault(at, $"must match {keyword.Value}"),
        _ => true,
    };

    private bool NumberHolds(JsonProperty keyword, JsonElement value, Step? at) => keyword.Name switch
    {
        "minimum" => Compare(value, keyword.Value) >= 0 || Fault(at, $"must be at least {keyword.Value}"),
        "maximum" => Compare(value, keyword.Value) <= 0 || Fault(at, $"must be at most {keyword.Value}"),
        "exclusiveMinimum" => Compare(value, keyword.Value) > 0 || Fault(at, $"must be greater than {keyword.Value}"),
        "exclusiveMaximum" => Compare(value, keyword.Value) < 0 || Fault(at, $"must be less than {keyword.Value}"),
        "multipleOf" => IsMultiple(value, keyword.Value) || Fault(at, $"must be a multiple of {keyword.Value}"),
        _ => true,
    };

    private bool Silently(JsonElement value, JsonElement rules)
    {
        _silent++;
        var depth = _depth;
        var fits = Fits(value, rules, null);
        (_silent, _depth) = (_silent - 1, depth);
        return fits;
    }

    private bool Fault(Step? at, string message)
    {
        if (_silent == 0 && _faults.Count < MaxFaults)
            _faults.Add(new SchemaFault([.. Step.From(at)], message));
        return false;
    }

    /// <summary>Whether all hold; each is looked at, for each has its faults to tell.</summary>
    private bool All<T>(IEnumerable<T> items, Func<T, bool> holds)
    {
        var all = true;
        foreach (var item in items)
        {
            budget.Spend();
            all &= holds(item);
            if (!all && _silent > 0)
                break;
        }
        return all;
    }

    private int Length(JsonElement text)
    {
        var value = text.GetString()!;
        budget.SpendText(value.Length);
        return value.Length - value.Count(char.IsLowSurrogate);
    }

    private bool AreEqual(JsonElement a, JsonElement b)
    {
        if (a.ValueKind is JsonValueKind.Array or JsonValueKind.Object && a.ValueKind == b.ValueKind)
            budget.Spend(a.GetRawText().Length / 4);
        return JsonElement.DeepEquals(a, b);
    }

    private static bool HasType(JsonElement value, JsonElement type) => type.ValueKind == JsonValueKind.Array
        ? type.EnumerateArray().Any(one => HasType(value, one))
        : type.GetString() switch
        {
            "object" => value.ValueKind == JsonValueKind.Object,
            "array" => value.ValueKind == JsonValueKind.Array,
            "string" => value.ValueKind == JsonValueKind.String,
            "null" => value.ValueKind == JsonValueKind.Null,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "integer" => value.ValueKind == JsonValueKind.Number && IsWhole(value),
            _ => value.ValueKind == JsonValueKind.Number,
        };

    private static bool IsWhole(JsonElement number) =>
        number.TryGetInt64(out _) || (number.TryGetDouble(out var value) && Math.Floor(value) == value);

    private static int Compare(JsonElement a, JsonElement b) => a.TryGetDecimal(out var x) && b.TryGetDecimal(out var y)
        ? x.CompareTo(y)
        : a.GetDouble().CompareTo(b.GetDouble());

    private static bool IsMultiple(JsonElement value, JsonElement of)
    {
        if (value.TryGetDecimal(out var x) && of.TryGetDecimal(out var y) && y != 0)
            return x % y == 0;
        var quotient = value.GetDouble() / of.GetDouble();
        return double.IsFinite(quotient) && Math.Floor(quotient) == quotient;
    }

    private static string Short(JsonElement json) => json.GetRawText() is { Length: <= 200 } text ? text : "what the schema says";

    /// <summary>A place in the payload, told from its end.</summary>
    private sealed record Step(Step? Before, string Name)
    {
        public static IEnumerable<string> From(Step? last)
        {
            var names = new Stack<string>();
            for (; last is not null; last = last.Before)
                names.Push(last.Name);
            return names;
        }
    }
}
