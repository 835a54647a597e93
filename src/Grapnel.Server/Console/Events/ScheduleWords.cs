using System.Globalization;

namespace Grapnel.Server.Console.Events;

/// <summary>When a schedule runs, in words.</summary>
internal static class ScheduleWords
{
    private static readonly string[] Days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    private static readonly string[] ShortDays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    /// <summary>"Every Monday at 09:00 UTC", "Every 5 min to 15 min, at random". An expression that has no short words is told as it is.</summary>
    public static string Of(Schedule schedule) => schedule.Cron is { } cron ? OfCron(cron) : OfInterval(schedule.MinInterval!.Value, schedule.MaxInterval!.Value);

    /// <summary>A random interval in words.</summary>
    public static string OfInterval(TimeSpan min, TimeSpan max) =>
        min == max ? $"Every {Words.Span(min)}" : $"Every {Words.Span(min)} to {Words.Span(max)}, at random";

    /// <summary>A cron expression in words.</summary>
    public static string OfCron(string cron) => cron.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) switch
    {
        ["*", "*", "*", "*", "*"] => "Every minute",
        [['*', '/', .. var step], "*", "*", "*", "*"] when IsNumber(step) => $"Every {step} min",
        [var minute, "*", "*", "*", "*"] when IsNumber(minute) => $"Every hour at {minute.PadLeft(2, '0')} min past",
        [var minute, var hour, "*", "*", "*"] when At(hour, minute) is { } at => $"Every day {at}",
        [var minute, var hour, "*", "*", var days] when At(hour, minute) is { } at && DaysOf(days) is { } named => $"Every {named} {at}",
        [var minute, var hour, var day, "*", "*"] when At(hour, minute) is { } at && IsNumber(day) => $"On day {day} of every month {at}",
        _ => $"{cron} (cron, UTC)",
    };

    private static string? At(string hour, string minute) =>
        IsNumber(hour) && IsNumber(minute) ? $"at {hour.PadLeft(2, '0')}:{minute.PadLeft(2, '0')} UTC" : null;

    private static string? DaysOf(string field)
    {
        if (field.Split('-') is [var from, var to] && DayOf(from) is { } first && DayOf(to) is { } last)
            return $"{first} to {last}";
        var days = field.Split(',').Select(DayOf).ToList();
        return days.Contains(null) ? null : string.Join(", ", days);
    }

    private static string? DayOf(string text) =>
        IsNumber(text) && int.Parse(text, CultureInfo.InvariantCulture) is >= 0 and <= 7 and var number ? Days[number]
        : Array.IndexOf(ShortDays, text.ToUpperInvariant()) is >= 0 and var named ? Days[named] : null;

    private static bool IsNumber(string text) => text.Length is 1 or 2 && text.All(char.IsAsciiDigit);
}
