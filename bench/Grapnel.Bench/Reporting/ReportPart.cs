namespace Grapnel.Bench.Reporting;

/// <summary>The figures of one scenario.</summary>
/// <param name="Title">What was asked.</param>
/// <param name="Figures">What was measured.</param>
/// <param name="Failure">Why nothing was, or null.</param>
internal sealed record ReportPart(string Title, IReadOnlyList<Figure> Figures, string? Failure = null)
{
    public bool AllMet => Failure is null && Figures.All(figure => figure.Met != false);

    public override string ToString() => Failure is not null
        ? $"**not measured**: {Failure}"
        : MarkdownTable.Of([["Figure", "Measured", "Limit", ""], .. Figures.Select(f => new[] { f.Name, f.Value, f.Limit, Mark(f) })]);

    private static string Mark(Figure figure) => figure.Met switch { true => "met", false => "**missed**", null => "" };
}
