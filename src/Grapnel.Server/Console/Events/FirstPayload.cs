using System.Text;
using System.Text.Json;
using Grapnel.Publishing;
using Grapnel.Publishing.Schemas;

namespace Grapnel.Server.Console.Events;

/// <summary>What a person finds in the editor at first.</summary>
internal static class FirstPayload
{
    /// <summary>The example of an event type; without one, a skeleton by its schema; without that, the standard envelope.</summary>
    public static string Of(EventType type, TimeProvider time)
    {
        if (SchemaParts.Of(type.Schemas).Example is { Length: > 0 } example)
            return example;
        return SchemaSet.Newest(type.Schemas) is { ValueKind: JsonValueKind.Object } schema && schema.TryGetProperty("properties", out _)
            ? PayloadSkeleton.Of(schema)
            : JsonText.Format(Encoding.UTF8.GetString(StandardEnvelope.Create(type.Name, time.GetUtcNow())));
    }

    /// <summary>What a recurring trigger publishes, byte for byte.</summary>
    public static string Of(Schedule schedule) => schedule.Payload is { } payload ? Encoding.UTF8.GetString(payload) : "";
}
