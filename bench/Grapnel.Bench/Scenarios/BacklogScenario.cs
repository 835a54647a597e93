using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

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

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        await using var sink = await bench.StartSinkAsync(cancellationToken);
        await using var probe = await LatencyProbe.StartAsync(cancellationToken);
        var data = bench.NewFolder("mountain");
        var figures = new List<Figure>();

        await using (var server = await bench.StartServerAsync(data, cancellationToken))
        {
            await CreateAsync(server, sink, probe, cancellationToken);
            var pending = await bench.FillAsync(server, Dead, bench.Options.Pending, cancellationToken);
            figures.Add(new Figure("Pending for the dead endpoint", pending));
            figures.Add(Memory("Server memory after filling, peak", server));
            await server.StopAsync();
        }
        figures.Add(await RestartAsync(bench, probe, data, "after a stop", server => server.KillAsync(), cancellationToken));
        figures.Add(await RestartAsync(bench, probe, data, "after a kill", server => server.StopAsync(), cancellationToken));

        await using var mountain = await bench.StartServerAsync(data, cancellationToken);
        await using var empty = await bench.StartServerAsync(cancellationToken);
        await CreateAsync(empty, sink, probe, cancellationToken);
        figures.AddRange(await CompareAsync(bench, mountain, empty, cancellationToken));
        figures.Add(Memory("Server memory with that load, peak", mountain));
        return figures;
    }

    /// <summary>From the start of the process to the first delivery to a healthy endpoint; then ends the server for the next one to find.</summary>
    private static async Task<Figure> RestartAsync(
        Workbench bench, LatencyProbe probe, string data, string after, Func<GrapnelProcess, Task> end, CancellationToken cancellationToken)
    {
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        await using var server = await bench.StartServerAsync(data, cancellationToken);
        await probe.FirstAsync(server, Probed, cancellationToken);
        var elapsed = System.Diagnostics.Stopwatch.GetElapsedTime(start);
        await end(server);
        return new Figure($"Start {after}, to the first delivery", elapsed.TotalSeconds, "s").AtMost(5);
    }

    private static async Task<IReadOnlyList<Figure>> CompareAsync(
        Workbench bench, GrapnelProcess mountain, GrapnelProcess empty, CancellationToken cancellationToken)
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
            (await bench.MeasureFlowAsync(server, Healthy, 1, seconds, cancellationToken)).DeliveriesPerSecond;
    }

    /// <summary>Creates the three endpoints.</summary>
    private static async Task CreateAsync(GrapnelProcess server, Sink sink, LatencyProbe probe, CancellationToken cancellationToken)
    {
        foreach (var eventType in (string[])[Dead, Probed, Healthy])
            await server.Api.CreateEventTypeAsync(eventType, cancellationToken);
        await server.Api.CreateEndpointAsync($"http://127.0.0.1:{ChildProcess.FreePort()}/", Dead, cancellationToken);
        await server.Api.CreateEndpointAsync(probe.Url, Probed, cancellationToken);
        await server.Api.CreateEndpointAsync(sink.Url, Healthy, cancellationToken);
    }

    private static Figure Memory(string name, GrapnelProcess server) => new Figure(name, ProcFs.PeakResidentMiB(server.Id), "MiB").AtMost(300);
}
