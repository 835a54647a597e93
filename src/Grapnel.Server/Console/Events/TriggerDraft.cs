using System.Text;
using Grapnel.Publishing;

namespace Grapnel.Server.Console.Events;

/// <summary>What the trigger page has in its fields.</summary>
public sealed class TriggerDraft
{
    /// <summary>The payload as typed; blank for the standard envelope.</summary>
    public string Payload { get; set; } = "";

    /// <summary>Channels, separated by spaces.</summary>
    public string Channels { get; set; } = "";

    /// <summary>Tags, separated by spaces.</summary>
    public string Tags { get; set; } = "";

    /// <summary>The event id; blank for none.</summary>
    public string EventId { get; set; } = "";

    /// <summary>Not to be sent before this time, in UTC; null for at once.</summary>
    public DateTime? DeliverAt { get; set; }

    /// <summary>Whether the payload stops being JSON somewhere.</summary>
    public bool IsBroken => !string.IsNullOrWhiteSpace(Payload) && JsonText.FaultOf(Payload) is not null;

    /// <summary>The message to publish, by the rules of <c>POST /trigger/{event}</c>.</summary>
    public PublishRequest ToRequest(Application application, string eventType, DateTimeOffset now) => new()
    {
        Application = application.Id.ToString(),
        EventType = eventType,
        Payload = string.IsNullOrWhiteSpace(Payload) ? StandardEnvelope.Create(eventType, now) : Encoding.UTF8.GetBytes(Payload),
        EventId = string.IsNullOrWhiteSpace(EventId) ? null : EventId.Trim(),
        Channels = Split(Channels),
        Tags = Split(Tags),
        DeliverAt = DeliverAt is { } at ? new DateTimeOffset(DateTime.SpecifyKind(at, DateTimeKind.Utc)) : null,
        RequireEventType = true,
    };

    private static string[]? Split(string text) => text.Split([' ', ',', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } words ? words : null;
}
