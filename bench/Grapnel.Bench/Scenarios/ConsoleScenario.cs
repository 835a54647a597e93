using System.Diagnostics;
using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>
/// How soon the first page is there, and what a page that is open and live costs the pipeline: the same stretch of full load with and without it, in
/// turns. The browser runs on the same machine and takes its share of the processors; the server's own CPU per event is what the page costs.
/// </summary>
internal static class ConsoleScenario
{
    private const string Heard = "bench.heard";
    private const string LivePage = "/messages";
    private const int Rate = 1_000;

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        var cold = new List<double>();
        for (var round = 0; round < bench.Options.Rounds; round++)
            cold.Add(await FirstPageAsync(bench, cancel));
        await using var sink = await bench.StartSinkAsync(cancel);
        await using var server = await bench.StartServerWithConsoleAsync(cancel);
        await server.Api.CreateEventTypeAsync(Heard, cancel);
        await server.Api.CreateEndpointAsync(sink.Url, Heard, cancel);
        await bench.MeasureFlowAsync(server, Heard, 1, bench.Options.WarmUpSeconds, cancel);
        return [new Figure("First page, after the start", new Series(cold), "ms").AtMost(1000), .. await CostAsync(bench, server, cancel), .. await SteadyAsync(bench, cancel)];
    }

    // The page that a person who starts the server opens first, whole, from a server that has shown none yet.
    private static async Task<double> FirstPageAsync(Workbench bench, CancellationToken cancel)
    {
        await using var server = await bench.StartServerWithConsoleAsync(cancel);
        using var browser = new HttpClient { BaseAddress = server.Url };
        var start = Stopwatch.GetTimestamp();
        await browser.GetStringAsync("/sign-in", cancel);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static async Task<IReadOnlyList<Figure>> CostAsync(Workbench bench, GrapnelProcess server, CancellationToken cancel)
    {
        var (without, with) = (new List<Flow>(), new List<Flow>());
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            without.Add(await bench.MeasureFlowAsync(server, Heard, 1, bench.Options.Seconds, cancel));
            await using var window = await ConsoleWindow.OpenAsync(server);
            await window.GoAsync(LivePage);
            with.Add(await bench.MeasureFlowAsync(server, Heard, 1, bench.Options.Seconds, cancel));
        }
        var cpu = new Series(with.Select(flow => flow.CpuMicrosecondsPerEvent)) / new Series(without.Select(flow => flow.CpuMicrosecondsPerEvent));
        var throughput = new Series(with.Select(flow => flow.DeliveriesPerSecond)) / new Series(without.Select(flow => flow.DeliveriesPerSecond));
        return
        [
            new Figure("Ratio of server CPU per event at full load, with a live page to without", cpu).AtMost(1.05),
            new Figure("Ratio of throughput at full load, with a live page (and its browser on this machine) to without", throughput),
        ];
    }

    private static async Task<IReadOnlyList<Figure>> SteadyAsync(Workbench bench, CancellationToken cancel)
    {
        await using var probe = await LatencyProbe.StartAsync(cancel);
        await using var server = await bench.StartServerWithConsoleAsync(cancel);
        await server.Api.CreateEventTypeAsync(Heard, cancel);
        await server.Api.CreateEndpointAsync(probe.Url, Heard, cancel);
        await probe.MeasureAsync(server, [Heard], Rate, bench.Options.WarmUpSeconds, cancel);
        await using var window = await ConsoleWindow.OpenAsync(server);
        await window.GoAsync(LivePage);
        window.TakeFrames();
        var latency = await probe.MeasureAsync(server, [Heard], Rate, bench.Options.Seconds, cancel);
        var frames = window.TakeFrames() / (double)bench.Options.Seconds;
        var load = probe.MeasureAsync(server, [Heard], Rate, bench.Options.Seconds, cancel);
        var clicks = new List<double>();
        while (!load.IsCompleted)
        {
            clicks.Add(await window.FollowAsync("Webhooks"));
            clicks.Add(await window.FollowAsync("Messages"));
        }
        await load;
        return
        [
            new Figure($"Messages from the server to a live page at {Rate:N0} events/s, a second", frames),
            new Figure($"p99 from trigger to receiver at {Rate:N0} events/s with a live page", latency.P99, "ms"),
            new Figure($"Clicks at {Rate:N0} events/s", clicks.Count),
            new Figure($"From click to page at {Rate:N0} events/s, p50", new Percentiles(clicks).P50, "ms"),
            new Figure($"From click to page at {Rate:N0} events/s, p99", new Percentiles(clicks).P99, "ms"),
        ];
    }
}
