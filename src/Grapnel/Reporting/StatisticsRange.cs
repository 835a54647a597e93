namespace Grapnel.Reporting;

/// <summary>How far back a chart reaches.</summary>
public enum StatisticsRange
{
    /// <summary>The last hour.</summary>
    Hour,

    /// <summary>The last 24 hours.</summary>
    Day,

    /// <summary>The last 7 days.</summary>
    Week,

    /// <summary>The last 30 days.</summary>
    Month,
}

/// <summary>The spans of time into which a range is divided. The last one is still going on.</summary>
/// <param name="Since">When the first begins.</param>
/// <param name="Width">How long each lasts.</param>
/// <param name="Count">How many there are.</param>
internal readonly record struct Spans(DateTimeOffset Since, TimeSpan Width, int Count)
{
    /// <summary>When the last one ends.</summary>
    public DateTimeOffset Until => Since + Count * Width;

    /// <summary>For one chart: 60 minutes, 96 quarters of an hour, 84 times 2 hours, or 60 times 12 hours.</summary>
    public static Spans ForChart(StatisticsRange range, DateTimeOffset now) => range switch
    {
        StatisticsRange.Hour => Before(now, TimeSpan.FromMinutes(1), 60),
        StatisticsRange.Day => Before(now, TimeSpan.FromMinutes(15), 96),
        StatisticsRange.Week => Before(now, TimeSpan.FromHours(2), 84),
        _ => Before(now, TimeSpan.FromHours(12), 60),
    };

    /// <summary>For a small line beside each endpoint of a list: as for a chart, but a day is read by the hour.</summary>
    public static Spans ForLine(StatisticsRange range, DateTimeOffset now) =>
        range == StatisticsRange.Day ? Before(now, TimeSpan.FromHours(1), 24) : ForChart(range, now);

    private static Spans Before(DateTimeOffset now, TimeSpan width, int count)
    {
        var current = new DateTimeOffset(now.UtcTicks - (now - DateTimeOffset.UnixEpoch).Ticks % width.Ticks, TimeSpan.Zero);
        return new Spans(current - (count - 1) * width, width, count);
    }
}
