using System.Text.Json;
using Grapnel.Publishing;

namespace Grapnel.Server.Api;

/// <summary>The answer to a batch: for each message, in order, what a request of its own would have been answered.</summary>
internal sealed class BatchReply(string application, IReadOnlyList<BatchMessage> messages, int maxPayloadBytes)
{
    /// <summary>202 when every message was accepted, else 207: whoever only looks for 202 notices.</summary>
    public static int StatusOf(IReadOnlyList<PublishResult> results) => results.Any(result => result.Status != PublishStatus.Accepted)
        ? StatusCodes.Status207MultiStatus
        : StatusCodes.Status202Accepted;

    /// <summary>The answer as a repeat gets it.</summary>
    public byte[] Pack(IReadOnlyList<PublishResult> results) => StoredReply.Pack(StatusOf(results), JsonReply.Render(results, Write));

    /// <summary>Writes the whole answer, the counts first.</summary>
    public void Write(Utf8JsonWriter writer, IReadOnlyList<PublishResult> results)
    {
        var accepted = results.Count(result => result.Status == PublishStatus.Accepted);
        writer.WriteStartObject();
        writer.WriteNumber("accepted"u8, accepted);
        writer.WriteNumber("refused"u8, results.Count - accepted);
        writer.WriteStartArray("data"u8);
        for (var i = 0; i < results.Count; i++)
        {
            writer.WriteStartObject();
            WriteResult(writer, results[i], messages[i], application, maxPayloadBytes);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Writes the fields of one message's result.</summary>
    public static void WriteResult(
        Utf8JsonWriter writer, in PublishResult result, BatchMessage message, string application, int maxPayloadBytes)
    {
        switch (result.Status)
        {
            case PublishStatus.Accepted:
                WriteAccepted(writer, result.Message!);
                PublishReply.WriteSchemaErrors(writer, result);
                break;
            case PublishStatus.Invalid:
                writer.WriteNumber("status"u8, StatusCodes.Status422UnprocessableEntity);
                ErrorBody.WriteErrors(writer, message.Errors ?? result.Errors!);
                break;
            case PublishStatus.PayloadDoesNotFit:
                writer.WriteNumber("status"u8, StatusCodes.Status422UnprocessableEntity);
                ErrorBody.WriteUnfit(writer, result.SchemaFaults!, ["payload"]);
                break;
            default:
                var (status, code, detail) = PublishReply.Describe(result, application, message.Request!.EventType, maxPayloadBytes);
                writer.WriteNumber("status"u8, status);
                writer.WriteString("code"u8, code);
                writer.WriteString("detail"u8, detail);
                break;
        }
    }

    /// <summary>Writes the fields of a message that was accepted.</summary>
    public static void WriteAccepted(Utf8JsonWriter writer, Message message)
    {
        writer.WriteNumber("status"u8, StatusCodes.Status202Accepted);
        writer.WriteString("id"u8, message.Id.ToString());
        writer.WriteString("eventId"u8, message.EventId);
        writer.WriteString("timestamp"u8, message.AcceptedAt.ToApiTime());
    }
}
