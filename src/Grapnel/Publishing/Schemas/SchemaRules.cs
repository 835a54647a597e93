using System.Text.Json;
using System.Text.RegularExpressions;

namespace Grapnel.Publishing.Schemas;

/// <summary>
/// Whether a JSON text is a JSON Schema: every keyword that has a meaning here has a value that fits it (the meta-schema of draft 7), and
/// references stay inside. Nothing is ever fetched.
/// </summary>
internal sealed class SchemaRules
{
    private const int MaxDepth = 100;
    private static readonly string[] Types = ["array", "boolean", "integer", "null", "number", "object", "string"];
    private readonly JsonElement _root;
    private readonly bool _checked;
    private readonly HashSet<string> _references = [];

    private SchemaRules(JsonElement root, bool @checked) => (_root, _checked) = (root, @checked);

    /// <summary>What is wrong with a schema, and where; null for a good one.</summary>
    /// <param name="root">The schema.</param>
    /// <param name="checked">Whether payloads are held against it: then it may only use what can be held against them.</param>
    public static string? Fault(JsonElement root, bool @checked) => new SchemaRules(root, @checked).Schema(root, "#", 0);

    private string? Schema(JsonElement schema, string at, int depth)
    {
        if (depth > MaxDepth)
            return $"{at} is nested deeper than {MaxDepth} levels";
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return null;
        if (schema.ValueKind != JsonValueKind.Object)
            return $"{at} must be an object or a boolean";
        return First(schema.EnumerateObject(), keyword => Keyword(keyword, $"{at}/{keyword.Name}", depth + 1));
    }

    private string? Keyword(JsonProperty keyword, string at, int depth)
    {
        var value = keyword.Value;
        switch (keyword.Name)
        {
            case "$ref":
                return Reference(value, at, depth);
            case "$dynamicRef" or "$recursiveRef" or "unevaluatedProperties" or "unevaluatedItems":
                return _checked ? $"{at}: payloads cannot be held against '{keyword.Name}' here" : null;
            case "type":
                return value.ValueKind == JsonValueKind.Array
                    ? First(value.EnumerateArray(), type => Type(type, at)) : Type(value, at);
            case "items" when value.ValueKind == JsonValueKind.Array:
                return First(value.EnumerateArray(), item => Schema(item, at, depth));
            case "items" or "additionalItems" or "contains" or "additionalProperties" or "propertyNames" or "not" or "if" or "then" or "else":
                return Schema(value, at, depth);
            case "allOf" or "anyOf" or "oneOf" or "prefixItems":
                return value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0
                    ? First(value.EnumerateArray(), item => Schema(item, at, depth)) : $"{at} must be a list of schemas";
            case "properties" or "$defs" or "definitions" or "dependentSchemas":
                return Members(value, at, member => Schema(member.Value, $"{at}/{member.Name}", depth));
            case "patternProperties":
                return Members(value, at, member => Pattern(member.Name, at) ?? Schema(member.Value, $"{at}/{member.Name}", depth));
            case "dependencies":
                return Members(value, at, member => member.Value.ValueKind == JsonValueKind.Array
                    ? Names(member.Value, at) : Schema(member.Value, $"{at}/{member.Name}", depth));
            case "dependentRequired":
                return Members(value, at, member => Names(member.Value, at));
            case "required":
                return Names(value, at);
            case "pattern":
                return value.ValueKind == JsonValueKind.String ? Pattern(value.GetString()!, at) : $"{at} must be a string";
            default:
                return Scalar(keyword, at);
        }
    }

    private static string? Scalar(JsonProperty keyword, string at) => keyword.Name switch
    {
        "enum" when keyword.Value.ValueKind != JsonValueKind.Array => $"{at} must be a list",
        "uniqueItems" when keyword.Value.ValueKind is not (JsonValueKind.True or JsonValueKind.False) => $"{at} must be true or false",
        "multipleOf" when keyword.Value.ValueKind != JsonValueKind.Number || keyword.Value.GetDouble() <= 0 => $"{at} must be a number greater than 0",
        "maximum" or "exclusiveMaximum" or "minimum" or "exclusiveMinimum" when keyword.Value.ValueKind != JsonValueKind.Number =>
            $"{at} must be a number",
        "maxLength" or "minLength" or "maxItems" or "minItems" or "maxProperties" or "minProperties" or "maxContains" or "minContains"
            when !IsCount(keyword.Value) => $"{at} must be a whole number, at least 0",
        "$schema" or "$id" or "$comment" or "title" or "description" or "format" when keyword.Value.ValueKind != JsonValueKind.String =>
            $"{at} must be a string",
        _ => null,
    };

    private string? Reference(JsonElement value, string at, int depth)
    {
        if (value.ValueKind != JsonValueKind.String)
            return $"{at} must be a string";
        var reference = value.GetString()!;
        if (!reference.StartsWith('#'))
            return $"{at} leads out of the schema; nothing is ever fetched, so put what it needs under '$defs'";
        if (!SchemaPointer.TryResolve(_root, reference, out var target))
            return $"{at} leads nowhere: '{reference}' must be '#' or a path like '#/$defs/name'";
        // What it leads to need not stand where a schema would, so nobody else looks at it.
        return _references.Add(reference) ? Schema(target, reference, depth) : null;
    }

    private string? Pattern(string pattern, string at)
    {
        try
        {
            _ = _checked ? PayloadSchema.Compile(pattern) : new Regex(pattern);
            return null;
        }
        catch (NotSupportedException)
        {
            return $"{at} looks around or back, or is too large; payloads cannot be held against that in bounded time";
        }
        catch (ArgumentException e)
        {
            return $"{at} is no regular expression: {e.Message}";
        }
    }

    private static string? Type(JsonElement type, string at) =>
        type.ValueKind == JsonValueKind.String && Types.Contains(type.GetString()) ? null : $"{at} must be one of {string.Join(", ", Types)}, or a list of them";

    private static string? Names(JsonElement names, string at) =>
        names.ValueKind == JsonValueKind.Array && names.EnumerateArray().All(name => name.ValueKind == JsonValueKind.String)
            ? null : $"{at} must be a list of names";

    private static string? Members(JsonElement value, string at, Func<JsonProperty, string?> fault) =>
        value.ValueKind == JsonValueKind.Object ? First(value.EnumerateObject(), fault) : $"{at} must be an object";

    private static bool IsCount(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var count) && count >= 0 && count == decimal.Truncate(count);

    private static string? First<T>(IEnumerable<T> items, Func<T, string?> fault) => items.Select(fault).FirstOrDefault(found => found is not null);
}
