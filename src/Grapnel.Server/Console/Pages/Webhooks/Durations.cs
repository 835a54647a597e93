using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Grapnel.Server.Console.Pages.Webhooks;

/// <summary>Durations as people type them into one line: "5s, 5m, 2h, 1d". A number without a unit is seconds.</summary>
internal static partial class Durations
{
    private static readonly (string Unit, TimeSpan Span)[] Units =
        [("d", TimeSpan.FromDays(1)), ("h", TimeSpan.FromHours(1)), ("m", TimeSpan.FromMinutes(1)), ("s", TimeSpan.FromSeconds(1))];

    /// <summary>Writes durations, each in the largest unit that holds it whole.</summary>
    public static string Format(IEnumerable<TimeSpan> spans) => string.Join(", ", spans.Select(Format));

    /// <summary>Writes one duration.</summary>
    public static string Format(TimeSpan span)
    {
        var (unit, width) = Array.Find(Units, unit => span >= unit.Span && span.Ticks % unit.Span.Ticks == 0);
        return unit is null
            ? span.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture) + "s"
            : (span.Ticks / width.Ticks).ToString(CultureInfo.InvariantCulture) + unit;
    }

    /// <summary>Reads durations with commas between them; when one does not fit, says which and what would be right.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out IReadOnlyList<TimeSpan>? spans, [NotNullWhen(false)] out string? fault)
    {
        var parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var read = Array.ConvertAll(parts, Parse);
        var bad = Array.FindIndex(read, span => span is null);
        spans = bad < 0 ? [.. read.Select(span => span!.Value)] : null;
        fault = bad < 0 ? null : $"'{parts[bad]}' is no duration. Write them like 5s, 30m, 2h or 1d, with commas between.";
        return fault is null;
    }

    private static TimeSpan? Parse(string text)
    {
        if (Form().Match(text) is not { Success: true } match
            || !double.TryParse(match.Groups["count"].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
            return null;
        var width = Array.Find(Units, unit => unit.Unit == match.Groups["unit"].Value.ToLowerInvariant()).Span;
        var ticks = count * (width == TimeSpan.Zero ? TimeSpan.FromSeconds(1) : width).Ticks;
        return ticks < TimeSpan.MaxValue.Ticks ? TimeSpan.FromTicks((long)ticks) : null;
    }

    [GeneratedRegex(@"^(?<count>\d{1,9}(\.\d{1,3})?)\s*((?<unit>[smhd])(ec|in|ours?|ays?)?)?$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
