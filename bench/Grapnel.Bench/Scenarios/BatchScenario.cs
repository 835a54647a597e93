using System.Diagnostics;
using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>Messages accepted per second one by one and in batches of a hundred, in turns; owed to nobody, so that accepting is all there is to do.</summary>
internal static class BatchScenario
{
    private const string EventType = "bench.batch";
    private const int Size = 100;
    private const int BatchPublishers = 8;

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        await using var server = await bench.StartServerAsync(cancel);
        await MeasureAsync(bench, server, PublishLoad.Message(EventType), bench.Options.Publishers, bench.Options.WarmUpSeconds, cancel);
        await MeasureAsync(bench, server, PublishLoad.Batch(EventType, Size), BatchPublishers, bench.Options.WarmUpSeconds, cancel);

        var (single, batch) = (new List<double>(), new List<double>());
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            single.Add(await MeasureAsync(bench, server, PublishLoad.Message(EventType), bench.Options.Publishers, bench.Options.Seconds, cancel));
            batch.Add(await MeasureAsync(bench, server, PublishLoad.Batch(EventType, Size), BatchPublishers, bench.Options.Seconds, cancel));
        }
        return
        [
            new Figure("Messages accepted per second, one by one", new Series(single)),
            new Figure($"Messages accepted per second, {Size} at a time", new Series(batch)),
            new Figure("Ratio", new Series(batch) / new Series(single)).AtLeast(3),
        ];
    }

    private static async Task<double> MeasureAsync(
        Workbench bench, GrapnelProcess server, PublishLoad load, int publishers, int seconds, CancellationToken cancel)
    {
        var start = Stopwatch.GetTimestamp();
        var messages = await bench.PublishAsync(server, load, publishers, seconds, cancel);
        return messages / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
