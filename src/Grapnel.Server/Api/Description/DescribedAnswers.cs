using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace Grapnel.Server.Api.Description;

/// <summary>The answers of routes in the OpenAPI document. Errors that many routes share stand there once, with references to them.</summary>
internal sealed class DescribedAnswers(OpenApiDocument document, SchemaShelf schemas)
{
    private readonly HashSet<CommonError> _shared = [];

    /// <summary>What a route may answer.</summary>
    public async Task<OpenApiResponses> OfAsync(RouteEndpoint route, Operation operation, bool isOpen)
    {
        var answers = new SortedDictionary<int, IOpenApiResponse>();
        foreach (var error in CommonErrors.Of(route, operation, isOpen))
            answers[error.Status] = await ReferAsync(error);
        foreach (var (status, meaning) in operation.Errors)
            answers[status] = new OpenApiResponse { Description = meaning, Content = await ErrorContentAsync(status) };
        foreach (var answer in operation.Answers)
            answers[answer.Status] = new OpenApiResponse { Description = answer.Meaning, Content = await ContentAsync(answer) };
        var responses = new OpenApiResponses();
        foreach (var (status, answer) in answers)
            responses[status.ToString(CultureInfo.InvariantCulture)] = answer;
        return responses;
    }

    private async Task<Dictionary<string, OpenApiMediaType>?> ContentAsync(Answer answer)
    {
        if (answer.Type is null && answer.MediaType == JsonReply.MediaType)
            return null;
        var example = answer.Type is null ? answer.Example : JsonNode.Parse(answer.Example ?? AnswerExamples.Of(answer.Type));
        return new() { [answer.MediaType] = new OpenApiMediaType { Schema = answer.Type is { } type ? await schemas.ReferAsync(type) : null, Example = example } };
    }

    private async Task<IOpenApiResponse> ReferAsync(CommonError error)
    {
        if (_shared.Add(error))
            document.AddComponent<IOpenApiResponse>(error.Name, new OpenApiResponse
            {
                Description = error.Meaning, Headers = HeadersOf(error), Content = await ErrorContentAsync(error.Status, error),
            });
        return new OpenApiResponseReference(error.Name, document);
    }

    private static Dictionary<string, IOpenApiHeader>? HeadersOf(CommonError error) => error.Status is not (429 or 503) ? null : new()
    {
        ["Retry-After"] = new OpenApiHeader { Description = "Seconds to wait.", Schema = new OpenApiSchema { Type = JsonSchemaType.Integer } },
    };

    private async Task<Dictionary<string, OpenApiMediaType>> ErrorContentAsync(int status, CommonError? error = null) => new()
    {
        [JsonReply.MediaType] = new OpenApiMediaType
        {
            Schema = await schemas.ReferAsync(status == 422 ? typeof(InvalidOut) : typeof(ErrorOut)), Example = error is null ? null : AnswerExamples.Plain(error),
        },
        [ErrorBody.ProblemMediaType] = new OpenApiMediaType
        {
            Schema = await schemas.ReferAsync(typeof(ProblemOut)), Example = error is null ? null : AnswerExamples.Problem(error),
        },
    };
}
