using System.Text.Json;
using Grapnel.Publishing;
using Microsoft.Extensions.Options;

namespace Grapnel.Server.Api;

/// <summary><c>POST /trigger/{event}</c>: the simple way in. Whatever the body is, it is delivered byte for byte; without one, the standard envelope is.</summary>
internal sealed class TriggerApi(Publisher publisher, TimeProvider time, IOptions<PublishingOptions> options)
{
    private static readonly Action<Utf8JsonWriter, PublishResult> WriteReceipt = Write;
    private readonly int _maxPayload = options.Value.MaxPayloadBytes;

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/trigger/{event}", TriggerAsync);

    private async Task TriggerAsync(HttpContext http)
    {
        var eventType = http.Part("event");
        var body = await RequestBytes.ReadAsync(http.Request, _maxPayload, CancellationToken.None);
        var result = await publisher.PublishAsync(new PublishRequest
        {
            Application = Application.DefaultUid,
            EventType = eventType,
            Payload = body.Length > 0 ? body : StandardEnvelope.Create(eventType, time.GetUtcNow()),
            ContentType = body.Length > 0 && http.Request.ContentType is { Length: > 0 } type ? type : JsonReply.MediaType,
            RequireEventType = true,
            Idempotency = Idempotency.Read(http, body, WriteReceipt),
        }, CancellationToken.None);
        await (result.Status switch
        {
            PublishStatus.Accepted => JsonReply.WriteAsync(http, StatusCodes.Status202Accepted, result, WriteReceipt),
            PublishStatus.Repeated => JsonReply.WriteAsync(http, StatusCodes.Status202Accepted, result.StoredResponse),
            _ => PublishReply.RefuseAsync(http, result, Application.DefaultUid, eventType, _maxPayload),
        });
    }

    private static void Write(Utf8JsonWriter writer, PublishResult result)
    {
        var message = result.Message!;
        writer.WriteStartObject();
        writer.WriteString("id"u8, message.Id.ToString());
        writer.WriteString("eventType"u8, message.EventType);
        writer.WriteString("timestamp"u8, message.AcceptedAt.ToApiTime());
        WriteDecisions(writer, "owed"u8, result.Decisions!, owed: true);
        WriteDecisions(writer, "notOwed"u8, result.Decisions!, owed: false);
        writer.WriteEndObject();
    }

    private static void WriteDecisions(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyList<RouteDecision> decisions, bool owed)
    {
        writer.WriteStartArray(name);
        for (var i = 0; i < decisions.Count; i++)
            if (decisions[i].Owed == owed)
                WriteDecision(writer, decisions[i]);
        writer.WriteEndArray();
    }

    private static void WriteDecision(Utf8JsonWriter writer, RouteDecision decision)
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
