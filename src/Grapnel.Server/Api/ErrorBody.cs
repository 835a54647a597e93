using System.Text.Json;
using Grapnel.Publishing.Schemas;
using Microsoft.AspNetCore.WebUtilities;

namespace Grapnel.Server.Api;

/// <summary>
/// The bodies of error answers: <c>{code, detail}</c>, or for invalid input <c>{detail: [{loc, msg, type}]}</c> with status 422, as the clients of
/// Svix know them; for callers who accept <c>application/problem+json</c>, problem details (RFC 9457).
/// </summary>
internal static class ErrorBody
{
    public const string JsonError = "value_error.jsondecode";
    public const string ProblemMediaType = "application/problem+json";
    private const string ValueError = "value_error";

    /// <summary>Parts of a request, other than its body, that a field can name as its first step.</summary>
    private static readonly string[] OtherParts = ["query", "path", "header"];

    public static Task WriteAsync(HttpResponse response, int status, string code, string detail) => WriteAsync(response, status, (writer, _) =>
    {
        writer.WriteString("code", code);
        writer.WriteString("detail", detail);
    });

    public static Task WriteInvalidAsync(HttpResponse response, IReadOnlyList<FieldError> errors, string type = ValueError) =>
        WriteAsync(response, StatusCodes.Status422UnprocessableEntity,
            (writer, asProblem) => WriteFaults(writer, asProblem, list => WriteErrors(writer, errors, type, list)));

    /// <summary>Writes the field <c>detail</c> of an answer about invalid input.</summary>
    public static void WriteErrors(Utf8JsonWriter writer, IReadOnlyList<FieldError> errors, string type = ValueError, string list = "detail")
    {
        writer.WriteStartArray(list);
        foreach (var error in errors)
            WriteError(writer, error, type);
        writer.WriteEndArray();
    }

    /// <summary>A payload that does not fit its schema; <paramref name="payload"/> is where in the body it stands.</summary>
    public static Task WriteUnfitAsync(HttpResponse response, IReadOnlyList<SchemaFault> faults, string[] payload) =>
        WriteAsync(response, StatusCodes.Status422UnprocessableEntity,
            (writer, asProblem) => WriteFaults(writer, asProblem, list => WriteUnfit(writer, faults, payload, list)));

    /// <summary>Writes the field <c>detail</c> of an answer about such a payload.</summary>
    public static void WriteUnfit(Utf8JsonWriter writer, IReadOnlyList<SchemaFault> faults, string[] payload, string list = "detail")
    {
        writer.WriteStartArray(list);
        foreach (var fault in faults)
            WriteError(writer, ["body", .. payload, .. fault.Path], fault.Message, ValueError);
        writer.WriteEndArray();
    }

    private static void WriteError(Utf8JsonWriter writer, FieldError error, string type)
    {
        var steps = error.Field.Split('.', StringSplitOptions.RemoveEmptyEntries);
        WriteError(writer, steps is [var first, ..] && OtherParts.Contains(first) ? steps : ["body", .. steps], error.Message, type);
    }

    private static void WriteError(Utf8JsonWriter writer, string[] location, string message, string type)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("loc");
        foreach (var step in location)
            writer.WriteStringValue(step);
        writer.WriteEndArray();
        writer.WriteString("msg", message);
        writer.WriteString("type", type);
        writer.WriteEndObject();
    }

    // In problem details `detail` is a sentence, so the faults stand under a name of their own.
    private static void WriteFaults(Utf8JsonWriter writer, bool asProblem, Action<string> write)
    {
        if (!asProblem)
        {
            write("detail");
            return;
        }
        writer.WriteString("code", "invalid_input");
        writer.WriteString("detail", "Fields do not fit; 'errors' names them.");
        write("errors");
    }

    private static async Task WriteAsync(HttpResponse response, int status, Action<Utf8JsonWriter, bool> write)
    {
        var asProblem = response.HttpContext.Request.Headers.Accept.Any(accepted => accepted?.Contains(ProblemMediaType, StringComparison.OrdinalIgnoreCase) == true);
        response.StatusCode = status;
        response.ContentType = asProblem ? ProblemMediaType : JsonReply.MediaType;
        response.Headers.XContentTypeOptions = "nosniff";
        await using (var writer = new Utf8JsonWriter(response.BodyWriter, JsonReply.Plain))
        {
            writer.WriteStartObject();
            if (asProblem)
            {
                writer.WriteString("type", "about:blank");
                writer.WriteString("title", ReasonPhrases.GetReasonPhrase(status));
                writer.WriteNumber("status", status);
            }
            write(writer, asProblem);
            writer.WriteEndObject();
        }
        await response.CompleteAsync();
    }
}
