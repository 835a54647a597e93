using System.Runtime.CompilerServices;
using System.Text.Json;
using Grapnel.Publishing;
using Grapnel.Server.Api.Description;
using Microsoft.Extensions.Options;

namespace Grapnel.Server.Api;

/// <summary><c>POST /trigger/{event}</c>: the simple way in. Whatever the body is, it is delivered byte for byte; without one, the standard envelope is.</summary>
internal sealed class TriggerApi(Publisher publisher, TimeProvider time, IOptions<PublishingOptions> options)
{
    private static readonly Action<Utf8JsonWriter, PublishResult> WriteReceipt = Write;
    private static readonly ConditionalWeakTable<IReadOnlyList<RouteDecision>, DecisionsText> Texts = [];
    private readonly int _maxPayload = options.Value.MaxPayloadBytes;

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/trigger/{event}", TriggerAsync).Idempotent(IdempotencyMode.Own).Describe(MessageOperations.Trigger);

    private async Task TriggerAsync(HttpContext http)
    {
        var eventType = http.Part("event");
        var body = await RequestBytes.ReadAsync(http.Request, _maxPayload, CancellationToken.None);
        var request = new PublishRequest
        {
            Application = Application.DefaultUid,
            EventType = eventType,
            Payload = body.Length > 0 ? body : StandardEnvelope.Create(eventType, time.GetUtcNow()),
            ContentType = body.Length > 0 && http.Request.ContentType is { Length: > 0 } type ? type : JsonReply.MediaType,
            RequireEventType = true,
            Idempotency = Idempotency.Read(http, body, WriteReceipt),
        };
        var result = await PublishAsync(request);
        await (result.Status switch
        {
            PublishStatus.Accepted when result.Response is null => JsonReply.WriteAsync(http, StatusCodes.Status202Accepted, result, WriteReceipt),
            PublishStatus.Accepted or PublishStatus.Repeated => JsonReply.WriteAsync(http, StatusCodes.Status202Accepted, result.Response),
            _ => PublishReply.RefuseAsync(http, result, request, _maxPayload),
        });
    }

    /// <summary>What is a field of the body elsewhere stands in other parts of the request here.</summary>
    private async ValueTask<PublishResult> PublishAsync(PublishRequest request)
    {
        try
        {
            return await publisher.PublishAsync(request, CancellationToken.None);
        }
        catch (InvalidInputException e)
        {
            throw new InvalidInputException([.. e.Errors.Select(error => error with { Field = PlaceOf(error.Field) })]);
        }
    }

    private static string PlaceOf(string field) => field switch
    {
        "eventType" => "path.event",
        "contentType" => "header.Content-Type",
        _ => field,
    };

    private static void Write(Utf8JsonWriter writer, PublishResult result)
    {
        var message = result.Message!;
        writer.WriteStartObject();
        writer.WriteString("id"u8, message.Id.ToString());
        writer.WriteString("eventType"u8, message.EventType);
        writer.WriteString("timestamp"u8, message.AcceptedAt.ToApiTime());
        var decisions = Texts.GetValue(result.Decisions!, static decisions => new DecisionsText(decisions));
        writer.WritePropertyName("owed"u8);
        writer.WriteRawValue(decisions.Owed, skipInputValidation: true);
        writer.WritePropertyName("notOwed"u8);
        writer.WriteRawValue(decisions.NotOwed, skipInputValidation: true);
        PublishReply.WriteSchemaErrors(writer, result);
        writer.WriteEndObject();
    }

    /// <summary>The decisions of a plan as JSON. A plan serves many messages, and an application may have hundreds of endpoints.</summary>
    private sealed class DecisionsText(IReadOnlyList<RouteDecision> decisions)
    {
        public byte[] Owed { get; } = Render(decisions.Where(decision => decision.Owed));

        public byte[] NotOwed { get; } = Render(decisions.Where(decision => !decision.Owed));

        private static byte[] Render(IEnumerable<RouteDecision> decisions)
        {
            using var json = new MemoryStream();
            using (var writer = new Utf8JsonWriter(json, JsonReply.Plain))
            {
                writer.WriteStartArray();
                foreach (var decision in decisions)
                    Write(writer, decision);
                writer.WriteEndArray();
            }
            return json.ToArray();
        }

        private static void Write(Utf8JsonWriter writer, RouteDecision decision)
        {
            writer.WriteStartObject();
            writer.WriteString("endpointId"u8, decision.Endpoint.Id.ToString());
            if (decision.Endpoint.Uid is { } uid)
                writer.WriteString("uid"u8, uid);
            writer.WriteString("url"u8, decision.Endpoint.Url);
            writer.WriteString("reason"u8, decision.Reason.Word());
            writer.WriteEndObject();
        }
    }
}
