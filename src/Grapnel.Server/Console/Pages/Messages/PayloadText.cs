using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Grapnel.Publishing;

namespace Grapnel.Server.Console.Pages.Messages;

/// <summary>A body as text.</summary>
/// <param name="Raw">As it is; null when it is no text.</param>
/// <param name="Pretty">The same with each value on a line of its own; null when it is not JSON.</param>
/// <param name="Length">Its bytes.</param>
public sealed record PayloadText(string? Raw, string? Pretty, int Length)
{
    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = PublishRules.MaxDepth };
    private static readonly JsonWriterOptions Writing = new() { Indented = true, MaxDepth = PublishRules.MaxDepth, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether it is no text.</summary>
    public bool IsBinary => Raw is null;

    /// <summary>Reads a body.</summary>
    public static PayloadText Of(ReadOnlyMemory<byte> bytes)
    {
        // No text has the character zero in it.
        var isText = Utf8.IsValid(bytes.Span) && !bytes.Span.Contains((byte)0);
        return new PayloadText(isText ? Encoding.UTF8.GetString(bytes.Span) : null, isText ? Prettify(bytes) : null, bytes.Length);
    }

    private static string? Prettify(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes, Reading);
            using var buffer = new MemoryStream();
            using (var writer = new Utf8JsonWriter(buffer, Writing))
                json.RootElement.WriteTo(writer);
            return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
