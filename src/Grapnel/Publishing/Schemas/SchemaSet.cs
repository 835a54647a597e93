using System.Globalization;
using System.Text.Json;

namespace Grapnel.Publishing.Schemas;

/// <summary>The schemas of an event type: a JSON object from version to JSON Schema.</summary>
internal static class SchemaSet
{
    private static readonly JsonDocumentOptions OneOfEachName = new() { AllowDuplicateProperties = false };

    /// <summary>What is wrong with the schemas, each with the path of its field below <c>schemas</c>.</summary>
    /// <param name="json">The JSON text.</param>
    /// <param name="checked">Whether payloads are held against the newest of them.</param>
    public static IEnumerable<FieldError> Faults(string json, bool @checked)
    {
        try
        {
            return Collect(json, @checked);
        }
        catch (InvalidOperationException)
        {
            return [new FieldError("schemas", "have a text that is none: an unpaired surrogate")];
        }
    }

    private static FieldError[] Collect(string json, bool @checked)
    {
        using var document = TryParse(json);
        if (document is null || document.RootElement.ValueKind != JsonValueKind.Object)
            return [new FieldError("schemas", "must be an object from version to JSON Schema, with no name twice in an object")];
        var newest = Newest(document.RootElement)?.Name;
        return [.. document.RootElement.EnumerateObject()
            .Select(version => (version.Name, Fault: FaultOf(version.Value, @checked && version.Name == newest)))
            .Where(version => version.Fault is not null)
            .Select(version => new FieldError($"schemas.{version.Name}", $"is no JSON Schema that can be used: {version.Fault}"))];
    }

    private static string? FaultOf(JsonElement schema, bool @checked)
    {
        if (SchemaDraft.Of(schema)?.FaultOf(schema) is { } fault)
            return fault;
        try
        {
            if (@checked)
                PayloadSchema.Read(schema);
            return null;
        }
        catch (SchemaException e)
        {
            return e.Message;
        }
    }

    /// <summary>The newest schema as text; null when there is none.</summary>
    public static JsonElement? Newest(string? json)
    {
        if (json is null)
            return null;
        using var document = JsonDocument.Parse(json);
        return Newest(document.RootElement)?.Value.Clone();
    }

    /// <summary>The name of the newest version; null when there is none.</summary>
    public static string? NewestVersion(string? json)
    {
        if (json is null)
            return null;
        using var document = JsonDocument.Parse(json);
        return Newest(document.RootElement)?.Name;
    }

    /// <summary>The version with the highest number; without numbers, the last in ordinal order.</summary>
    private static JsonProperty? Newest(JsonElement schemas) => schemas.EnumerateObject()
        .OrderBy(version => decimal.TryParse(version.Name, NumberStyles.Number, CultureInfo.InvariantCulture, out var number) ? number : decimal.MinValue)
        .ThenBy(version => version.Name, StringComparer.Ordinal)
        .Select(version => (JsonProperty?)version)
        .LastOrDefault();

    private static JsonDocument? TryParse(string json)
    {
        try
        {
            return JsonDocument.Parse(json, OneOfEachName);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
