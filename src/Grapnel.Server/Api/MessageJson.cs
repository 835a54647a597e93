using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Grapnel.Publishing;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary>Messages as the API shows them, written by hand: the payload goes out as the bytes that came in.</summary>
internal static class MessageJson
{
    private static readonly JsonReaderOptions AnyDepth = new() { MaxDepth = PublishRules.MaxDepth };

    public static void Write(Utf8JsonWriter writer, Message message, bool withContent)
    {
        writer.WriteStartObject();
        WriteFields(writer, message, withContent);
        writer.WriteEndObject();
    }

    /// <summary>A message and where it stands at one endpoint, in one object.</summary>
    public static void Write(Utf8JsonWriter writer, AttemptedMessage attempted, bool withContent)
    {
        writer.WriteStartObject();
        WriteFields(writer, attempted.Message, withContent);
        writer.WriteNumber("status"u8, (int)attempted.Destination.Status);
        writer.WriteString("statusText"u8, attempted.Destination.Status.ToCamelCase());
        if (attempted.Destination.NextAttemptAt is { } next)
            writer.WriteString("nextAttempt"u8, next.ToApiTime());
        else
            writer.WriteNull("nextAttempt"u8);
        writer.WriteEndObject();
    }

    /// <summary>A message as text, to stand inside another answer.</summary>
    public static RawJson Embed(Message message, bool withContent) =>
        new(Encoding.UTF8.GetString(JsonReply.Render((message, withContent), static (writer, state) => Write(writer, state.message, state.withContent))));

    /// <summary>The answer to a publish: the message, and what of its payload does not fit, if that was asked for.</summary>
    public static void Write(Utf8JsonWriter writer, PublishResult result, bool withContent)
    {
        writer.WriteStartObject();
        WriteFields(writer, result.Message!, withContent);
        PublishReply.WriteSchemaErrors(writer, result);
        writer.WriteEndObject();
    }

    private static void WriteFields(Utf8JsonWriter writer, Message message, bool withContent)
    {
        writer.WriteString("id"u8, message.Id.ToString());
        writer.WriteString("eventId"u8, message.EventId);
        writer.WriteString("eventType"u8, message.EventType);
        WritePayload(writer, message, withContent);
        writer.WriteString("contentType"u8, message.ContentType);
        WriteTexts(writer, "channels"u8, message.Channels);
        WriteTexts(writer, "tags"u8, message.Tags);
        writer.WriteString("timestamp"u8, message.AcceptedAt.ToApiTime());
        if (message.DeliverAt is { } deliverAt)
            writer.WriteString("deliverAt"u8, deliverAt.ToApiTime());
        else
            writer.WriteNull("deliverAt"u8);
    }

    public static void WritePage(Utf8JsonWriter writer, Page<Message> page, bool withContent) =>
        WritePage(writer, page, message => message.Id, message => Write(writer, message, withContent));

    public static void WritePage(Utf8JsonWriter writer, Page<AttemptedMessage> page, bool withContent) =>
        WritePage(writer, page, attempted => attempted.Message.Id, attempted => Write(writer, attempted, withContent));

    private static void WritePage<T>(Utf8JsonWriter writer, Page<T> page, Func<T, Id<Message>> iterator, Action<T> write)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("data"u8);
        foreach (var item in page.Items)
            write(item);
        writer.WriteEndArray();
        writer.WriteString("iterator"u8, page.Iterator ?? (page.Items is [.., var last] ? iterator(last).ToString() : null));
        writer.WriteString("prevIterator"u8, page.PrevIterator ?? (page.Items is [var first, ..] ? "-" + iterator(first) : null));
        writer.WriteBoolean("done"u8, page.Done);
        writer.WriteEndObject();
    }

    /// <summary>A payload that is not JSON cannot stand where clients expect an object; it goes into a field of its own.</summary>
    private static void WritePayload(Utf8JsonWriter writer, Message message, bool withContent)
    {
        writer.WritePropertyName("payload"u8);
        if (!withContent)
            writer.WriteRawValue("{}"u8, skipInputValidation: true);
        else if (message.Payload is not { } payload)
            writer.WriteRawValue("""{"expired":true}"""u8, skipInputValidation: true);
        else if (IsJson(payload.Span))
            writer.WriteRawValue(payload.Span, skipInputValidation: true);
        else
        {
            writer.WriteRawValue("{}"u8, skipInputValidation: true);
            writer.WriteBase64String("payloadBase64"u8, payload.Span);
        }
    }

    private static void WriteTexts(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyList<string>? texts)
    {
        if (texts is null)
        {
            writer.WriteNull(name);
            return;
        }
        writer.WriteStartArray(name);
        for (var i = 0; i < texts.Count; i++)
            writer.WriteStringValue(texts[i]);
        writer.WriteEndArray();
    }

    private static bool IsJson(ReadOnlySpan<byte> bytes)
    {
        if (!Utf8.IsValid(bytes))
            return false;
        var reader = new Utf8JsonReader(bytes, AnyDepth);
        try
        {
            while (reader.Read()) { }
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
