using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Unicode;
using Grapnel.Publishing;

namespace Grapnel.Sending.Formats;

/// <summary>
/// Messages as CloudEvents 1.0 (cloudevents.io, "HTTP Protocol Binding" and "JSON Event Format"): <c>id</c> is the message's, <c>type</c> its event type,
/// <c>time</c> when it was accepted.
/// </summary>
internal static class CloudEvent
{
    private const string StructuredType = "application/cloudevents+json";
    private const string Version = "1.0";

    /// <summary>Whether a format is one of the two modes.</summary>
    public static bool Is(RequestFormat format) => format is RequestFormat.CloudEvents or RequestFormat.CloudEventsStructured;

    /// <summary>One document with attributes and data; a payload that is a CloudEvent already stays as it is.</summary>
    public static RequestBody Structured(Message message, ReadOnlyMemory<byte> payload, string source)
    {
        if (IsOf(message.ContentType, StructuredType))
            return new RequestBody(payload, message.ContentType);
        using var body = new MemoryStream(payload.Length + 512);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("specversion", Version);
            json.WriteString("id", message.Id.ToString());
            json.WriteString("source", source);
            json.WriteString("type", message.EventType);
            json.WriteString("time", TimeOf(message));
            json.WriteString("datacontenttype", message.ContentType);
            WriteData(json, message.ContentType, payload.Span);
            json.WriteEndObject();
        }
        return new RequestBody(body.ToArray(), StructuredType + "; charset=utf-8");
    }

    /// <summary>Adds the attributes of binary mode.</summary>
    public static void AddHeaders(HttpRequestHeaders headers, Message message, string source)
    {
        headers.TryAddWithoutValidation("ce-specversion", Version);
        headers.TryAddWithoutValidation("ce-id", message.Id.ToString());
        // All else that would have to be encoded stands in no URI reference (HTTP Protocol Binding 1.0.2, 3.1.3.2).
        headers.TryAddWithoutValidation("ce-source", source.Replace("%", "%25", StringComparison.Ordinal));
        headers.TryAddWithoutValidation("ce-type", message.EventType);
        headers.TryAddWithoutValidation("ce-time", TimeOf(message));
    }

    private static string TimeOf(Message message) => message.AcceptedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    // What is said to be JSON and is none travels as bytes, as whatever is not JSON does (JSON Event Format, 3.1).
    private static void WriteData(Utf8JsonWriter json, string contentType, ReadOnlySpan<byte> payload)
    {
        if (IsJson(contentType) && IsValue(payload))
        {
            json.WritePropertyName("data");
            json.WriteRawValue(payload, skipInputValidation: true);
        }
        else
        {
            json.WriteBase64String("data_base64", payload);
        }
    }

    private static bool IsJson(string contentType)
    {
        var type = contentType.AsSpan(0, LengthOfType(contentType)).Trim();
        return type.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.EndsWith("+json", StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsOf(string contentType, string type) =>
        contentType.AsSpan(0, LengthOfType(contentType)).Trim().Equals(type, StringComparison.OrdinalIgnoreCase);

    private static int LengthOfType(string contentType) => contentType.IndexOf(';') is var end and >= 0 ? end : contentType.Length;

    private static bool IsValue(ReadOnlySpan<byte> payload)
    {
        // The reader does not look into the bytes of texts.
        if (!Utf8.IsValid(payload))
            return false;
        var reader = new Utf8JsonReader(payload, new JsonReaderOptions { MaxDepth = PublishRules.MaxDepth });
        try
        {
            return reader.Read() && reader.TrySkip() && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
