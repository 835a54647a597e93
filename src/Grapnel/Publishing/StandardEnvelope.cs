using System.Text.Json;

namespace Grapnel.Publishing;

/// <summary>The body of an event that was triggered without one (Standard Webhooks 1.0.0, "Payload structure").</summary>
public static class StandardEnvelope
{
    /// <summary><c>{"type":…,"timestamp":…,"data":{}}</c></summary>
    public static byte[] Create(string eventType, DateTimeOffset timestamp)
    {
        using var stream = new MemoryStream(96);
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("type", eventType);
            json.WriteString("timestamp", timestamp);
            json.WriteStartObject("data");
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return stream.ToArray();
    }
}
