using System.Text.Json;
using Grapnel.Publishing;

namespace Grapnel.Server.Api;

/// <summary>Answers a publish that was not accepted.</summary>
internal static class PublishReply
{
    public const string KeyReused = "This idempotency key was used before with another body.";

    /// <param name="http">The request.</param>
    /// <param name="result">Why it was not accepted.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="maxPayloadBytes">The largest payload.</param>
    /// <param name="payload">Where in the body the payload stands; nothing when it is the body.</param>
    public static Task RefuseAsync(
        HttpContext http, PublishResult result, PublishRequest request, int maxPayloadBytes, params string[] payload) =>
        result.Status == PublishStatus.PayloadDoesNotFit
            ? ErrorBody.WriteUnfitAsync(http.Response, result.SchemaFaults!, payload)
            : RefuseAsync(http, result, request.Application, request.EventType, maxPayloadBytes);

    /// <summary>The same where there is no single message that was refused.</summary>
    public static Task RefuseAsync(HttpContext http, in PublishResult result, string application, string eventType, int maxPayloadBytes)
    {
        var (status, code, detail) = Describe(result, application, eventType, maxPayloadBytes);
        if (status == 503)
            http.Response.Headers.RetryAfter = "1";
        return ErrorBody.WriteAsync(http.Response, status, code, detail);
    }

    /// <summary>Status, code and words for a message that was not accepted.</summary>
    public static (int Status, string Code, string Detail) Describe(
        in PublishResult result, string application, string eventType, int maxPayloadBytes) => result.Status switch
        {
            PublishStatus.UnknownApplication => (404, "not_found", $"There is no application '{application}'."),
            PublishStatus.UnknownEventType => (404, "event_type_not_found", $"There is no event type '{eventType}', or it is archived. Create it first."),
            PublishStatus.RepeatedEventId => (409, "conflict", $"This application already has a message with this event id: {result.ExistingMessage}."),
            PublishStatus.KeyReusedWithOtherBody => (409, "idempotency_key_reused", KeyReused),
            PublishStatus.PayloadTooLarge => (413, "payload_too_large", $"A payload may have at most {maxPayloadBytes} bytes."),
            PublishStatus.Unavailable => (503, "unavailable", "The store cannot take messages just now; nothing was accepted. Try again."),
            _ => throw new InvalidOperationException($"{result.Status} is no refusal."),
        };

    /// <summary>Tells in an answer where an accepted payload does not fit its schema; nothing when it does.</summary>
    public static void WriteSchemaErrors(Utf8JsonWriter writer, PublishResult result)
    {
        if (result.SchemaFaults is not { } faults)
            return;
        writer.WriteStartArray("schemaErrors"u8);
        foreach (var fault in faults)
        {
            writer.WriteStartObject();
            writer.WriteString("path"u8, fault.Pointer);
            writer.WriteString("message"u8, fault.Message);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }
}
