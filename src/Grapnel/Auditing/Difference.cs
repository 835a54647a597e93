using System.Collections;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Grapnel.Auditing;

/// <summary>
/// What differs between two versions of a thing, as JSON: <c>{"url":{"from":…,"to":…}}</c>, and <c>{"secrets":{"changed":true}}</c> for what
/// <see cref="AuditedFields"/> do not show. Of a thing that is new or gone, what it is or was.
/// </summary>
internal static class Difference
{
    // It is answered as JSON and shown by programs that escape for themselves.
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The difference; null when there is none.</summary>
    /// <param name="before">What was there; null for something new.</param>
    /// <param name="after">What is there now; null for something that is gone.</param>
    public static string? Of<T>(T? before, T? after) where T : class
    {
        var changes = new JsonObject();
        foreach (var (field, shown) in AuditedFields.Of(typeof(T)))
        {
            if (OfField(field, shown, before, after) is { } change)
                changes[JsonNamingPolicy.CamelCase.ConvertName(field.Name)] = change;
        }
        return ToText(changes);
    }

    /// <summary>What is to be told of an act that changed no fields; what is null is left out.</summary>
    public static string? Told(params ReadOnlySpan<(string Name, object? Value)> facts)
    {
        var changes = new JsonObject();
        foreach (var (name, value) in facts)
        {
            if (value is not null)
                changes[name] = new JsonObject { ["to"] = ToJson(value) };
        }
        return ToText(changes);
    }

    private static JsonObject? OfField(PropertyInfo field, bool shown, object? before, object? after)
    {
        var (from, to) = (before is null ? null : field.GetValue(before), after is null ? null : field.GetValue(after));
        if (before is null || after is null)
            return shown && !IsNothing(from ?? to) ? new JsonObject { [before is null ? "to" : "from"] = ToJson(from ?? to) } : null;
        if (IsSame(from, to))
            return null;
        return shown ? new JsonObject { ["from"] = ToJson(from), ["to"] = ToJson(to) } : new JsonObject { ["changed"] = true };
    }

    private static bool IsNothing(object? value) => value is null or "" or ICollection { Count: 0 };

    // Two that hold the same in a way that is not known here count as different: better an entry too many.
    private static bool IsSame(object? one, object? other) => (one, other) switch
    {
        (IReadOnlyDictionary<string, string> a, IReadOnlyDictionary<string, string> b) =>
            a.Count == b.Count && a.All(pair => b.TryGetValue(pair.Key, out var value) && value == pair.Value),
        (string a, string b) => a == b,
        (IEnumerable a, IEnumerable b) => ReferenceEquals(a, b) || a.Cast<object?>().SequenceEqual(b.Cast<object?>()),
        _ => Equals(one, other),
    };

    private static JsonNode? ToJson(object? value) => value switch
    {
        null => null,
        string text => text,
        bool flag => flag,
        int number => number,
        long number => number,
        Enum word => JsonNamingPolicy.CamelCase.ConvertName(word.ToString()),
        TimeSpan span => span.TotalSeconds,
        DateTimeOffset time => time.UtcDateTime,
        IReadOnlyDictionary<string, string> map =>
            new JsonObject(map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
        IEnumerable list => new JsonArray([.. list.Cast<object?>().Select(ToJson)]),
        _ => value.ToString(),
    };

    private static string? ToText(JsonObject changes) => changes.Count > 0 ? changes.ToJsonString(Plain) : null;
}
