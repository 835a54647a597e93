namespace Grapnel.Bench.Reporting;

/// <summary>One quantity, measured once per round.</summary>
/// <param name="Values">The measured values, at least one, in the order of the rounds.</param>
internal sealed record Series(IReadOnlyList<double> Values)
{
    public Series(params IEnumerable<double> values) : this([.. values]) { }

    public double Min => Values.Min();

    public double Max => Values.Max();

    public double Median
    {
        get
        {
            var sorted = Values.Order().ToArray();
            return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }
    }

    /// <summary>The ratio per round, never of averages: what slowed both sides of one round down cancels out.</summary>
    public static Series operator /(Series above, Series below) => new(above.Values.Zip(below.Values, (a, b) => a / b));
}
