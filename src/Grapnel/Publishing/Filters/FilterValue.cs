using System.Text;
using System.Text.Json;

namespace Grapnel.Publishing.Filters;

/// <summary>
/// The values that expressions work on: null, bool, long or double, string, and lists and objects, which are either parts of the payload as
/// the JSON reader left them (boxed <see cref="JsonElement"/>) or made by the expression. So what a filter does not ask about is never unpacked.
/// </summary>
internal static class FilterValue
{
    public static object? Of(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => json.GetString(),
        // Whole numbers stay exact: identifiers beyond 2^53 are common.
        JsonValueKind.Number => json.TryGetInt64(out var whole) ? (object)whole : json.GetDouble(),
        JsonValueKind.Array or JsonValueKind.Object => json,
        _ => null,
    };

    /// <summary>The elements of a list; null for anything else.</summary>
    public static IReadOnlyList<object?>? List(object? value, StepBudget budget)
    {
        if (value is not JsonElement { ValueKind: JsonValueKind.Array } json)
            return value as IReadOnlyList<object?>;
        budget.Spend(json.GetArrayLength());
        var list = new List<object?>(json.GetArrayLength());
        foreach (var item in json.EnumerateArray())
            list.Add(Of(item));
        return list;
    }

    /// <summary>The members of an object; null for anything else. The last of several with the same name counts.</summary>
    public static IReadOnlyDictionary<string, object?>? Members(object? value, StepBudget budget)
    {
        if (value is not JsonElement { ValueKind: JsonValueKind.Object } json)
            return value as IReadOnlyDictionary<string, object?>;
        var members = new Dictionary<string, object?>();
        foreach (var member in json.EnumerateObject())
        {
            budget.Spend(2);
            members[member.Name] = Of(member.Value);
        }
        return members;
    }

    /// <summary>A member of an object; null where there is none.</summary>
    public static object? Field(object? value, string name, StepBudget budget)
    {
        if (value is not JsonElement { ValueKind: JsonValueKind.Object } json)
            return (value as IReadOnlyDictionary<string, object?>)?.GetValueOrDefault(name);
        budget.Spend(json.GetPropertyCount() / 4);
        return json.TryGetProperty(name, out var found) ? Of(found) : null;
    }

    /// <summary>False, null, and what is empty are false.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null => false,
        bool truth => truth,
        string text => text.Length > 0,
        IReadOnlyCollection<object?> list => list.Count > 0,
        IReadOnlyCollection<KeyValuePair<string, object?>> members => members.Count > 0,
        JsonElement { ValueKind: JsonValueKind.Array } json => json.GetArrayLength() > 0,
        JsonElement json => json.GetPropertyCount() > 0,
        _ => true,
    };

    public static bool IsNumber(object? value) => value is long or double;

    public static double ToDouble(object number) => number is long whole ? whole : (double)number;

    public static int CompareNumbers(object a, object b) =>
        a is long x && b is long y ? x.CompareTo(y) : ToDouble(a).CompareTo(ToDouble(b));

    public static bool AreEqual(object? a, object? b, StepBudget budget)
    {
        budget.Spend();
        if (IsNumber(a) && IsNumber(b))
            return CompareNumbers(a!, b!) == 0;
        if (a is string text && b is string other)
        {
            budget.SpendText(Math.Min(text.Length, other.Length));
            return text == other;
        }
        if (List(a, budget) is { } list)
            return List(b, budget) is { } others && list.Count == others.Count
                && list.Zip(others).All(pair => AreEqual(pair.First, pair.Second, budget));
        if (Members(a, budget) is { } members)
            return Members(b, budget) is { } theirs && members.Count == theirs.Count
                && members.All(member => theirs.TryGetValue(member.Key, out var value) && AreEqual(member.Value, value, budget));
        return Equals(a, b);
    }

    /// <summary>The word that <c>type()</c> has for it.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "null",
        bool => "boolean",
        long or double => "number",
        string => "string",
        IReadOnlyList<object?> or JsonElement { ValueKind: JsonValueKind.Array } => "array",
        ReferenceNode => "expref",
        _ => "object",
    };

    /// <summary>The value as JSON text.</summary>
    public static string ToJson(object? value, StepBudget budget)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { MaxDepth = 2048 }))
            Write(writer, value, budget);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void Write(Utf8JsonWriter writer, object? value, StepBudget budget)
    {
        budget.Spend();
        if (List(value, budget) is { } list)
        {
            writer.WriteStartArray();
            foreach (var item in list)
                Write(writer, item, budget);
            writer.WriteEndArray();
        }
        else if (Members(value, budget) is { } members)
        {
            writer.WriteStartObject();
            foreach (var (name, member) in members)
            {
                writer.WritePropertyName(name);
                Write(writer, member, budget);
            }
            writer.WriteEndObject();
        }
        else
        {
            WriteScalar(writer, value, budget);
        }
    }

    private static void WriteScalar(Utf8JsonWriter writer, object? value, StepBudget budget)
    {
        switch (value)
        {
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case long whole:
                writer.WriteNumberValue(whole);
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case string text:
                budget.SpendText(text.Length);
                writer.WriteStringValue(text);
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }
}
