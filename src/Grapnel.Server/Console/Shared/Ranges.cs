using Grapnel.Reporting;

namespace Grapnel.Server.Console.Shared;

/// <summary>How ranges of charts stand in addresses and in words.</summary>
public static class Ranges
{
    /// <summary>All ranges, the shortest first.</summary>
    public static IReadOnlyList<StatisticsRange> All { get; } = [StatisticsRange.Hour, StatisticsRange.Day, StatisticsRange.Week, StatisticsRange.Month];

    /// <summary>The range that an address names; the last hour when it names none.</summary>
    public static StatisticsRange Parse(string? code) => All.FirstOrDefault(range => CodeOf(range) == code);

    /// <summary>The word for <c>?range=</c>.</summary>
    public static string CodeOf(StatisticsRange range) => range switch
    {
        StatisticsRange.Hour => "1h",
        StatisticsRange.Day => "24h",
        StatisticsRange.Week => "7d",
        _ => "30d",
    };

    /// <summary>As a button says it: "24 h".</summary>
    public static string ShortOf(StatisticsRange range) => CodeOf(range).Insert(CodeOf(range).Length - 1, " ");

    /// <summary>In the middle of a sentence: "the last 24 hours".</summary>
    public static string WordsOf(StatisticsRange range) => range switch
    {
        StatisticsRange.Hour => "the last hour",
        StatisticsRange.Day => "the last 24 hours",
        StatisticsRange.Week => "the last 7 days",
        _ => "the last 30 days",
    };
}
