using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>Deliveries per second of one event to ten endpoints, in turns with one event to one endpoint, on the same server.</summary>
internal static class FanOutScenario
{
    private const int Width = 10;
    private const string Narrow = "bench.one";
    private const string Wide = "bench.ten";

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        await using var sink = await bench.StartSinkAsync(cancel);
        await using var server = await bench.StartServerAsync(cancel);
        await CreateAsync(server, sink, Narrow, 1, cancel);
        await CreateAsync(server, sink, Wide, Width, cancel);
        // A tenth of the publishing time makes about as many deliveries.
        var (seconds, wideSeconds) = (bench.Options.Seconds, Math.Max(1, bench.Options.Seconds / Width));
        await bench.MeasureFlowAsync(server, Narrow, 1, bench.Options.WarmUpSeconds, cancel);
        await bench.MeasureFlowAsync(server, Wide, Width, 1, cancel);

        var (narrow, wide) = (new List<Flow>(), new List<Flow>());
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            narrow.Add(await bench.MeasureFlowAsync(server, Narrow, 1, seconds, cancel));
            wide.Add(await bench.MeasureFlowAsync(server, Wide, Width, wideSeconds, cancel));
        }
        var single = new Series(narrow.Select(flow => flow.DeliveriesPerSecond));
        var fanned = new Series(wide.Select(flow => flow.DeliveriesPerSecond));
        return
        [
            new Figure("Deliveries per second, 1 endpoint", single),
            new Figure("Deliveries per second, 10 endpoints", fanned),
            new Figure("Ratio, 10 endpoints to 1", fanned / single).AtLeast(1),
            new Figure("Server CPU per delivery, 10 endpoints", new Series(wide.Select(flow => flow.CpuMicrosecondsPerDelivery)), "us"),
        ];
    }

    private static async Task CreateAsync(GrapnelProcess server, Sink sink, string eventType, int count, CancellationToken cancel)
    {
        await server.Api.CreateEventTypeAsync(eventType, cancel);
        for (var i = 0; i < count; i++)
            await server.Api.CreateEndpointAsync($"{sink.Url}{i}", eventType, cancel);
    }
}
