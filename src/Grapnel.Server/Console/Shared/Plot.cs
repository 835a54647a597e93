using System.Globalization;
using System.Text;

namespace Grapnel.Server.Console.Shared;

/// <summary>Geometry of charts, as the text of SVG paths: one string for a whole line or all bars of a colour is quick to compare and to send.</summary>
internal static class Plot
{
    /// <summary>The height of every plot, in its own units. The browser stretches it.</summary>
    public const double Height = 100;

    // What is there must be seen, however little it is beside the rest.
    private const double LeastBar = 2;

    /// <summary>The top of an axis: the next number of the kind 2, 4, 6, 8, 10, 20 …, so that its half is a round number too.</summary>
    public static double Ceiling(double max)
    {
        var unit = Math.Pow(10, Math.Max(0, Math.Ceiling(Math.Log10(Math.Max(1, max))) - 1));
        return Math.Max(2, Math.Ceiling(max / unit / 2) * 2) * unit;
    }

    /// <summary>All bars of one colour, each standing on what lies below it.</summary>
    /// <param name="below">How high each pile is already; raised by what is added.</param>
    /// <param name="heights">What each bar adds, in units of the axis.</param>
    /// <param name="top">The top of the axis.</param>
    public static string Bars(double[] below, IReadOnlyList<long> heights, double top)
    {
        var path = new StringBuilder();
        for (var i = 0; i < below.Length; i++)
        {
            if (heights[i] == 0)
                continue;
            var height = Math.Max(LeastBar, heights[i] / top * Height);
            path.Append(CultureInfo.InvariantCulture, $"M{i + .1:0.#} {Height - below[i]:0.##}v{-height:0.##}h.8v{height:0.##}z");
            below[i] += height;
        }
        return path.ToString();
    }

    /// <summary>A line through the middle of each span; it is broken where there is nothing, and a span alone gets a line of its own width.</summary>
    public static string Line(IReadOnlyList<double?> values, double top)
    {
        var path = new StringBuilder();
        for (var i = 0; i < values.Count; i++)
        {
            if (values[i] is not { } value)
                continue;
            var (follows, leads) = (i > 0 && values[i - 1] is not null, i + 1 < values.Count && values[i + 1] is not null);
            var y = Height - value / top * Height;
            path.Append(follows || leads
                ? string.Create(CultureInfo.InvariantCulture, $"{(follows ? 'L' : 'M')}{i + .5:0.#} {y:0.##}")
                : string.Create(CultureInfo.InvariantCulture, $"M{i + .1:0.#} {y:0.##}h.8"));
        }
        return path.ToString();
    }
}
