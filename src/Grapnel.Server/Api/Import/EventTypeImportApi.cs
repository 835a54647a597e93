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
        var inputs = spec is not null ? OpenApiWebhooks.Read(ReadSpec(spec), "spec") : OpenApiWebhooks.Read(YamlJson.Read(raw!, "specRaw"), "specRaw");
        var changed = await types.ImportAsync(inputs, replaceAll, dryRun, http.RequestAborted);
        await http.AnswerAsync(ImportOut.From(changed, dryRun), ApiJson.Default.ImportOut);
    }

    private static JsonNode? ReadSpec(string json)
    {
        try
        {
            var spec = JsonNode.Parse(json, documentOptions: OneOfEachName);
            // The parser looks into strings only when they are asked for; writing asks for all of them.
            spec?.ToJsonString();
            return spec;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidInputException("spec", "has the same name twice in an object, or a string that is no text");
        }
    }
}
