using System.Text.Json;

namespace Grapnel.Server.Commands.Client;

/// <summary>Finds what an error answer of the API says for people.</summary>
internal static class ProblemText
{
    /// <summary>The member <c>detail</c>: a sentence, or a list of faults with their fields. Null when the answer has none.</summary>
    public static string? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("detail", out var detail))
                return null;
            return detail.ValueKind switch
            {
                JsonValueKind.String => detail.GetString(),
                JsonValueKind.Array => string.Join(" ", detail.EnumerateArray().Select(Fault)),
                _ => null,
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Fault(JsonElement fault)
    {
        if (fault.ValueKind != JsonValueKind.Object)
            return fault.ToString();
        var field = fault.TryGetProperty("loc", out var path) && path.ValueKind == JsonValueKind.Array
            ? string.Join('.', path.EnumerateArray().Select(step => step.ToString()).SkipWhile(step => step == "body")) + " "
            : "";
        return field + (fault.TryGetProperty("msg", out var message) ? message.ToString() : fault.ToString());
    }
}
