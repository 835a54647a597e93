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

        var folder = bench.NewFolder("sync");
        var (events, latency, disk) = (0, new List<Percentiles>(), new List<Percentiles>());
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            // The disk is timed on both sides of the round: a neighbour's burst of writes should meet both or neither.
            var before = DiskSync.Measure(folder, syncs);
            var measured = await probe.MeasureAsync(server, [EventType], rate, seconds, cancel);
            events += measured.Count;
            latency.Add(measured);
            disk.Add(new Percentiles([.. before, .. DiskSync.Measure(folder, syncs)]));
        }
        var sync = new Series(disk.Select(round => round.P99));
        return
        [
            new Figure("Events", events),
            new Figure("Latency p50", new Series(latency.Select(round => round.P50)), "ms").AtMost(5),
            new Figure("Latency p99", new Series(latency.Select(round => round.P99)), "ms").AtMost(10 + sync.Median),
            new Figure("Latency, worst", new Series(latency.Select(round => round.Max)), "ms"),
            new Figure("4 KiB write and sync p50", new Series(disk.Select(round => round.P50)), "ms"),
            new Figure("4 KiB write and sync p99", sync, "ms"),
        ];
    }
}
