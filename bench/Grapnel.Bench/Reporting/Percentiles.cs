namespace Grapnel.Bench.Reporting;

/// <summary>A distribution by nearest rank.</summary>
internal sealed class Percentiles(IEnumerable<double> samples)
{
    private readonly double[] _sorted = [.. samples.Order()];

    public int Count => _sorted.Length;

    public double P50 => At(0.50);

    public double P99 => At(0.99);

    public double Max => At(1);

    private double At(double rank) => _sorted[Math.Clamp((int)Math.Ceiling(rank * _sorted.Length) - 1, 0, _sorted.Length - 1)];
}
