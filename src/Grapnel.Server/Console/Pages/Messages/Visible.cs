using System.Globalization;
using System.Text;

namespace Grapnel.Server.Console.Pages.Messages;

/// <summary>
/// What strangers wrote, so that nothing in it acts unseen: characters that turn the direction of text or draw nothing at all are shown by their
/// numbers. Marks and letters of every language stay as they are.
/// </summary>
internal static class Visible
{
    /// <summary>The text with what cannot be seen made visible. Line ends and tabs stay.</summary>
    public static string Text(string text) => text.Any(IsHidden) ? Escape(text) : text;

    private static string Escape(string text)
    {
        var shown = new StringBuilder(text.Length + 16);
        foreach (var c in text)
            _ = IsHidden(c) ? shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : shown.Append(c);
        return shown.ToString();
    }

    private static bool IsHidden(char c) => c switch
    {
        '\n' or '\r' or '\t' => false,
        // Bidirectional embeddings, overrides, isolates and marks (UAX #9), and the byte order mark.
        (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u200e' or '\u200f' or '\u061c' or '\ufeff' or '\u200b' => true,
        _ => char.IsControl(c),
    };
}
