using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>
/// Latency of ten applications, each with its share of a steady load, on two servers in turns: on one an eleventh publishes fifty times its share
/// meanwhile, to an endpoint that cannot keep up.
/// </summary>
internal static class FloodScenario
{
    private const string EventType = "bench.event";
    private const string Flooder = "flooder";
    private const int Shares = 50;
    private static readonly string[] Others = [.. Enumerable.Range(1, 10).Select(n => $"other-{n}")];

    // 32 at a time are 64 a second: most of what is published waits.
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(500);

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        await using var probe = await LatencyProbe.StartAsync(cancel);
        await using var slow = new SlowReceiver(Slow);
        await using var alone = await StartAsync(bench, probe, cancel);
        await using var beside = await StartAsync(bench, probe, cancel);
        await beside.Api.CreateApplicationAsync(Flooder, cancel);
        await beside.Api.CreateEndpointAsync(slow.Url, EventType, cancel, Flooder);

        var (without, with, refused) = (new List<Percentiles>(), new List<Percentiles>(), 0);
        var rate = Shares * bench.Options.SteadyRate / Others.Length;
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            without.Add(await MeasureAsync(bench, probe, alone, bench.Options.Seconds, cancel));
            var flood = Pace.RunAsync(rate, bench.Options.Seconds, _ => beside.Api.TryPublishAsync(Flooder, EventType, Body.Bytes, cancel), cancel);
            with.Add(await MeasureAsync(bench, probe, beside, bench.Options.Seconds, cancel));
            refused += (await flood).Count(accepted => !accepted);
        }
        var (p99, p99Beside) = (new Series(without.Select(p => p.P99)), new Series(with.Select(p => p.P99)));
        return
        [
            new Figure("Published by the flooder per second", rate),
            new Figure("Of these refused", refused),
            new Figure("Waiting for the flooder's endpoint at the end", beside.Pending),
            new Figure("p50 of the others without it", new Series(without.Select(p => p.P50)), "ms"),
            new Figure("p50 of the others beside it", new Series(with.Select(p => p.P50)), "ms"),
            new Figure("p99 of the others without it", p99, "ms"),
            new Figure("p99 of the others beside it", p99Beside, "ms"),
            new Figure("Ratio of p99, beside to without", p99Beside / p99).AtMost(2),
        ];
    }

    private static async Task<GrapnelProcess> StartAsync(Workbench bench, LatencyProbe probe, CancellationToken cancel)
    {
        var server = await bench.StartServerAsync(cancel);
        await server.Api.CreateEventTypeAsync(EventType, cancel);
        foreach (var application in Others)
        {
            await server.Api.CreateApplicationAsync(application, cancel);
            await server.Api.CreateEndpointAsync(probe.Url, EventType, cancel, application);
        }
        await MeasureAsync(bench, probe, server, bench.Options.WarmUpSeconds, cancel);
        return server;
    }

    private static Task<Percentiles> MeasureAsync(Workbench bench, LatencyProbe probe, GrapnelProcess server, int seconds, CancellationToken cancel) =>
        probe.MeasureAsync(
            (n, body) => server.Api.TryPublishAsync(Others[n % Others.Length], EventType, body, cancel), bench.Options.SteadyRate, seconds, cancel);
}
