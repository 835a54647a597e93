using System.Globalization;

namespace Grapnel.Server.Console.Portal;

/// <summary>
/// The colours of the portal that are made from the operator's one. Whatever it is, text in it and text on it have the contrast that WCAG 2.2 asks
/// for (1.4.3, 4.5 to 1): it becomes darker where the theme is light, and lighter where it is dark, but no more than that takes.
/// </summary>
internal static class PortalColours
{
    private const double LeastContrast = 4.5;
    private const double Step = 0.04;
    private const double SoftShare = 0.12;
    private const double HoverShare = 0.18;
    private static readonly Rgb Black = new(0, 0, 0);
    private static readonly Rgb White = new(255, 255, 255);

    // The backgrounds of console.css that text may stand on.
    private static readonly Rgb[] LightGrounds = [Rgb.Parse("#ffffff"), Rgb.Parse("#f6f7f8"), Rgb.Parse("#f0f2f4")];
    private static readonly Rgb[] DarkGrounds = [Rgb.Parse("#161e22"), Rgb.Parse("#0f1518"), Rgb.Parse("#1c262b")];

    /// <summary>A stylesheet for both themes.</summary>
    /// <param name="colour">The colour, as <c>#rrggbb</c>.</param>
    public static string Stylesheet(string colour) =>
        Rule(":root", Rgb.Parse(colour), LightGrounds, Black) + Rule("html[data-theme=dark]", Rgb.Parse(colour), DarkGrounds, White);

    private static string Rule(string selector, Rgb colour, Rgb[] grounds, Rgb away)
    {
        var accent = Readable(colour, grounds, away);
        var on = accent.ContrastTo(White) >= accent.ContrastTo(Black) ? White : Black;
        var hover = Hover(accent, on);
        return $"{selector} {{ --accent: {accent}; --accent-hover: {hover}; --accent-soft: {Soft(accent, grounds[0])}; --on-accent: {on}; "
            + $"--mud-palette-primary: {accent}; --mud-palette-primary-text: {on}; --mud-palette-primary-darken: {hover}; --mud-palette-primary-lighten: {hover}; }}\n";
    }

    private static Rgb Readable(Rgb colour, Rgb[] grounds, Rgb away)
    {
        for (var share = 0.0; share < 1; share += Step)
            if (colour.Mixed(away, share) is var mixed && grounds.Append(Soft(mixed, grounds[0])).All(ground => mixed.ContrastTo(ground) >= LeastContrast))
                return mixed;
        return away;
    }

    private static Rgb Soft(Rgb accent, Rgb ground) => ground.Mixed(accent, SoftShare);

    // Away from the text that stands on it.
    private static Rgb Hover(Rgb accent, Rgb on) => accent.Mixed(on == White ? Black : White, HoverShare);

    internal readonly record struct Rgb(double R, double G, double B)
    {
        public static Rgb Parse(string text)
        {
            var bits = int.Parse(text.AsSpan(1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            return new Rgb(bits >> 16 & 255, bits >> 8 & 255, bits & 255);
        }

        public Rgb Mixed(Rgb other, double share) => new(Mix(R, other.R, share), Mix(G, other.G, share), Mix(B, other.B, share));

        /// <summary>The contrast ratio of WCAG 2.2, 1 to 21.</summary>
        public double ContrastTo(Rgb other)
        {
            var (a, b) = (Luminance, other.Luminance);
            return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
        }

        public override string ToString() => $"#{(int)R:x2}{(int)G:x2}{(int)B:x2}";

        private double Luminance => 0.2126 * Linear(R) + 0.7152 * Linear(G) + 0.0722 * Linear(B);

        private static double Linear(double part) => part / 255 <= 0.04045 ? part / 255 / 12.92 : Math.Pow((part / 255 + 0.055) / 1.055, 2.4);

        private static double Mix(double from, double to, double share) => Math.Round(from + (to - from) * share);
    }
}
