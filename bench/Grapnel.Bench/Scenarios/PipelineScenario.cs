using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>Raw and pipeline in turns, so that both sides of each ratio saw the same machine.</summary>
internal static class PipelineScenario
{
    private const string Heard = "bench.heard";
    private const string Unheard = "bench.unheard";

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        await using var sink = await bench.StartSinkAsync(cancel);
        await using var server = await bench.StartServerAsync(cancel);
        await server.Api.CreateEventTypeAsync(Heard, cancel);
        await server.Api.CreateEventTypeAsync(Unheard, cancel);
        await server.Api.CreateEndpointAsync(sink.Url, Heard, cancel);
        await bench.MeasureFlowAsync(server, Heard, 1, bench.Options.WarmUpSeconds, cancel);

        var (statements, database) = (new List<double>(), new List<double>());
        var (raw, pipeline, accepting) = (new List<RawResult>(), new List<Flow>(), new List<Flow>());
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            raw.Add(await RawLoad.MeasureAsync(sink, bench.Options.Seconds, cancel));
            var before = Look(server);
            pipeline.Add(await bench.MeasureFlowAsync(server, Heard, 1, bench.Options.Seconds, cancel));
            var after = Look(server);
            statements.Add((after.Statements - before.Statements) / (double)pipeline[^1].Events);
            database.Add((after.Cpu - before.Cpu).TotalMicroseconds / pipeline[^1].Events);
            accepting.Add(await bench.MeasureFlowAsync(server, Unheard, 0, bench.Options.WarmUpSeconds, cancel));
        }
        var cpuOfAccepting = new Series(accepting.Select(flow => flow.CpuMicrosecondsPerEvent));
        return
        [
            .. RawScenario.Figures(raw),
            .. Figures(raw, pipeline, bench.Options.Store),
            new Figure("Server CPU per event that is owed to nobody", cpuOfAccepting, "us"),
            .. server.Store.Database is not null ? DatabaseFigures(statements, database) : [],
            new Figure("Server memory, peak", ProcFs.PeakResidentMiB(server.Id), "MiB"),
        ];
    }

    private static IEnumerable<Figure> DatabaseFigures(List<double> statements, List<double> cpu) =>
    [
        new Figure("SQL statements per event", new Series(statements)).AtMost(0.1),
        new Figure("CPU of PostgreSQL per event", new Series(cpu), "us"),
    ];

    // What goes to Redis and to a database is more work than what goes to one of them.
    private static double LeastRatio(StoreChoice store) => store is StoreChoice.Sqlite or StoreChoice.Postgres ? 0.40 : 0.30;

    private static (long Statements, TimeSpan Cpu) Look(GrapnelProcess server) =>
        server.Store.Database is { } database ? (database.Statements, database.Cpu) : (0, TimeSpan.Zero);

    private static IEnumerable<Figure> Figures(IReadOnlyList<RawResult> raw, IReadOnlyList<Flow> pipeline, StoreChoice store)
    {
        var events = new Series(pipeline.Select(flow => flow.DeliveriesPerSecond));
        var cpu = new Series(pipeline.Select(flow => flow.CpuMicrosecondsPerEvent));
        yield return new Figure("Pipeline events per second", events);
        yield return new Figure("Server CPU per event", cpu, "us");
        yield return new Figure("Ratio of throughput, pipeline to raw", events / new Series(raw.Select(r => r.PerSecond))).AtLeast(LeastRatio(store));
        yield return new Figure("Ratio of CPU, event to raw request", cpu / new Series(raw.Select(r => r.CpuMicroseconds))).AtMost(3);
    }
}
