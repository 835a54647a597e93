using System.Text.Json;
using Grapnel.Publishing.Schemas;

namespace Grapnel.Server.Api;

/// <summary>The bodies of error answers: <c>{code, detail}</c>, or for invalid input <c>{detail: [{loc, msg, type}]}</c> with status 422.</summary>
internal static class ErrorBody
{
    public const string JsonError = "value_error.jsondecode";
    private const string ValueError = "value_error";

    /// <summary>Parts of a request, other than its body, that a field can name as its first step.</summary>
    private static readonly string[] OtherParts = ["query", "path", "header"];

    public static Task WriteAsync(HttpResponse response, int status, string code, string detail) => WriteAsync(response, status, writer =>
    {
        writer.WriteString("code", code);
        writer.WriteString("detail", detail);
    });

    public static Task WriteInvalidAsync(HttpResponse response, IReadOnlyList<FieldError> errors, string type = ValueError) =>
        WriteAsync(response, StatusCodes.Status422UnprocessableEntity, writer => WriteErrors(writer, errors, type));

    /// <summary>Writes the field <c>detail</c> of an answer about invalid input.</summary>
    public static void WriteErrors(Utf8JsonWriter writer, IReadOnlyList<FieldError> errors, string type = ValueError)
    {
        writer.WriteStartArray("detail");
        foreach (var error in errors)
            WriteError(writer, error, type);
        writer.WriteEndArray();
    }

    /// <summary>A payload that does not fit its schema; <paramref name="payload"/> is where in the body it stands.</summary>
    public static Task WriteUnfitAsync(HttpResponse response, IReadOnlyList<SchemaFault> faults, string[] payload) =>
        WriteAsync(response, StatusCodes.Status422UnprocessableEntity, writer => WriteUnfit(writer, faults, payload));

    /// <summary>Writes the field <c>detail</c> of an answer about such a payload.</summary>
    public static void WriteUnfit(Utf8JsonWriter writer, IReadOnlyList<SchemaFault> faults, params string[] payload)
    {
        writer.WriteStartArray("detail");
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

    private static async Task WriteAsync(HttpResponse response, int status, Action<Utf8JsonWriter> write)
    {
        response.StatusCode = status;
        response.ContentType = "application/json";
        await using (var writer = new Utf8JsonWriter(response.BodyWriter))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }
        await response.CompleteAsync();
    }
}
