using System.Text.Json.Nodes;
using Grapnel.Registry;

namespace Grapnel.Server.Api.Import;

/// <summary>Event types out of an OpenAPI document: what stands under <c>webhooks</c> (OpenAPI 3.1) and <c>x-webhooks</c>. Nothing is fetched.</summary>
internal sealed class OpenApiWebhooks
{
    private const int MaxWebhooks = 1_000;
    private const int MaxHops = 10;

    // What several webhooks refer to is copied to each: a small document may stand for a thousand times its size.
    private const int MaxCharacters = 16 << 20;

    private readonly JsonObject _document;
    private int _characters;

    private OpenApiWebhooks(JsonObject document) => _document = document;

    /// <summary>The event types of a document, with name, description, schema and whether they are deprecated.</summary>
    /// <exception cref="InvalidInputException">It is no such document.</exception>
    public static IReadOnlyList<EventTypeInput> Read(JsonNode? document, string field)
    {
        if (document is not JsonObject root)
            throw new InvalidInputException(field, "must be an OpenAPI document");
        try
        {
            return new OpenApiWebhooks(root).ReadAll();
        }
        catch (FormatException e)
        {
            throw new InvalidInputException(field, e.Message);
        }
    }

    private List<EventTypeInput> ReadAll()
    {
        var webhooks = new[] { "webhooks", "x-webhooks" }
            .SelectMany(name => _document[name] as JsonObject ?? [])
            .DistinctBy(webhook => webhook.Key)
            .ToList();
        if (webhooks.Count is 0 or > MaxWebhooks)
            throw new FormatException($"must have 1 to {MaxWebhooks} entries under 'webhooks' or 'x-webhooks', not {webhooks.Count}");
        return webhooks.ConvertAll(webhook => ToEventType(webhook.Key, webhook.Value));
    }

    private EventTypeInput ToEventType(string name, JsonNode? item)
    {
        if (Follow(item)?["post"] is not JsonObject operation)
            throw new FormatException($"the webhook '{name}' has no 'post'");
        var schema = JsonSchemaOf(Follow(operation["requestBody"])?["content"] as JsonObject);
        return new EventTypeInput
        {
            Name = name,
            Description = Text(operation["description"]) ?? Text(operation["summary"]) ?? "",
            Deprecated = operation["deprecated"] is JsonValue value && value.TryGetValue<bool>(out var deprecated) && deprecated,
            Schemas = schema is null ? null : Spend(new JsonObject { ["1"] = schema }.ToJsonString()),
        };
    }

    private string Spend(string schemas) => (_characters += schemas.Length) <= MaxCharacters
        ? schemas
        : throw new FormatException($"stands for more than {MaxCharacters} characters of schemas, because webhooks share large ones");

    private JsonNode? JsonSchemaOf(JsonObject? content)
    {
        var media = content?.FirstOrDefault(type => type.Key.StartsWith("application/json", StringComparison.OrdinalIgnoreCase)).Value;
        if (media is not (null or JsonObject))
            throw new FormatException("has a media type that is no object");
        return media?["schema"] is { } schema ? new SchemaExtract(_document).Extract(schema) : null;
    }

    /// <summary>A path item or request body, which may be a reference to one.</summary>
    private JsonObject? Follow(JsonNode? node)
    {
        for (var hops = 0; Text((node as JsonObject)?["$ref"]) is { } reference; hops++)
            node = hops < MaxHops ? SchemaExtract.Resolve(_document, reference) : throw new FormatException($"'{reference}' leads in a circle");
        return node as JsonObject;
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
