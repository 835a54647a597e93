using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>
/// Latency of 99 healthy endpoints, on two servers in turns: one has only them, the other has a hundredth endpoint that takes every request
/// and never answers, with a queue in front of it.
/// </summary>
internal static class NeighbourScenario
{
    private const string Hanging = "bench.hanging";
    private static readonly string[] Healthy = [.. Enumerable.Range(1, 99).Select(n => $"bench.healthy.{n}")];

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        await using var probe = await LatencyProbe.StartAsync(cancel);
        await using var hanging = new HangingReceiver();
        await using var alone = await StartAsync(bench, probe, cancel);
        await using var beside = await StartAsync(bench, probe, cancel);
        await beside.Api.CreateEventTypeAsync(Hanging, cancel);
        await beside.Api.CreateEndpointAsync(hanging.Url, Hanging, cancel);
        var pending = await bench.FillAsync(beside, Hanging, bench.Options.PendingAtNeighbour, cancel);

        var (without, with) = (new List<Percentiles>(), new List<Percentiles>());
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            without.Add(await MeasureAsync(bench, probe, alone, cancel));
            with.Add(await MeasureAsync(bench, probe, beside, cancel));
        }
        return Figures(pending, without, with);
    }

    private static async Task<GrapnelProcess> StartAsync(Workbench bench, LatencyProbe probe, CancellationToken cancel)
    {
        var server = await bench.StartServerAsync(cancel);
        foreach (var eventType in Healthy)
        {
            await server.Api.CreateEventTypeAsync(eventType, cancel);
            await server.Api.CreateEndpointAsync(probe.Url, eventType, cancel);
        }
        await probe.MeasureAsync(server, Healthy, bench.Options.SteadyRate, bench.Options.WarmUpSeconds, cancel);
        return server;
    }

    private static Task<Percentiles> MeasureAsync(
        Workbench bench, LatencyProbe probe, GrapnelProcess server, CancellationToken cancel) =>
        probe.MeasureAsync(server, Healthy, bench.Options.SteadyRate, bench.Options.SteadySeconds, cancel);

    private static IReadOnlyList<Figure> Figures(long pending, List<Percentiles> without, List<Percentiles> with)
    {
        var alone = new Series(without.Select(p => p.P99));
        var beside = new Series(with.Select(p => p.P99));
        return
        [
            new Figure("Pending for the hanging endpoint", pending),
            new Figure("Healthy p50 without it", new Series(without.Select(p => p.P50)), "ms"),
            new Figure("Healthy p50 beside it", new Series(with.Select(p => p.P50)), "ms"),
            new Figure("Healthy p99 without it", alone, "ms"),
            new Figure("Healthy p99 beside it", beside, "ms"),
            new Figure("Ratio of p99, beside to without", beside / alone).AtMost(2),
        ];
    }
}
