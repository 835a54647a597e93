using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Grapnel.Server.Console.Events;

/// <summary>JSON as people type it.</summary>
internal static class JsonText
{
    /// <summary>As deep as payloads may be.</summary>
    public static readonly JsonDocumentOptions Reading = new() { MaxDepth = 256 };
    private static readonly JsonWriterOptions Writing = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 256 };

    /// <summary>Where and why a text is not JSON, in one sentence; null when it is.</summary>
    public static string? FaultOf(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text, Reading);
            return null;
        }
        catch (JsonException fault)
        {
            return $"{PlaceOf(fault, text)}: {ReasonOf(fault)}";
        }
        catch (ArgumentException)
        {
            return "The text has half a character in it: an unpaired surrogate.";
        }
    }

    /// <summary>The same JSON over several lines; a text that is not JSON comes back as it is.</summary>
    public static string Format(string text)
    {
        if (FaultOf(text) is not null)
            return text;
        using var json = JsonDocument.Parse(text, Reading);
        return Format(json.RootElement);
    }

    /// <summary>JSON over several lines.</summary>
    public static string Format(JsonElement json) => Write(json.WriteTo);

    /// <summary>What is written, over several lines.</summary>
    public static string Write(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Writing))
            write(writer);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    // The reader counts from nought, and bytes where people count characters.
    private static string PlaceOf(JsonException fault, string text)
    {
        var line = (int)(fault.LineNumber ?? 0);
        var bytes = Encoding.UTF8.GetBytes(text.Split('\n').ElementAtOrDefault(line) ?? "");
        var before = (int)Math.Min(fault.BytePositionInLine ?? 0, bytes.Length);
        return $"Line {line + 1}, position {Encoding.UTF8.GetCharCount(bytes, 0, before) + 1}";
    }

    private static string ReasonOf(JsonException fault)
    {
        var end = fault.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? fault.Message : fault.Message[..end];
    }
}
