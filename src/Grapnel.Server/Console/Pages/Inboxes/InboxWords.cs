using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Grapnel.Server.Inboxes;

namespace Grapnel.Server.Console.Pages.Inboxes;

/// <summary>Test inboxes and what they caught, as people read it.</summary>
internal static class InboxWords
{
    /// <summary>What an endpoint is called that is made with an inbox.</summary>
    public const string Description = "Test inbox";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What an inbox answers, in a sentence.</summary>
    public static string Describe(InboxAnswer answer)
    {
        var after = answer.Delay == TimeSpan.Zero ? "" : $", each after {Words.Span(answer.Delay)}";
        return answer.FailFirst == 0
            ? $"{answer.Status} to every request{after}"
            : $"500 to the first {(answer.FailFirst == 1 ? "attempt" : $"{answer.FailFirst} attempts")} of each message, then {answer.Status}{after}";
    }

    /// <summary>What an endpoint is called, as far as somebody gave it a name.</summary>
    public static string NameOf(Endpoint endpoint) =>
        endpoint.Description.Length > 0 ? endpoint.Description : endpoint.Uid ?? Words.Shorten(endpoint.Id.ToString());

    /// <summary>Whether an answer says that a webhook was taken.</summary>
    public static bool IsTaken(int status) => status is >= 200 and < 300;

    /// <summary>How often the message of a request had come by then, this time included, as far as the inbox still has it.</summary>
    /// <param name="rows">What the inbox has, the newest first.</param>
    /// <param name="place">The place of the request among them.</param>
    public static int AttemptOf(IReadOnlyList<InboxRequestRow> rows, int place) =>
        rows[place].MessageId is { } message ? rows.Skip(place).Count(row => row.MessageId == message) : 1;

    /// <summary>A body with a line for each member; null when it is no JSON.</summary>
    public static string? Pretty(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return JsonSerializer.Serialize(json, Indented);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A body as text; what is no UTF-8 shows as replacement characters.</summary>
    public static string Raw(byte[] body) => Encoding.UTF8.GetString(body);
}
