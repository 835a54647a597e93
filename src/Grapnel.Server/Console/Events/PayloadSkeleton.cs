using System.Text.Json;

namespace Grapnel.Server.Console.Events;

/// <summary>A first payload for a schema that has no example: every member there, with a value to overwrite.</summary>
internal static class PayloadSkeleton
{
    private const int MaxDepth = 8;

    /// <summary>The skeleton as JSON text.</summary>
    public static string Of(JsonElement schema) => JsonText.Write(writer => Write(writer, schema, 0));

    private static void Write(Utf8JsonWriter writer, JsonElement schema, int depth)
    {
        if (ValueOf(schema) is { } value)
            value.WriteTo(writer);
        else if (depth >= MaxDepth)
            writer.WriteNullValue();
        else
            WriteOfType(writer, schema, depth);
    }

    private static void WriteOfType(Utf8JsonWriter writer, JsonElement schema, int depth)
    {
        switch (TypeOf(schema))
        {
            case "object":
                writer.WriteStartObject();
                foreach (var member in Members(schema))
                {
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value, depth + 1);
                }
                writer.WriteEndObject();
                break;
            case "array":
                writer.WriteStartArray();
                if (Part(schema, "items") is { ValueKind: JsonValueKind.Object } items)
                    Write(writer, items, depth + 1);
                writer.WriteEndArray();
                break;
            case "string":
                writer.WriteStringValue("");
                break;
            case "integer" or "number":
                writer.WriteNumberValue(0);
                break;
            case "boolean":
                writer.WriteBooleanValue(false);
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }

    // What the schema's author named comes before what its type suggests.
    private static JsonElement? ValueOf(JsonElement schema) =>
        Part(schema, "const") ?? Part(schema, "default") ?? FirstOf(schema, "examples") ?? FirstOf(schema, "enum");

    private static JsonElement? FirstOf(JsonElement schema, string name) =>
        Part(schema, name) is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0 ? list[0] : null;

    private static string? TypeOf(JsonElement schema) =>
        (FirstOf(schema, "type") ?? Part(schema, "type")) is { ValueKind: JsonValueKind.String } type ? type.GetString()
        : Part(schema, "properties") is not null ? "object" : null;

    private static IEnumerable<JsonProperty> Members(JsonElement schema) =>
        Part(schema, "properties") is { ValueKind: JsonValueKind.Object } members ? members.EnumerateObject() : [];

    private static JsonElement? Part(JsonElement schema, string name) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty(name, out var part) ? part : null;
}
