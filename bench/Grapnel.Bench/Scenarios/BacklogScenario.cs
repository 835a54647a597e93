using System.Diagnostics;
using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;
using Grapnel.Testing;

namespace Grapnel.Bench.Scenarios;

/// <summary>
/// A dead endpoint (nothing listens) has a mountain of pending deliveries. What does that cost in memory, how soon does the server deliver
/// again after it was stopped or killed, and how fast is it for others? The last is measured in turns with a server whose store is empty.
/// </summary>
internal static class BacklogScenario
{
    private const string Dead = "bench.dead";
    private const string Probed = "bench.probed";
    private const string Healthy = "bench.healthy";

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        await using var sink = await bench.StartSinkAsync(cancel);
        await using var probe = await LatencyProbe.StartAsync(cancel);
        var data = bench.NewFolder("mountain");
        var figures = new List<Figure>();

        await using (var server = await bench.StartServerAsync(data, cancel))
        {
            await CreateAsync(server, sink, probe, cancel);
            var pending = await bench.FillAsync(server, Dead, bench.Options.Pending, cancel);
            figures.Add(new Figure("Pending for the dead endpoint", pending));
            figures.Add(Memory("Server memory after filling, peak", server));
            await server.StopAsync();
        }
        figures.Add(await RestartAsync(bench, probe, data, "after a stop", server => server.KillAsync(), cancel));
        figures.Add(await RestartAsync(bench, probe, data, "after a kill", server => server.StopAsync(), cancel));

        await using var mountain = await bench.StartServerAsync(data, cancel);
        await using var empty = await bench.StartServerAsync(cancel);
        await CreateAsync(empty, sink, probe, cancel);
        figures.AddRange(await CompareAsync(bench, mountain, empty, cancel));
        figures.Add(Memory("Server memory with that load, peak", mountain));
        return figures;
    }

    /// <summary>From process start to the first delivery to a healthy endpoint; then ends it, for the next one to find.</summary>
    private static async Task<Figure> RestartAsync(
        Workbench bench, LatencyProbe probe, string data, string after, Func<GrapnelProcess, Task> end, CancellationToken cancel)
    {
        var start = Stopwatch.GetTimestamp();
        await using var server = await bench.StartServerAsync(data, cancel);
        await probe.FirstAsync(server, Probed, cancel);
        var elapsed = Stopwatch.GetElapsedTime(start);
        await end(server);
        return new Figure($"Start {after}, to the first delivery", elapsed.TotalSeconds, "s").AtMost(5);
    }

    private static async Task<IReadOnlyList<Figure>> CompareAsync(
        Workbench bench, GrapnelProcess mountain, GrapnelProcess empty, CancellationToken cancel)
    {
        await MeasureAsync(empty, bench.Options.WarmUpSeconds);
        await MeasureAsync(mountain, bench.Options.WarmUpSeconds);
        var (on, off) = (new List<double>(), new List<double>());
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            off.Add(await MeasureAsync(empty, bench.Options.Seconds));
            on.Add(await MeasureAsync(mountain, bench.Options.Seconds));
        }
        return
        [
            new Figure("Events per second, empty store", new Series(off)),
            new Figure("Events per second, beside the backlog", new Series(on)),
            new Figure("Ratio, beside the backlog to empty", new Series(on) / new Series(off)).AtLeast(0.80),
        ];

        async Task<double> MeasureAsync(GrapnelProcess server, int seconds) =>
            (await bench.MeasureFlowAsync(server, Healthy, 1, seconds, cancel)).DeliveriesPerSecond;
    }

    /// <summary>Creates the three endpoints.</summary>
    private static async Task CreateAsync(GrapnelProcess server, Sink sink, LatencyProbe probe, CancellationToken cancel)
    {
        foreach (var eventType in (string[])[Dead, Probed, Healthy])
            await server.Api.CreateEventTypeAsync(eventType, cancel);
        await server.Api.CreateEndpointAsync($"http://127.0.0.1:{Ports.Free()}/", Dead, cancel);
        await server.Api.CreateEndpointAsync(probe.Url, Probed, cancel);
        await server.Api.CreateEndpointAsync(sink.Url, Healthy, cancel);
    }

    private static Figure Memory(string name, GrapnelProcess server) =>
        new Figure(name, ProcFs.PeakResidentMiB(server.Id), "MiB").AtMost(300);
}
