using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Grapnel.Server.Api.Description;

/// <summary>Makes the OpenAPI document out of the routes that are really there and what they tell about themselves.</summary>
internal sealed class DescribedRoutes(EndpointDataSource routes, ApiOptions options) : IOpenApiDocumentTransformer
{
    public const string KeyScheme = "key";

    // In the order in which somebody new would read them.
    private static readonly (string Name, string Meaning)[] Tags =
    [
        ("Application", "A consumer of webhooks, such as a customer of yours: owns endpoints and messages. One called `default` is there from the start."),
        ("Event Type", "A named kind of event. Endpoints subscribe to it by its name."),
        ("Endpoint", "A registered webhook: where to send, what to send there, and how."),
        ("Message", "One published event for one application."),
        ("Message Attempt", "One HTTP exchange with an endpoint, and what became of messages."),
        ("Schedule", "Publishes an event again and again."),
        ("Background Task", "Work on many messages, which goes on by itself and survives restarts."),
        ("Authentication", "Tokens, with which an application's own people look after their webhooks."),
        ("Api Key", "Keys for programs."),
        (OperationalWebhooks.Tag, "The operator's own endpoints: they hear of endpoints that fail or were disabled, and of what else concerns the operator."),
        ("Operation", "What is still to be done, and who does it."),
        ("Health", "Whether the server works. No key is needed."),
    ];

    // The examples are names that are there from the start, or that other examples use.
    private static readonly Dictionary<string, (string Meaning, string? Example)> PathParameters = new()
    {
        ["app"] = ("The id or uid of an application.", "default"),
        ["endpoint"] = ("The id or uid of an endpoint.", null),
        ["msg"] = ("The id or event id of a message.", "order-A-1"),
        ["attempt"] = ("The id of an attempt.", null),
        ["schedule"] = ("The id of a schedule.", null),
        ["name"] = ("The name of an event type.", "order.placed"),
        ["event"] = ("The name of an event type.", "order.placed"),
        ["id"] = ("The id that a list of these shows.", null),
    };

    public async Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Servers = [Server];
        document.Info = new OpenApiInfo { Title = "Grapnel", Version = typeof(DescribedRoutes).Assembly.GetName().Version!.ToString(3), Description = Introduction, License = License };
        document.Components = new OpenApiComponents { SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme> { [KeyScheme] = Scheme } };
        document.Tags = new HashSet<OpenApiTag>(Tags.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Meaning }));
        var schemas = new SchemaShelf(document, context, cancellationToken);
        var answers = new DescribedAnswers(document, schemas);
        foreach (var route in routes.Endpoints.OfType<RouteEndpoint>().OrderBy(IsNotTrigger).ThenBy(route => route.RoutePattern.RawText, StringComparer.Ordinal))
            if (route.Metadata.GetMetadata<Operation>() is { } operation)
                await AddAsync(document, schemas, answers, route, operation);
    }

    private const string Introduction = """
        Publish an event once; every endpoint that subscribed to it gets it, signed, until it has answered 2xx.

        1. Take the key from `first-api-key` in the data folder of the server, and send it with every request: `Authorization: Bearer grpk_…`.
        2. Register an event type, and an endpoint of the application `default`.
        3. Publish: `POST /trigger/{event}`.

        Wherever an id stands in a path, your own `uid` will do, and for messages your `eventId`. Every error is JSON: `code` for programs, `detail` for
        people, or with status 422 every field at fault. With `Accept: application/problem+json` it is problem details (RFC 9457).
        """;

    private static readonly OpenApiLicense License = new() { Name = "MIT", Identifier = "MIT" };

    // Behind a proxy that speaks TLS, for example, people do not reach the server where its requests come to.
    private OpenApiServer Server => new() { Url = options.PublicUrl?.TrimEnd('/') ?? DescribedDocument.Here };

    // The simple way in is what somebody new looks for.
    private static bool IsNotTrigger(RouteEndpoint route) => route.Metadata.GetMetadata<Operation>() != MessageOperations.Trigger;

    private static OpenApiSecurityScheme Scheme => new()
    {
        Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API key (`grpk_…`), or a token for one application.",
    };

    private static async Task AddAsync(
        OpenApiDocument document, SchemaShelf schemas, DescribedAnswers answers, RouteEndpoint route, Operation operation)
    {
        var path = "/" + route.RoutePattern.RawText!.Trim('/');
        if (!document.Paths.TryGetValue(path, out var item))
            document.Paths.Add(path, item = new OpenApiPathItem());
        foreach (var method in route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [])
            if (method != HttpMethods.Head)
                ((OpenApiPathItem)item).AddOperation(HttpMethod.Parse(method), await ToOpenApiAsync(document, schemas, answers, route, operation));
    }

    private static async Task<OpenApiOperation> ToOpenApiAsync(
        OpenApiDocument document, SchemaShelf schemas, DescribedAnswers answers, RouteEndpoint route, Operation operation)
    {
        var isOpen = route.Metadata.GetMetadata<IAllowAnonymous>() is not null;
        return new OpenApiOperation
        {
            OperationId = $"v1.{operation.Tag.ToLowerInvariant().Replace(' ', '-')}.{operation.Name}",
            Summary = operation.Summary,
            Description = operation.Details,
            Deprecated = operation.Deprecated,
            Tags = new HashSet<OpenApiTagReference> { new(operation.Tag, document) },
            Parameters = [.. await ParametersAsync(schemas, route, operation)],
            RequestBody = operation.Body is { } body ? await BodyAsync(schemas, body) : null,
            Responses = await answers.OfAsync(route, operation, isOpen),
            Security = isOpen ? [] : [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(KeyScheme, document)] = [] }],
        };
    }

    private static async Task<List<IOpenApiParameter>> ParametersAsync(SchemaShelf schemas, RouteEndpoint route, Operation operation)
    {
        var parameters = new List<IOpenApiParameter>();
        foreach (var part in route.RoutePattern.Parameters)
        {
            var (meaning, example) = PathParameters[part.Name];
            parameters.Add(new OpenApiParameter
            {
                Name = part.Name, In = ParameterLocation.Path, Required = true, Description = meaning, Example = example,
                Schema = await schemas.InlineAsync(typeof(string)),
            });
        }
        foreach (var query in operation.Query)
            parameters.Add(new OpenApiParameter
            {
                Name = query.Name, In = ParameterLocation.Query, Description = query.Meaning, Schema = await schemas.InlineAsync(query),
            });
        if (IsPost(route))
            parameters.Add(new OpenApiParameter
            {
                Name = Idempotency.Header, In = ParameterLocation.Header, Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = Idempotency.MaxLength },
                Description = "Makes a repeat harmless: the same key with the same body gets the first answer again, for 12 hours.",
            });
        return parameters;
    }

    private static async Task<OpenApiRequestBody> BodyAsync(SchemaShelf schemas, RequestContent body)
    {
        var content = new Dictionary<string, OpenApiMediaType>
        {
            [body.MediaType] = new OpenApiMediaType { Schema = body.Type is { } type ? await schemas.ReferAsync(type) : null, Example = JsonNode.Parse(body.Example) },
        };
        if (body.Other is { } other)
            content[other.MediaType] = new OpenApiMediaType { Example = other.Example };
        return new OpenApiRequestBody { Required = body.Required, Content = content };
    }

    private static bool IsPost(RouteEndpoint route) =>
        route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains(HttpMethods.Post) == true;
}
