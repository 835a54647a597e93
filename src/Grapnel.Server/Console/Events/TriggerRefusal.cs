using Grapnel.Publishing;

namespace Grapnel.Server.Console.Events;

/// <summary>What to tell a person when a message was not accepted, or would not be.</summary>
internal static class TriggerRefusal
{
    /// <summary>One sentence; null for what is accepted.</summary>
    public static string? Of(PublishResult result, string eventType) => result.Status switch
    {
        PublishStatus.Accepted => null,
        PublishStatus.UnknownEventType => $"{eventType} is not in use: it was archived or deleted.",
        PublishStatus.PayloadTooLarge => "The payload is larger than this server takes (Publishing:MaxPayloadBytes).",
        PublishStatus.PayloadDoesNotFit => $"The payload does not fit the schema, and {eventType} refuses what does not fit.",
        PublishStatus.RepeatedEventId => $"There is a message with this event id already: {result.ExistingMessage}. Nothing was sent.",
        PublishStatus.Invalid => "One of the options is not in order; it is told beside it.",
        PublishStatus.UnknownApplication => "The application is gone.",
        _ => "The store takes no messages just now; nothing was accepted. Try again.",
    };
}
