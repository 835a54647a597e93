using System.Text.Json;
using Grapnel.Publishing;
using Grapnel.Registry;
using Grapnel.Server.Api.Description;
using Microsoft.Extensions.Options;

namespace Grapnel.Server.Api;

/// <summary><c>POST …/endpoint/{endpoint}/send-example</c>: a message that is owed to that endpoint alone, whatever it subscribed to.</summary>
internal sealed class ExamplesApi(
    PathSubjects subjects, EventTypeRegistry types, Publisher publisher, IOptions<PublishingOptions> options)
{
    private static readonly Action<Utf8JsonWriter, PublishResult> WriteResult =
        (writer, result) => MessageJson.Write(writer, result, withContent: true);

    private readonly int _maxPayload = options.Value.MaxPayloadBytes;

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/app/{app}/endpoint/{endpoint}/send-example", SendAsync).Idempotent(IdempotencyMode.Own).Describe(MessageOperations.SendExample);

    // The clients take any 2xx; 202 is what every other publish is answered with.
    private async Task SendAsync(HttpContext http)
    {
        var bytes = await RequestBytes.ReadAsync(http.Request, BodyLimits.Message(0), http.RequestAborted);
        var body = JsonBody.Parse(bytes);
        var eventType = body.RequiredText("", "eventType");
        var index = body.Whole(0, "exampleIndex") ?? 0;
        body.ThrowIfAnyFault();
        PublishRules.CheckRouting(eventType, channels: null);
        if (index < 0)
            throw new InvalidInputException("exampleIndex", "must be 0 or more");
        var endpoint = await subjects.EndpointAsync(http);
        if (!endpoint.Enabled)
            throw new ConflictException("endpoint_disabled", "This endpoint is disabled; enable it first.");
        var request = new PublishRequest
        {
            Application = endpoint.ApplicationId.ToString(),
            EventType = eventType,
            Payload = await types.ExampleAsync(eventType, index, http.RequestAborted)
                ?? throw new BadHttpRequestException($"There is no example {index} in the newest schema of the event type '{eventType}'."),
            Only = endpoint,
            Idempotency = Idempotency.Read(http, bytes, WriteResult),
        };
        await AnswerAsync(http, request, await publisher.PublishAsync(request, CancellationToken.None));
    }

    private Task AnswerAsync(HttpContext http, PublishRequest request, PublishResult result) => result.Status switch
    {
        PublishStatus.Accepted when result.Response is null => JsonReply.WriteAsync(http, StatusCodes.Status202Accepted, result, WriteResult),
        PublishStatus.Accepted or PublishStatus.Repeated => JsonReply.WriteAsync(http, StatusCodes.Status202Accepted, result.Response),
        _ => PublishReply.RefuseAsync(http, result, request, _maxPayload),
    };
}
