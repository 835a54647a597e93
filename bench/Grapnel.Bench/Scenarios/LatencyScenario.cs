using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>From "trigger sent" to "received", held against what one durable write costs on the same disk.</summary>
internal static class LatencyScenario
{
    private const string EventType = "bench.event";

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        var (rate, seconds, syncs) = (bench.Options.SteadyRate, bench.Options.SteadySeconds, bench.Options.Syncs);
        await using var probe = await LatencyProbe.StartAsync(cancel);
        await using var server = await bench.StartServerAsync(cancel);
        await server.Api.CreateEventTypeAsync(EventType, cancel);
        await server.Api.CreateEndpointAsync(probe.Url, EventType, cancel);
        await probe.MeasureAsync(server, [EventType], rate, bench.Options.WarmUpSeconds, cancel);

        // The disk is timed on both sides of the run: a neighbour's burst of writes should meet both or neither.
        var folder = bench.NewFolder("sync");
        var before = DiskSync.Measure(folder, syncs);
        var latency = await probe.MeasureAsync(server, [EventType], rate, seconds, cancel);
        var sync = new Percentiles([.. before, .. DiskSync.Measure(folder, syncs)]);
        return
        [
            new Figure("Events", latency.Count),
            new Figure("Latency p50", latency.P50, "ms").AtMost(5),
            new Figure("Latency p99", latency.P99, "ms").AtMost(10 + sync.P99),
            new Figure("Latency, worst", latency.Max, "ms"),
            new Figure("4 KiB write and sync p50", sync.P50, "ms"),
            new Figure("4 KiB write and sync p99", sync.P99, "ms"),
        ];
    }
}
