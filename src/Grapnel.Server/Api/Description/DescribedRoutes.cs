using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Grapnel.Server.Api.Description;

/// <summary>Makes the OpenAPI document out of the routes that are really there and what they tell about themselves.</summary>
internal sealed class DescribedRoutes(EndpointDataSource routes) : IOpenApiDocumentTransformer
{
    public const string KeyScheme = "key";

    // In the order in which somebody new would read them.
    private static readonly string[] Tags =
    [
        "Application", "Event Type", "Endpoint", "Message", "Message Attempt", "Schedule", "Background Task", "Authentication", "Api Key",
        OperationalWebhooks.Tag, "Operation", "Health",
    ];

    private static readonly Dictionary<string, string> PathParameters = new()
    {
        ["app"] = "The id or uid of an application.",
        ["endpoint"] = "The id or uid of an endpoint.",
        ["msg"] = "The id or event id of a message.",
        ["attempt"] = "The id of an attempt.",
        ["schedule"] = "The id of a schedule.",
        ["name"] = "The name of an event type.",
        ["event"] = "The name of an event type.",
        ["task"] = "The id of a background task.",
        ["id"] = "Its id.",
    };

    public async Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo { Title = "Grapnel", Version = typeof(DescribedRoutes).Assembly.GetName().Version!.ToString(3), Description = Introduction };
        document.Components = new OpenApiComponents { SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme> { [KeyScheme] = Scheme } };
        document.Tags = new HashSet<OpenApiTag>(Tags.Select(name => new OpenApiTag { Name = name }));
        var schemas = new SchemaShelf(document, context, cancellationToken);
        foreach (var route in routes.Endpoints.OfType<RouteEndpoint>().OrderBy(route => route.RoutePattern.RawText, StringComparer.Ordinal))
            if (route.Metadata.GetMetadata<Operation>() is { } operation)
                await AddAsync(document, schemas, route, operation);
    }

    private const string Introduction = """
        Publish an event once; every endpoint that subscribed to it gets it, signed, until it has answered 2xx. Every request needs a key:
        `Authorization: Bearer grpk_…`. Wherever an id stands in a path, your own `uid` will do.
        """;

    private static OpenApiSecurityScheme Scheme => new()
    {
        Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API key (`grpk_…`), or a token for one application.",
    };

    private static async Task AddAsync(OpenApiDocument document, SchemaShelf schemas, RouteEndpoint route, Operation operation)
    {
        var path = "/" + route.RoutePattern.RawText!.Trim('/');
        if (!document.Paths.TryGetValue(path, out var item))
            document.Paths.Add(path, item = new OpenApiPathItem());
        foreach (var method in route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [])
            if (method != HttpMethods.Head)
                ((OpenApiPathItem)item).AddOperation(HttpMethod.Parse(method), await ToOpenApiAsync(document, schemas, route, operation));
    }

    private static async Task<OpenApiOperation> ToOpenApiAsync(
        OpenApiDocument document, SchemaShelf schemas, RouteEndpoint route, Operation operation)
    {
        var isOpen = route.Metadata.GetMetadata<IAllowAnonymous>() is not null;
        return new OpenApiOperation
        {
            OperationId = $"v1.{operation.Tag.ToLowerInvariant().Replace(' ', '-')}.{operation.Name}",
            Summary = operation.Summary,
            Description = operation.Details,
            Tags = new HashSet<OpenApiTagReference> { new(operation.Tag, document) },
            Parameters = [.. await ParametersAsync(schemas, route, operation)],
            RequestBody = operation.Body is { } body ? await BodyAsync(schemas, body) : null,
            Responses = await AnswersAsync(schemas, route, operation, isOpen),
            Security = isOpen ? [] : [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, document)] = [] }],
        };
    }

    private static async Task<List<IOpenApiParameter>> ParametersAsync(SchemaShelf schemas, RouteEndpoint route, Operation operation)
    {
        var parameters = new List<IOpenApiParameter>();
        foreach (var part in route.RoutePattern.Parameters)
            parameters.Add(new OpenApiParameter
            {
                Name = part.Name, In = ParameterLocation.Path, Required = true, Description = PathParameters.GetValueOrDefault(part.Name),
                Schema = await schemas.InlineAsync(typeof(string)),
            });
        foreach (var query in operation.Query)
            parameters.Add(new OpenApiParameter
            {
                Name = query.Name, In = ParameterLocation.Query, Description = query.Meaning, Schema = await schemas.InlineAsync(query.Type),
            });
        if (IsPost(route))
            parameters.Add(new OpenApiParameter
            {
                Name = Idempotency.Header, In = ParameterLocation.Header, Schema = await schemas.InlineAsync(typeof(string)),
                Description = "Makes a repeat harmless: the same key with the same body gets the first answer again, for 12 hours.",
            });
        return parameters;
    }

    private static async Task<OpenApiRequestBody> BodyAsync(SchemaShelf schemas, RequestContent body) => new()
    {
        Required = body.Required,
        Content = new Dictionary<string, OpenApiMediaType>
        {
            [body.MediaType] = new OpenApiMediaType
            {
                Schema = body.Type is { } type ? await schemas.ReferAsync(type) : null,
                Example = body.MediaType == JsonReply.MediaType ? JsonNode.Parse(body.Example) : body.Example,
            },
        },
    };

    private static async Task<OpenApiResponses> AnswersAsync(SchemaShelf schemas, RouteEndpoint route, Operation operation, bool isOpen)
    {
        var answers = new OpenApiResponses();
        foreach (var answer in operation.Answers)
            answers[answer.Status.ToString()] = new OpenApiResponse { Description = answer.Meaning, Content = await ContentAsync(schemas, answer) };
        foreach (var (status, meaning) in CommonErrors.Of(route, operation, isOpen))
            answers[status.ToString()] = new OpenApiResponse { Description = meaning, Content = await ErrorContentAsync(schemas, status) };
        return answers;
    }

    private static async Task<Dictionary<string, OpenApiMediaType>> ErrorContentAsync(SchemaShelf schemas, int status) => new()
    {
        [JsonReply.MediaType] = new OpenApiMediaType { Schema = await schemas.ReferAsync(status == 422 ? typeof(InvalidOut) : typeof(ErrorOut)) },
        [ErrorBody.ProblemMediaType] = new OpenApiMediaType { Schema = await schemas.ReferAsync(typeof(ProblemOut)) },
    };

    private static async Task<Dictionary<string, OpenApiMediaType>?> ContentAsync(SchemaShelf schemas, Answer answer) =>
        answer.Type is null && answer.MediaType == JsonReply.MediaType
            ? null
            : new() { [answer.MediaType] = new OpenApiMediaType { Schema = answer.Type is { } type ? await schemas.ReferAsync(type) : null } };

    private static bool IsPost(RouteEndpoint route) =>
        route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains(HttpMethods.Post) == true;
}
