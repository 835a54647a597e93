using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>Raw and pipeline in turns, so that both sides of each ratio saw the same machine.</summary>
internal static class PipelineScenario
{
    private const string EventType = "bench.event";

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        await using var sink = await bench.StartSinkAsync(cancellationToken);
        await using var server = await bench.StartServerAsync(cancellationToken);
        await server.Api.CreateEventTypeAsync(EventType, cancellationToken);
        await server.Api.CreateEndpointAsync(sink.Url, EventType, cancellationToken);
        await bench.MeasureFlowAsync(server, EventType, 1, bench.Options.WarmUpSeconds, cancellationToken);

        var (raw, pipeline) = (new List<RawResult>(), new List<Flow>());
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            raw.Add(await RawLoad.MeasureAsync(sink, bench.Options.Seconds, cancellationToken));
            pipeline.Add(await bench.MeasureFlowAsync(server, EventType, 1, bench.Options.Seconds, cancellationToken));
        }
        return [.. RawScenario.Figures(raw), .. Figures(raw, pipeline), new Figure("Server memory, peak", ProcFs.PeakResidentMiB(server.Id), "MiB")];
    }

    private static IEnumerable<Figure> Figures(IReadOnlyList<RawResult> raw, IReadOnlyList<Flow> pipeline)
    {
        var events = new Series(pipeline.Select(flow => flow.DeliveriesPerSecond));
        var cpu = new Series(pipeline.Select(flow => flow.CpuMicroseconds));
        yield return new Figure("Pipeline events per second", events);
        yield return new Figure("Server CPU per event", cpu, "us");
        yield return new Figure("Ratio of throughput, pipeline to raw", events / new Series(raw.Select(r => r.PerSecond))).AtLeast(0.40);
        yield return new Figure("Ratio of CPU, event to raw request", cpu / new Series(raw.Select(r => r.CpuMicroseconds))).AtMost(3);
    }
}
