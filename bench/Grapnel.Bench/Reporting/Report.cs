using System.Text;

namespace Grapnel.Bench.Reporting;

/// <summary>The results of one run, in Markdown.</summary>
/// <param name="heading">How it was measured.</param>
/// <param name="machine">What it was measured on.</param>
internal sealed class Report(string heading, IReadOnlyList<(string Name, string Value)> machine)
{
    private const string Begin = "<!-- results: begin -->";
    private const string End = "<!-- results: end -->";
    private readonly List<ReportPart> _parts = [];

    public bool AllMet => _parts.All(part => part.AllMet);

    public ReportPart LastPart => _parts[^1];

    public void Add(ReportPart part) => _parts.Add(part);

    /// <summary>Replaces what stands between the two markers of a document.</summary>
    public void WriteInto(string document)
    {
        var text = File.ReadAllText(document);
        var begin = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var end = text.IndexOf(End, StringComparison.Ordinal);
        if (begin < Begin.Length || end < begin)
            throw new BenchException($"{document} has no '{Begin}' followed by '{End}'.");
        File.WriteAllText(document, $"{text[..begin]}\n\n{ToMarkdown().Trim()}\n\n{text[end..]}");
    }

    private string ToMarkdown()
    {
        var text = new StringBuilder().AppendLine(heading).AppendLine();
        text.AppendLine(MarkdownTable.Of([["Machine", ""], .. machine.Select(line => new[] { line.Name, line.Value })]));
        foreach (var part in _parts)
            text.AppendLine($"### {part.Title}").AppendLine().AppendLine(part.ToString());
        return text.ToString();
    }
}
