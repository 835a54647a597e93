using Grapnel.Publishing;

namespace Grapnel.Server.Api;

/// <summary>Answers a publish that was not accepted.</summary>
internal static class PublishReply
{
    public const string KeyReused = "This idempotency key was used before with another body.";

    public static Task RefuseAsync(HttpContext http, PublishResult result, string application, string eventType, int maxPayloadBytes)
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
}
