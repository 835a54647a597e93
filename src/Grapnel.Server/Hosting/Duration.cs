using System.Globalization;

namespace Grapnel.Server.Hosting;

/// <summary>
/// Durations as people write them: a number with a unit (<c>250ms</c>, <c>1.5s</c>, <c>5m</c>, <c>24h</c>, <c>90d</c>), several of them in a row
/// (<c>1h30m</c>), <c>hh:mm:ss</c>, or a bare number of seconds. Not the platform's own parser, to which "5" means five days.
/// </summary>
internal static class Duration
{
    public const string Forms = "a duration like 250ms, 1.5s, 5m, 24h, 90d or hh:mm:ss";

    private static readonly (string Unit, double Milliseconds)[] Units =
        [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

    public static bool TryParse(string text, out TimeSpan value)
    {
        text = text.Trim();
        if (text.Contains(':'))
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out value) && value >= TimeSpan.Zero;
        if (TryNumber(text, out var seconds))
            return TryConvert(seconds * 1000, out value);
        return TryParts(text, out value);
    }

    public static string Format(TimeSpan value)
    {
        if (value == TimeSpan.Zero)
            return "0s";
        var unit = Units.Last(unit => value.TotalMilliseconds % unit.Milliseconds == 0 || unit.Milliseconds == 1);
        return (value.TotalMilliseconds / unit.Milliseconds).ToString(CultureInfo.InvariantCulture) + unit.Unit;
    }

    private static bool TryParts(ReadOnlySpan<char> text, out TimeSpan value)
    {
        value = default;
        var total = 0.0;
        if (text.IsEmpty)
            return false;
        while (text.Length > 0)
        {
            var digits = text.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !TryNumber(text[..digits], out var number))
                return false;
            text = text[digits..];
            var letters = text.IndexOfAny("0123456789.") is var next and >= 0 ? next : text.Length;
            var name = text[..letters].ToString();
            var unit = Array.Find(Units, unit => unit.Unit == name);
            if (unit.Unit is null)
                return false;
            total += number * unit.Milliseconds;
            text = text[letters..];
        }
        return TryConvert(total, out value);
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out double number) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);

    private static bool TryConvert(double milliseconds, out TimeSpan value)
    {
        var fits = milliseconds <= TimeSpan.FromDays(36_500).TotalMilliseconds;
        value = fits ? TimeSpan.FromMilliseconds(milliseconds) : default;
        return fits;
    }
}
