using System.Diagnostics;
using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>
/// How long a publish takes while the sweep removes a long history, and without one; and how much the file grows while as many messages are accepted as were
/// removed. On SQLite, where sweep and publishes share one writer. The history is old because the second server is told to keep it for a minute.
/// </summary>
internal static class RetentionScenario
{
    private const string Live = "bench.live";
    private const double MostMs = 200;
    private const double MostGrowth = 1.1;
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        if (bench.Options.Store != StoreChoice.Sqlite)
            throw new BenchException("'retention' is measured on SQLite.");
        await using var sink = await bench.StartSinkAsync(cancel);
        var data = bench.NewFolder("retention");
        var history = await LongHistory.FillAsync(data, bench.Options.Messages, cancel);
        var filled = Stopwatch.GetTimestamp();
        var without = await MeasureWithoutAsync(bench, data, sink, cancel);
        while (Stopwatch.GetElapsedTime(filled) < Kept)
            await Task.Delay(Poll, TimeProvider.System, cancel);
        var size = SizeOf(data);

        await using var server = await bench.StartServerAsync(
            data, cancel, ("GRAPNEL_RETENTION__MESSAGES", "1m"), ("GRAPNEL_RETENTION__INTERVAL", "1s"));
        var (times, start) = (new List<double>(), Stopwatch.GetTimestamp());
        do
            times.AddRange(await PublishAsync(bench, server, cancel));
        while (await server.Api.AnyMessageAsync(history.Application, cancel) && Stopwatch.GetElapsedTime(start) < Patience);
        var took = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await bench.FillAsync(server, Live, bench.Options.Messages, cancel);
        while (server.Pending > 0)
            await Task.Delay(Poll, TimeProvider.System, cancel);

        var (before, beside) = (new Percentiles(without), new Percentiles(times));
        return
        [
            new Figure("Messages removed, with three attempts each", bench.Options.Messages),
            new Figure("Removed per second, at least", bench.Options.Messages / took),
            new Figure("Publish p99 without a sweep", before.P99, "ms"),
            new Figure("Publish p99 beside one", beside.P99, "ms").AtMost(MostMs),
            new Figure("Longest publish beside one", beside.Max, "ms"),
            new Figure("Ratio of p99, beside one to without", beside.P99 / before.P99),
            new Figure("Size of the file with as many new messages, to that before", SizeOf(data) / size).AtMost(MostGrowth),
        ];
    }

    private static async Task<double[]> MeasureWithoutAsync(Workbench bench, string data, Sink sink, CancellationToken cancel)
    {
        await using var server = await bench.StartServerAsync(data, cancel);
        await server.Api.CreateEventTypeAsync(Live, cancel);
        await server.Api.CreateEndpointAsync(sink.Url, Live, cancel);
        await PublishAsync(bench, server, cancel);
        return await PublishAsync(bench, server, cancel);
    }

    private static Task<double[]> PublishAsync(Workbench bench, GrapnelProcess server, CancellationToken cancel) =>
        Pace.RunAsync(bench.Options.SteadyRate, bench.Options.Seconds, async n =>
        {
            var start = Stopwatch.GetTimestamp();
            return await server.Api.TryTriggerAsync(Live, Body.Bytes, cancel)
                ? Stopwatch.GetElapsedTime(start).TotalMilliseconds
                : throw new BenchException("A publish was refused.");
        }, cancel);

    private static double SizeOf(string data) => new FileInfo(Path.Combine(data, "grapnel.db")).Length;
}
