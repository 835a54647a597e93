using System.Text.Json.Nodes;

namespace Grapnel.Server.Api.Import;

/// <summary>
/// Takes one schema out of an OpenAPI document so that it stands for itself: what it refers to comes along, once each, under <c>$defs</c>.
/// Copied to where they are used instead, schemas that refer to themselves would have no end.
/// </summary>
internal sealed class SchemaExtract(JsonObject document)
{
    private const string Components = "#/components/schemas/";
    private readonly Dictionary<string, string> _names = [];
    private readonly HashSet<string> _taken = [];
    private readonly Queue<string> _unseen = [];
    private readonly JsonObject _definitions = [];

    /// <exception cref="FormatException">A reference leads out of the document, or nowhere.</exception>
    public JsonNode Extract(JsonNode schema)
    {
        var extracted = Rewrite(schema)!;
        // One after the other, not each within the one before: a chain of references may be longer than a stack is deep.
        while (_unseen.TryDequeue(out var reference))
            _definitions[_names[reference]] = Rewrite(Resolve(document, reference));
        if (_definitions.Count > 0 && extracted is JsonObject root)
            root["$defs"] = _definitions;
        return extracted;
    }

    /// <summary>What a reference within a document leads to.</summary>
    /// <exception cref="FormatException">It leads elsewhere.</exception>
    public static JsonNode Resolve(JsonObject document, string reference)
    {
        if (!reference.StartsWith("#/", StringComparison.Ordinal))
            throw new FormatException($"'{reference}' leads out of the document; nothing is ever fetched");
        JsonNode? node = document;
        foreach (var step in Uri.UnescapeDataString(reference)[2..].Split('/'))
            node = (node as JsonObject)?[step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)];
        return node ?? throw new FormatException($"'{reference}' leads nowhere");
    }

    private JsonNode? Rewrite(JsonNode? node) => node switch
    {
        JsonArray list => new JsonArray([.. list.Select(Rewrite)]),
        JsonObject members => Modernise(new JsonObject(members.Select(RewriteMember))),
        _ => node?.DeepClone(),
    };

    private KeyValuePair<string, JsonNode?> RewriteMember(KeyValuePair<string, JsonNode?> member) =>
        member is { Key: "$ref", Value: JsonValue value } && value.TryGetValue<string>(out var reference)
            ? new("$ref", $"#/$defs/{NameOf(reference)}")
            : new(member.Key, Rewrite(member.Value));

    private string NameOf(string reference)
    {
        if (_names.TryGetValue(reference, out var name))
            return name;
        var path = reference.StartsWith(Components, StringComparison.Ordinal) ? reference[Components.Length..] : reference.TrimStart('#', '/');
        name = string.Concat(path.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '.'));
        // Numbered, not lengthened: many references may come to the same name.
        for (var (plain, number) = (name, _names.Count); !_taken.Add(name); number++)
            name = $"{plain}_{number}";
        _names.Add(reference, name);
        _unseen.Enqueue(reference);
        return name;
    }

    /// <summary>OpenAPI 3.0 said two things in its own way: what may be null, and limits that are excluded.</summary>
    private static JsonObject Modernise(JsonObject schema)
    {
        if (IsFlag(schema, "nullable", out var nullable) && nullable && schema["type"] is JsonValue type)
            schema["type"] = new JsonArray(type.DeepClone(), "null");
        schema.Remove("nullable");
        Exclude(schema, "exclusiveMinimum", "minimum");
        Exclude(schema, "exclusiveMaximum", "maximum");
        return schema;
    }

    private static void Exclude(JsonObject schema, string flag, string limit)
    {
        if (!IsFlag(schema, flag, out var excluded))
            return;
        schema.Remove(flag);
        if (excluded && schema.Remove(limit, out var value))
            schema[flag] = value;
    }

    private static bool IsFlag(JsonObject schema, string name, out bool flag)
    {
        flag = false;
        return schema[name] is JsonValue value && value.TryGetValue(out flag);
    }
}
