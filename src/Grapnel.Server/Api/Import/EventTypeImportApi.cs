using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Grapnel.Registry;
using Grapnel.Server.Api.Description;

namespace Grapnel.Server.Api.Import;

/// <summary><c>POST /event-type/import/openapi</c>: event types out of an OpenAPI document, given as an object or as text in JSON or YAML.</summary>
internal sealed class EventTypeImportApi(EventTypeRegistry types)
{
    private static readonly JsonDocumentOptions OneOfEachName = new() { AllowDuplicateProperties = false };

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/event-type/import/openapi", ImportAsync).Describe(EventTypeOperations.Import);

    private async Task ImportAsync(HttpContext http)
    {
        var body = await JsonBody.ReadAsync(http);
        var (spec, raw) = (body.Raw(null, "spec"), body.Text(null, "specRaw"));
        var dryRun = body.Flag(false, "dryRun");
        var replaceAll = body.Flag(false, "replaceAll");
        body.ThrowIfAnyFault();
        if (spec is null == raw is null)
            throw new InvalidInputException("spec", "or 'specRaw' is required, and not both");
        // JSON is YAML too.
        var inputs = spec is not null ? OpenApiWebhooks.Read(Parse(spec), "spec") : OpenApiWebhooks.Read(YamlJson.Read(raw!, "specRaw"), "specRaw");
        var changed = await types.ImportAsync(inputs, replaceAll, dryRun, http.RequestAborted);
        await http.AnswerAsync(ImportOut.From(changed, dryRun), ApiJson.Default.ImportOut);
    }

    // The body was parsed before, but a parser looks at names and into strings only when they are asked for.
    private static JsonNode? Parse(string spec)
    {
        try
        {
            CheckTexts(spec);
            return JsonNode.Parse(spec, documentOptions: OneOfEachName);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException("spec", $"is no document without doubt: {e.Message}");
        }
        catch (InvalidOperationException)
        {
            throw new InvalidInputException("spec", "has half a surrogate pair in it, which is no text");
        }
    }

    private static void CheckTexts(string json)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        while (reader.Read())
            if (reader.ValueIsEscaped)
                reader.GetString();
    }
}
