using System.Diagnostics;
using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>
/// Applications with 99 healthy endpoints each, on two servers in turns; on the second each application has a hundredth endpoint that hangs.
/// The first round is the hard one: hanging lanes that have never failed before take as many attempts at once as they are given.
/// </summary>
internal static class FairnessScenario
{
    private const int HealthyEach = 99;
    private const int Hosts = 250;
    private const int Publishers = 16;
    private const string EventType = "bench.event";

    /// <summary>Threads follow cores, not endpoints; sockets follow the limit of attempts in flight, once in use and once kept for the next.</summary>
    private const int MostThreads = 64;
    private static readonly int MostSockets = 2 * new DeliveryOptions().MaxConcurrency;

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        await using var sink = await bench.StartSinkAsync(cancellationToken, Hosts);
        await using var hanging = new HangingReceiver();
        await using var alone = await StartAsync(bench, sink, null, cancellationToken);
        await using var beside = await StartAsync(bench, sink, hanging, cancellationToken);

        await MeasureAsync(bench, alone, sink, 1, cancellationToken);
        var (without, with) = (new List<double>(), new List<double>());
        using var watch = new ResourceWatch(beside.Id);
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            without.Add(await MeasureAsync(bench, alone, sink, bench.Options.MessagesPerApplication, cancellationToken));
            with.Add(await MeasureAsync(bench, beside, sink, bench.Options.MessagesPerApplication, cancellationToken));
        }
        return
        [
            new Figure("Endpoints, one in a hundred hanging", bench.Options.Applications * (HealthyEach + 1)),
            new Figure("Healthy deliveries per second without them", new Series(without)),
            new Figure("Healthy deliveries per second beside them", new Series(with)),
            new Figure("Ratio, beside to without", new Series(with) / new Series(without)).AtLeast(0.90),
            new Figure("Threads of the server, most", watch.MostThreads).AtMost(MostThreads),
            new Figure("Sockets of the server, most", watch.MostSockets).AtMost(MostSockets),
        ];
    }

    private static async Task<GrapnelProcess> StartAsync(Workbench bench, Sink sink, HangingReceiver? hanging, CancellationToken cancellationToken)
    {
        var server = await bench.StartServerAsync(cancellationToken);
        await server.Api.CreateEventTypeAsync(EventType, cancellationToken);
        await Parallel.ForAsync(0, bench.Options.Applications, cancellationToken, async (application, cancel) =>
        {
            await server.Api.CreateApplicationAsync(Name(application), cancel);
            for (var i = 0; i < HealthyEach; i++)
                await CreateAsync($"{sink.UrlAt((application * HealthyEach + i) % Hosts)}{application}/{i}", application, cancel);
            if (hanging is not null)
                await CreateAsync($"{hanging.Url}{application}", application, cancel);
        });
        return server;

        Task CreateAsync(string url, int application, CancellationToken cancel) =>
            server.Api.CreateEndpointAsync(url, EventType, cancel, Name(application));
    }

    /// <summary>Publishes a number of messages to each application in turn, and returns healthy deliveries per second until the last has arrived.</summary>
    private static async Task<double> MeasureAsync(
        Workbench bench, GrapnelProcess server, Sink sink, int messagesEach, CancellationToken cancellationToken)
    {
        var messages = messagesEach * bench.Options.Applications;
        var deliveries = (long)messages * HealthyEach;
        var before = await sink.ReceivedAsync(cancellationToken);
        var start = Stopwatch.GetTimestamp();
        var publishing = new ParallelOptions { MaxDegreeOfParallelism = Publishers, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, messages, publishing, async (message, cancel) =>
            await server.Api.PublishAsync(Name(message % bench.Options.Applications), EventType, new { text = Body.Text }, cancel));
        await sink.WaitForAsync(before + deliveries, cancellationToken);
        return deliveries / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static string Name(int application) => $"app-{application}";
}
