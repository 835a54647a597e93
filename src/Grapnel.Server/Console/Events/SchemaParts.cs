using System.Text.Json;
using Grapnel.Publishing.Schemas;

namespace Grapnel.Server.Console.Events;

/// <summary>The newest schema of an event type as a form shows it: the schema, and the first of its examples apart from it.</summary>
/// <param name="Schema">A JSON object; blank for none.</param>
/// <param name="Example">JSON; blank for none.</param>
internal sealed record SchemaParts(string Schema, string Example)
{
    private const string FirstVersion = "1";
    private const string Examples = "examples";

    /// <summary>Takes the newest of the schemas apart.</summary>
    public static SchemaParts Of(string? schemas)
    {
        if (SchemaSet.Newest(schemas) is not { } newest)
            return new SchemaParts("", "");
        if (newest.ValueKind != JsonValueKind.Object)
            return new SchemaParts(newest.GetRawText(), "");
        var example = ExamplesOf(newest).Select(JsonText.Format).FirstOrDefault("");
        var rest = newest.EnumerateObject().Where(member => !IsExamples(member)).ToList();
        return new SchemaParts(rest.Count == 0 ? "" : JsonText.Write(writer => WriteObject(writer, rest)), example);
    }

    /// <summary>What is wrong with the schema, as people type it; none when it can be held against payloads, or is blank.</summary>
    public IReadOnlyList<string> SchemaFaults => string.IsNullOrWhiteSpace(Schema) ? []
        : JsonText.FaultOf(Schema) is { } fault ? [fault]
        : !IsObject(Schema) ? ["The schema must be a JSON object."]
        : [.. SchemaSet.Faults($"{{\"{FirstVersion}\":{Schema}}}", @checked: true).Select(error => $"The schema {error.Message.TrimEnd('.')}.")];

    /// <summary>What is wrong with the example; it must be JSON, and fit the schema when that is in order.</summary>
    public IReadOnlyList<string> ExampleFaults => string.IsNullOrWhiteSpace(Example) ? []
        : JsonText.FaultOf(Example) is { } fault ? [fault]
        : string.IsNullOrWhiteSpace(Schema) || SchemaFaults.Count > 0 ? []
        : PayloadFit.Read(Schema)?.Faults(Example) ?? [];

    /// <summary>Puts both into the newest version of some schemas; the other versions stay. Null when nothing is left.</summary>
    public string? In(string? schemas)
    {
        var newest = SchemaSet.NewestVersion(schemas);
        using var document = JsonDocument.Parse(schemas ?? "{}");
        var others = document.RootElement.EnumerateObject().Where(version => version.Name != newest).ToList();
        if (others.Count == 0 && string.IsNullOrWhiteSpace(Schema + Example))
            return null;
        return JsonText.Write(writer =>
        {
            writer.WriteStartObject();
            others.ForEach(version => version.WriteTo(writer));
            if (!string.IsNullOrWhiteSpace(Schema + Example))
                WriteNewest(writer, newest ?? FirstVersion, SchemaSet.Newest(schemas));
            writer.WriteEndObject();
        });
    }

    private void WriteNewest(Utf8JsonWriter writer, string version, JsonElement? was)
    {
        writer.WritePropertyName(version);
        using var schema = JsonDocument.Parse(string.IsNullOrWhiteSpace(Schema) ? "{}" : Schema);
        if (schema.RootElement.ValueKind != JsonValueKind.Object)
        {
            schema.RootElement.WriteTo(writer);
            return;
        }
        writer.WriteStartObject();
        foreach (var member in schema.RootElement.EnumerateObject().Where(member => !IsExamples(member)))
            member.WriteTo(writer);
        WriteExamples(writer, was);
        writer.WriteEndObject();
    }

    // Further examples are none of the form's business, and stay.
    private void WriteExamples(Utf8JsonWriter writer, JsonElement? was)
    {
        var others = was is { ValueKind: JsonValueKind.Object } schema ? ExamplesOf(schema).Skip(1).ToList() : [];
        if (string.IsNullOrWhiteSpace(Example) && others.Count == 0)
            return;
        writer.WriteStartArray(Examples);
        if (!string.IsNullOrWhiteSpace(Example))
            writer.WriteRawValue(Example);
        others.ForEach(other => other.WriteTo(writer));
        writer.WriteEndArray();
    }

    private static IEnumerable<JsonElement> ExamplesOf(JsonElement schema) =>
        schema.TryGetProperty(Examples, out var examples) && examples.ValueKind == JsonValueKind.Array ? examples.EnumerateArray() : [];

    private static bool IsExamples(JsonProperty member) => member.NameEquals(Examples) && member.Value.ValueKind == JsonValueKind.Array;

    private static void WriteObject(Utf8JsonWriter writer, List<JsonProperty> members)
    {
        writer.WriteStartObject();
        members.ForEach(member => member.WriteTo(writer));
        writer.WriteEndObject();
    }

    private static bool IsObject(string json)
    {
        using var document = JsonDocument.Parse(json, JsonText.Reading);
        return document.RootElement.ValueKind == JsonValueKind.Object;
    }
}
