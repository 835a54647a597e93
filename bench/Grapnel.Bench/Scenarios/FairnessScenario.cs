using System.Diagnostics;
using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>
/// Applications with 99 healthy endpoints each, on two servers in turns; on one each application has a hundredth endpoint that hangs.
/// The first round is the hard one: hanging lanes that have never failed before take as many attempts at once as they are given.
/// </summary>
internal static class FairnessScenario
{
    private const int HealthyEach = 99;
    private const int Hosts = 250;
    private const int Publishers = 16;
    private const string EventType = "bench.event";

    /// <summary>Threads follow cores, not endpoints.</summary>
    private const int MostThreads = 64;

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        await using var sink = await bench.StartSinkAsync(cancel, Hosts);
        await using var hanging = new HangingReceiver();
        await using var alone = await StartAsync(bench, sink, hanging: null, cancel);
        await using var beside = await StartAsync(bench, sink, hanging, cancel);

        foreach (var server in (GrapnelProcess[])[alone, beside])
            await MeasureAsync(bench, server, sink, messagesEach: 1, cancel);
        var (without, with) = (new List<double>(), new List<double>());
        using var watch = new ResourceWatch(beside.Id);
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            without.Add(await MeasureAsync(bench, alone, sink, bench.Options.MessagesPerApplication, cancel));
            with.Add(await MeasureAsync(bench, beside, sink, bench.Options.MessagesPerApplication, cancel));
        }
        var endpoints = bench.Options.Applications * (HealthyEach + 1);
        // Attempts in flight have a socket each; beyond that, one may be kept open per endpoint for its next message.
        var mostSockets = new DeliveryOptions().MaxConcurrency + endpoints;
        return
        [
            new Figure("Endpoints, one in a hundred hanging", endpoints),
            new Figure("Healthy deliveries per second without them", new Series(without)),
            new Figure("Healthy deliveries per second beside them", new Series(with)),
            new Figure("Ratio, beside to without", new Series(with) / new Series(without)).AtLeast(0.90),
            new Figure("Threads of the server, most", watch.MostThreads).AtMost(MostThreads),
            new Figure("Sockets of the server, most", watch.MostSockets).AtMost(mostSockets),
        ];
    }

    private static async Task<GrapnelProcess> StartAsync(Workbench bench, Sink sink, HangingReceiver? hanging, CancellationToken cancel)
    {
        var server = await bench.StartServerAsync(cancel);
        await server.Api.CreateEventTypeAsync(EventType, cancel);
        await Parallel.ForAsync(0, bench.Options.Applications, cancel, async (application, stop) =>
        {
            await server.Api.CreateApplicationAsync(Name(application), stop);
            for (var i = 0; i < HealthyEach; i++)
                await CreateAsync($"{sink.UrlAt((application * HealthyEach + i) % Hosts)}{application}/{i}", application, stop);
            if (hanging is not null)
                await CreateAsync($"{hanging.Url}{application}", application, stop);
        });
        return server;

        Task CreateAsync(string url, int application, CancellationToken stop) =>
            server.Api.CreateEndpointAsync(url, EventType, stop, Name(application));
    }

    /// <summary>Publishes to each application in turn, and returns healthy deliveries per second until the last has arrived.</summary>
    private static async Task<double> MeasureAsync(
        Workbench bench, GrapnelProcess server, Sink sink, int messagesEach, CancellationToken cancel)
    {
        var messages = messagesEach * bench.Options.Applications;
        var deliveries = (long)messages * HealthyEach;
        var before = await sink.ReceivedAsync(cancel);
        var start = Stopwatch.GetTimestamp();
        var publishing = new ParallelOptions { MaxDegreeOfParallelism = Publishers, CancellationToken = cancel };
        await Parallel.ForAsync(0, messages, publishing, async (message, stop) =>
            await server.Api.PublishAsync(Name(message % bench.Options.Applications), EventType, new { text = Body.Text }, stop));
        await sink.WaitForAsync(before + deliveries, cancel);
        return deliveries / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static string Name(int application) => $"app-{application}";
}
