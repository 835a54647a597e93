using System.Globalization;
using System.Text.Json;

namespace Grapnel.Publishing.Schemas;

internal sealed partial class SchemaRun
{
    private bool ObjectHolds(JsonProperty keyword, JsonElement value, JsonElement rules, Step? at) => keyword.Name switch
    {
        "properties" => All(value.EnumerateObject(), member =>
            !keyword.Value.TryGetProperty(member.Name, out var part) || Fits(member.Value, part, Below(at, member.Name))),
        "patternProperties" => All(value.EnumerateObject(), member => All(keyword.Value.EnumerateObject(), rule =>
            !schema.IsMatch(rule.Name, member.Name, budget) || Fits(member.Value, rule.Value, Below(at, member.Name)))),
        "additionalProperties" => All(value.EnumerateObject(), member =>
            IsNamed(member.Name, rules) || Fits(member.Value, keyword.Value, Below(at, member.Name))),
        "propertyNames" => All(value.EnumerateObject(), member => NameFits(member.Name, keyword.Value, at)),
        "required" => All(keyword.Value.EnumerateArray(), name => Has(value, name.GetString()!, at)),
        "minProperties" => value.GetPropertyCount() >= keyword.Value.GetDecimal() || Fault(at, $"must have at least {keyword.Value} members"),
        "maxProperties" => value.GetPropertyCount() <= keyword.Value.GetDecimal() || Fault(at, $"must have at most {keyword.Value} members"),
        "dependencies" or "dependentRequired" or "dependentSchemas" => All(keyword.Value.EnumerateObject(), rule =>
            !value.TryGetProperty(rule.Name, out _) || DependencyHolds(value, rule.Value, at)),
        _ => true,
    };

    private bool ArrayHolds(JsonProperty keyword, JsonElement value, JsonElement rules, Step? at) => keyword.Name switch
    {
        "prefixItems" => EachFits(value, keyword.Value, at),
        "items" when keyword.Value.ValueKind == JsonValueKind.Array => EachFits(value, keyword.Value, at),
        "items" => RestFits(value, rules.TryGetProperty("prefixItems", out var prefix) ? prefix.GetArrayLength() : 0, keyword.Value, at),
        "additionalItems" => !rules.TryGetProperty("items", out var items) || items.ValueKind != JsonValueKind.Array
            || RestFits(value, items.GetArrayLength(), keyword.Value, at),
        "minItems" => value.GetArrayLength() >= keyword.Value.GetDecimal() || Fault(at, $"must have at least {keyword.Value} elements"),
        "maxItems" => value.GetArrayLength() <= keyword.Value.GetDecimal() || Fault(at, $"must have at most {keyword.Value} elements"),
        "uniqueItems" => keyword.Value.ValueKind == JsonValueKind.False || AreUnique(value) || Fault(at, "must not have the same element twice"),
        "contains" => ContainsEnough(value, keyword.Value, rules, at),
        _ => true,
    };

    private bool DependencyHolds(JsonElement value, JsonElement rule, Step? at) => rule.ValueKind == JsonValueKind.Array
        ? All(rule.EnumerateArray(), name => Has(value, name.GetString()!, at))
        : Fits(value, rule, at);

    private bool Has(JsonElement value, string name, Step? at) =>
        value.TryGetProperty(name, out _) || Fault(Below(at, name), "is required");

    private bool IsNamed(string name, JsonElement rules) =>
        (rules.TryGetProperty("properties", out var properties) && properties.TryGetProperty(name, out _))
        || (rules.TryGetProperty("patternProperties", out var patterns)
            && patterns.EnumerateObject().Any(rule => schema.IsMatch(rule.Name, name, budget)));

    private bool NameFits(string name, JsonElement rules, Step? at)
    {
        using var json = JsonDocument.Parse($"\"{JsonEncodedText.Encode(name)}\"");
        return Silently(json.RootElement, rules) || Fault(at, $"must not have a member of the name '{name}'");
    }

    private bool EachFits(JsonElement value, JsonElement parts, Step? at) =>
        All(value.EnumerateArray().Zip(parts.EnumerateArray()).Index(), pair => Fits(pair.Item.First, pair.Item.Second, Below(at, pair.Index)));

    private bool RestFits(JsonElement value, int from, JsonElement part, Step? at) =>
        All(value.EnumerateArray().Index().Skip(from), pair => Fits(pair.Item, part, Below(at, pair.Index)));

    private bool ContainsEnough(JsonElement value, JsonElement part, JsonElement rules, Step? at)
    {
        var count = value.EnumerateArray().Count(item => Silently(item, part));
        var least = rules.TryGetProperty("minContains", out var min) ? min.GetDecimal() : 1;
        return (count >= least && (!rules.TryGetProperty("maxContains", out var max) || count <= max.GetDecimal()))
            || Fault(at, "has too few or too many elements of the kind that it must contain");
    }

    private bool AreUnique(JsonElement value)
    {
        var items = value.EnumerateArray().ToList();
        for (var i = 0; i < items.Count; i++)
            for (var j = 0; j < i; j++)
            {
                budget.Spend(4);
                if (AreEqual(items[i], items[j]))
                    return false;
            }
        return true;
    }

    private Step? Below(Step? at, string name) => _silent > 0 ? null : new Step(at, name);

    private Step? Below(Step? at, int index) => _silent > 0 ? null : new Step(at, index.ToString(CultureInfo.InvariantCulture));
}
