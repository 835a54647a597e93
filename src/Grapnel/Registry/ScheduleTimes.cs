using Cronos;

namespace Grapnel.Registry;

/// <summary>When a schedule publishes next: pure arithmetic on its cron expression or its interval.</summary>
internal static class ScheduleTimes
{
    /// <summary>The first time after <paramref name="after"/>; null when a cron expression never comes true again.</summary>
    public static DateTimeOffset? Next(
        string? cron, TimeSpan? minInterval, TimeSpan? maxInterval, DateTimeOffset after, Random random)
    {
        if (cron is not null)
            return TryParse(cron)?.GetNextOccurrence(after, TimeZoneInfo.Utc);
        var (shortest, longest) = (minInterval ?? maxInterval!.Value, maxInterval ?? minInterval!.Value);
        return after + shortest + random.NextDouble() * (longest - shortest);
    }

    /// <summary>The next time of a schedule after <paramref name="after"/>, or null when there is none.</summary>
    public static DateTimeOffset? Next(Schedule schedule, DateTimeOffset after, Random random) =>
        Next(schedule.Cron, schedule.MinInterval, schedule.MaxInterval, after, random);

    internal static CronExpression? TryParse(string cron)
    {
        var fields = cron.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Length;
        var format = fields == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard;
        return CronExpression.TryParse(cron, format, out var expression) ? expression : null;
    }
}
