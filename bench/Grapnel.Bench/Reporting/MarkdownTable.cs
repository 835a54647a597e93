using System.Text;

namespace Grapnel.Bench.Reporting;

/// <summary>A Markdown table that also reads well as plain text.</summary>
internal static class MarkdownTable
{
    /// <summary>Renders rows of equal length, the heading first.</summary>
    public static string Of(IReadOnlyList<string[]> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => Math.Max(3, row[column].Length))).ToArray();
        var rule = widths.Select(width => new string('-', width)).ToArray();
        var text = new StringBuilder();
        foreach (var row in (IEnumerable<string[]>)[rows[0], rule, .. rows.Skip(1)])
            text.AppendLine($"| {string.Join(" | ", row.Select((cell, column) => cell.PadRight(widths[column])))} |");
        return text.ToString();
    }
}
