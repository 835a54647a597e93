using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Grapnel.Server.Console.Pages.Messages;

/// <summary>Requests as commands that a shell can run.</summary>
internal static class Curl
{
    private const int MostInline = 32 * 1024;
    private const string Next = " \\\n  ";

    /// <summary>Publishes the same again, without its event id, which would be refused as a repeat; null when the payload is too large for a command.</summary>
    public static string? Publish(Uri server, Message message, PayloadText payload) => payload is { Raw: { } raw, Length: <= MostInline }
        ? Join(
            $"curl -X POST {Quote(new Uri(server, $"api/v1/app/{message.ApplicationId}/msg").ToString())}", "-H 'Authorization: Bearer YOUR_API_KEY'",
            "-H 'Content-Type: application/json'", $"--data-raw {Quote(Body(message, raw, payload.Pretty is not null))}")
        : null;

    /// <summary>Sends the very request of an attempt again, as far as its headers were kept; null when the payload is gone or too large for a command.</summary>
    public static string? Request(Attempt attempt, AttemptHeaders headers, ReadOnlyMemory<byte>? payload)
    {
        if (payload is not { Length: <= MostInline } bytes)
            return null;
        var text = PayloadText.Of(bytes).Raw;
        string[] command =
        [
            $"curl -X POST {Quote(attempt.Url)}",
            .. headers.Sent.Select(header => $"-H {Quote($"{header.Key}: {header.Value}")}"),
            .. headers.Sensitive.Select(name => $"-H {Quote($"{name}: NOT_RECORDED")}"),
            text is null ? "--data-binary @-" : $"--data-raw {Quote(text)}",
        ];
        return (text is null ? $"echo {Convert.ToBase64String(bytes.Span)} | base64 -d | " : "") + Join(command);
    }

    /// <summary>The text as one word of a shell, whatever is in it.</summary>
    private static string Quote(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static string Join(params string[] parts) => string.Join(Next, parts);

    private static string Body(Message message, string raw, bool isJson)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 600 }))
        {
            writer.WriteStartObject();
            writer.WriteString("eventType", message.EventType);
            Write(writer, "channels", message.Channels);
            Write(writer, "tags", message.Tags);
            writer.WritePropertyName("payload");
            writer.WriteRawValue(isJson ? raw : "{}");
            if (!isJson)
                WriteRaw(writer, message.ContentType, raw);
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, string name, IReadOnlyList<string>? values)
    {
        if (values is null)
            return;
        writer.WriteStartArray(name);
        foreach (var value in values)
            writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    private static void WriteRaw(Utf8JsonWriter writer, string contentType, string raw)
    {
        writer.WriteStartObject("transformationsParams");
        writer.WriteString("rawPayload", raw);
        writer.WriteStartObject("headers");
        writer.WriteString("content-type", contentType);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
