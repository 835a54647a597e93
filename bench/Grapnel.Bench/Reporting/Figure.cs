using System.Globalization;

namespace Grapnel.Bench.Reporting;

/// <summary>One line of the results: what was measured, and where it matters, the limit it is held to.</summary>
internal sealed record Figure(string Name, Series Measured, string Unit = "")
{
    private double? _atLeast;
    private double? _atMost;

    public Figure(string name, double measured, string unit = "") : this(name, new Series(measured), unit) { }

    /// <summary>Whether the median keeps to the limit; null for a figure without one.</summary>
    public bool? Met =>
        _atLeast is { } floor ? Measured.Median >= floor :
        _atMost is { } ceiling ? Measured.Median <= ceiling : null;

    public string Limit =>
        _atLeast is { } floor ? $">= {Text(floor)}{Suffix}" :
        _atMost is { } ceiling ? $"<= {Text(ceiling)}{Suffix}" : "";

    public string Value => Measured.Values.Count == 1
        ? $"{Text(Measured.Median)}{Suffix}"
        : $"{Text(Measured.Median)}{Suffix} ({Text(Measured.Min)} - {Text(Measured.Max)})";

    private string Suffix => Unit.Length == 0 ? "" : " " + Unit;

    public Figure AtLeast(double limit) => this with { _atLeast = limit };

    public Figure AtMost(double limit) => this with { _atMost = limit };

    /// <summary>Whole numbers as they are; of others three significant digits, which is as many as a benchmark has.</summary>
    private static string Text(double value) => value.ToString(
        value == Math.Round(value) ? "N0" : Math.Abs(value) switch { >= 100 => "N0", >= 10 => "0.0", >= 0.1 => "0.00", _ => "0.0000" },
        CultureInfo.InvariantCulture);
}
