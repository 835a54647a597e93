using Cronos;

namespace Grapnel.Housekeeping;

/// <summary>When a schedule is due, and whether its fields make sense. Pure; all times are UTC, so daylight saving plays no part.</summary>
internal static class ScheduleCalendar
{
    /// <summary>The shortest random interval: the loop that runs schedules is no load generator.</summary>
    public static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(1);

    /// <summary>The longest random interval.</summary>
    public static readonly TimeSpan LongestInterval = TimeSpan.FromDays(366);

    /// <summary>The next time of a schedule that has none left: no clock gets there.</summary>
    public static readonly DateTimeOffset Never = new(9999, 12, 31, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The first occurrence after a time, in whole milliseconds as the store keeps them.</summary>
    /// <param name="schedule">A schedule whose fields <see cref="Validate"/> accepts.</param>
    /// <param name="after">The occurrence is later than this.</param>
    /// <param name="random">A number in [0, 1), for a random interval.</param>
    public static DateTimeOffset Next(Schedule schedule, DateTimeOffset after, double random)
    {
        if (schedule.Cron is { } cron)
            return NextOf(ParseCron(cron), after) ?? Never;
        var (min, max) = (schedule.MinInterval!.Value, schedule.MaxInterval!.Value);
        var next = after + min + (max - min) * random;
        return DateTimeOffset.FromUnixTimeMilliseconds(next.ToUnixTimeMilliseconds());
    }

    /// <summary>The first occurrences of a cron expression after a time; fewer when it has no more.</summary>
    /// <param name="cron">An expression that <see cref="Validate"/> accepts.</param>
    /// <param name="after">All are later than this.</param>
    /// <param name="count">How many at most.</param>
    public static IReadOnlyList<DateTimeOffset> Upcoming(string cron, DateTimeOffset after, int count)
    {
        var (expression, upcoming) = (ParseCron(cron), new List<DateTimeOffset>(count));
        while (upcoming.Count < count && NextOf(expression, upcoming is [.., var last] ? last : after) is { } next)
            upcoming.Add(next);
        return upcoming;
    }

    /// <summary>Every field at fault: exactly one of cron expression and interval, and that one usable from a time on.</summary>
    public static IReadOnlyList<FieldError> Validate(string? cron, TimeSpan? minInterval, TimeSpan? maxInterval, DateTimeOffset after) =>
        (cron, minInterval, maxInterval) switch
        {
            (null, null, null) => [new("cron", "Give a cron expression, or minInterval and maxInterval.")],
            ({ } text, null, null) => ValidateCron(text, after),
            (null, { } min, { } max) => ValidateInterval(min, max),
            (null, null, _) => [new("minInterval", "Give minInterval together with maxInterval.")],
            (null, _, null) => [new("maxInterval", "Give maxInterval together with minInterval.")],
            _ => [new("cron", "Give either a cron expression or an interval, not both.")],
        };

    private static IReadOnlyList<FieldError> ValidateCron(string cron, DateTimeOffset after)
    {
        try
        {
            return NextOf(ParseCron(cron), after) is null
                ? [new("cron", "This expression never occurs; check its day and month.")]
                : [];
        }
        catch (CronFormatException e)
        {
            return [new("cron", $"Not a cron expression of five fields, or six with seconds: {e.Message}")];
        }
        catch (MissingSeedException)
        {
            return [new("cron", "Hashed fields (H) are not supported; name a value, or use a random interval.")];
        }
    }

    private static List<FieldError> ValidateInterval(TimeSpan min, TimeSpan max)
    {
        var errors = new List<FieldError>();
        if (min < ShortestInterval)
            errors.Add(new("minInterval", "Must be at least 1 second."));
        if (max < min)
            errors.Add(new("maxInterval", "Must not be shorter than minInterval."));
        if (max > LongestInterval)
            errors.Add(new("maxInterval", "Must be at most 366 days."));
        return errors;
    }

    private static CronExpression ParseCron(string cron)
    {
        var fields = cron.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
        return CronExpression.Parse(cron, fields == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard);
    }

    private static DateTimeOffset? NextOf(CronExpression cron, DateTimeOffset after) =>
        cron.GetNextOccurrence(after.UtcDateTime) is { } next ? new DateTimeOffset(next) : null;
}
