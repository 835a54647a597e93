using System.Globalization;

namespace Grapnel.Server.Console;

/// <summary>Times, sizes and counts as people read them.</summary>
internal static class Words
{
    private static readonly (string Name, double Seconds)[] Units = [("day", 86_400), ("hour", 3600), ("min", 60), ("s", 1)];

    /// <summary>How long ago, or in how long: "5 min ago", "in 2 hours". <c>console.js</c> goes on from there in the same words.</summary>
    public static string Ago(DateTimeOffset at, DateTimeOffset now)
    {
        var span = now - at;
        if (Math.Abs(span.TotalSeconds) < 5)
            return span < TimeSpan.Zero ? "now" : "just now";
        return span < TimeSpan.Zero ? $"in {Largest(-span)}" : $"{Largest(span)} ago";
    }

    /// <summary>In how long, in two units: "in 4 min 10 s". <c>console.js</c> counts down from there in the same words.</summary>
    public static string Until(DateTimeOffset at, DateTimeOffset now) => at - now < TimeSpan.FromSeconds(1) ? "now" : $"in {Span(at - now)}";

    /// <summary>A span in its two largest units: "4 min 10 s".</summary>
    public static string Span(TimeSpan span)
    {
        if (span < TimeSpan.FromSeconds(1))
            return $"{span.TotalMilliseconds:0} ms";
        var largest = Array.FindIndex(Units, unit => span.TotalSeconds >= unit.Seconds);
        var first = Math.Floor(span.TotalSeconds / Units[largest].Seconds);
        var rest = largest + 1 < Units.Length ? Math.Floor((span.TotalSeconds - first * Units[largest].Seconds) / Units[largest + 1].Seconds) : 0;
        return Counted(first, Units[largest].Name) + (rest > 0 ? " " + Counted(rest, Units[largest + 1].Name) : "");
    }

    /// <summary>Milliseconds as a duration: "8 ms", "1.2 s".</summary>
    public static string Milliseconds(double ms) => ms < 1000
        ? $"{ms:0} ms"
        : (ms / 1000).ToString(ms < 10_000 ? "0.0" : "0", CultureInfo.InvariantCulture) + " s";

    /// <summary>A size in bytes: "312 B", "4.2 KiB".</summary>
    public static string Size(long bytes) => bytes switch
    {
        < 1024 => $"{bytes} B",
        < 1024 * 1024 => FormattableString.Invariant($"{bytes / 1024.0:0.#} KiB"),
        _ => FormattableString.Invariant($"{bytes / 1048576.0:0.#} MiB"),
    };

    /// <summary>A number with its thousands apart.</summary>
    public static string Number(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>A number in the space of an axis: "40", "1.5 k", "2 M".</summary>
    public static string Compact(double number) => number switch
    {
        < 1000 => number.ToString("0.#", CultureInfo.InvariantCulture),
        < 1_000_000 => (number / 1000).ToString("0.#", CultureInfo.InvariantCulture) + " k",
        _ => (number / 1_000_000).ToString("0.#", CultureInfo.InvariantCulture) + " M",
    };

    /// <summary>A number and what is counted: "1 endpoint", "3 endpoints".</summary>
    public static string Count(long number, string one, string? many = null) => $"{Number(number)} {(number == 1 ? one : many ?? one + "s")}";

    /// <summary>Some words in a row: "a", "a and b", "a, b and c".</summary>
    public static string Listed(IReadOnlyList<string> words) =>
        words.Count < 2 ? string.Join("", words) : $"{string.Join(", ", words.Take(words.Count - 1))} and {words[^1]}";

    /// <summary>A rate: "0.3", "12", "1,250".</summary>
    public static string Rate(double perSecond) => perSecond is > 0 and < 10
        ? perSecond.ToString("0.0", CultureInfo.InvariantCulture)
        : Number((long)Math.Round(perSecond));

    /// <summary>A share in percent, never rounded up to 100: "99.97 %".</summary>
    public static string Percent(double share) => share >= 1
        ? "100 %"
        : (Math.Floor(share * 10_000) / 100).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    /// <summary>An id or URL with its middle left out.</summary>
    public static string Shorten(string text, int length = 18) => text.Length <= length
        ? text
        : string.Concat(text.AsSpan(0, length - 7), "…", text.AsSpan(text.Length - 6));

    private static string Largest(TimeSpan span)
    {
        var (name, seconds) = Array.Find(Units, unit => span.TotalSeconds >= unit.Seconds);
        return Counted(Math.Floor(span.TotalSeconds / seconds), name);
    }

    // Abbreviations have no plural.
    private static string Counted(double count, string unit) =>
        FormattableString.Invariant($"{count} {unit}") + (count > 1 && unit is "day" or "hour" && count > 1 ? "s" : "");
}
