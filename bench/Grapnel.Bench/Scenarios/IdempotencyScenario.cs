using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>The pipeline with and without an idempotency key on every publish, and raw, in turns.</summary>
internal static class IdempotencyScenario
{
    private const string EventType = "bench.keyed";

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        await using var sink = await bench.StartSinkAsync(cancel);
        await using var server = await bench.StartServerAsync(cancel);
        await server.Api.CreateEventTypeAsync(EventType, cancel);
        await server.Api.CreateEndpointAsync(sink.Url, EventType, cancel);
        await bench.MeasureFlowAsync(server, EventType, 1, bench.Options.WarmUpSeconds, cancel);

        var (raw, plain, keyed) = (new List<RawResult>(), new List<Flow>(), new List<Flow>());
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            raw.Add(await RawLoad.MeasureAsync(sink, bench.Options.Seconds, cancel));
            plain.Add(await bench.MeasureFlowAsync(server, EventType, 1, bench.Options.Seconds, cancel));
            keyed.Add(await bench.MeasureFlowAsync(server, PublishLoad.Trigger(EventType, withKeys: true), 1, bench.Options.Seconds, cancel));
        }
        var events = new Series(keyed.Select(flow => flow.DeliveriesPerSecond));
        return
        [
            new Figure("Pipeline events per second, with keys", events),
            new Figure("Server CPU per event, with keys", new Series(keyed.Select(flow => flow.CpuMicrosecondsPerEvent)), "us"),
            new Figure("Ratio of throughput, with keys to without", events / new Series(plain.Select(flow => flow.DeliveriesPerSecond))),
            new Figure("Ratio of throughput, with keys to raw", events / new Series(raw.Select(result => result.PerSecond))).AtLeast(0.40),
        ];
    }
}
