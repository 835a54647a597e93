using System.Globalization;

namespace Grapnel.Server.Commands;

/// <summary>Where a command writes for people: knows whether colours are wanted and how wide a line may be. Safe to share between threads.</summary>
internal sealed class Terminal(TextWriter output, bool colours, Func<int> width)
{
    private readonly Lock _lock = new();

    /// <summary>
    /// Standard output. Colours only on a terminal, and not when NO_COLOR is set (no-color.org). A file or pipe has no width; its lines
    /// are cut where a wide terminal would.
    /// </summary>
    public static Terminal Standard()
    {
        var interactive = !System.Console.IsOutputRedirected;
        var plain = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            || Environment.GetEnvironmentVariable("TERM") == "dumb";
        return new Terminal(System.Console.Out, interactive && !plain, () => interactive ? Math.Max(80, WindowWidth()) : 160);
    }

    /// <summary>Columns of a line.</summary>
    public int Width => width();

    public string Dim(string text) => Paint("2", text);

    public string Bold(string text) => Paint("1", text);

    public string Good(string text) => Paint("32", text);

    public string Warning(string text) => Paint("33", text);

    public string Bad(string text) => Paint("31", text);

    public string Accent(string text) => Paint("36", text);

    /// <summary>Writes lines that no other writer comes between.</summary>
    public void WriteLines(params ReadOnlySpan<string> lines)
    {
        lock (_lock)
        {
            foreach (var line in lines)
                output.WriteLine(line);
            output.Flush();
        }
    }

    /// <summary>
    /// Text from outside, fit for one line of a terminal: control characters, which could move the cursor or change its colours, become
    /// spaces, and what is too long is cut.
    /// </summary>
    public static string Clean(string text, int length)
    {
        var cut = text.Length > length ? string.Concat(text.AsSpan(0, Math.Max(0, length - 1)), "…") : text;
        return string.Create(cut.Length, cut, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = IsPrintable(source[i]) ? source[i] : ' ';
        });
    }

    // Format characters (Cf) hold the marks that turn the writing direction round.
    private static bool IsPrintable(char c) => !char.IsControl(c) && char.GetUnicodeCategory(c) != UnicodeCategory.Format;

    private string Paint(string code, string text) => colours ? $"\e[{code}m{text}\e[0m" : text;

    private static int WindowWidth()
    {
        try
        {
            return System.Console.WindowWidth;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
