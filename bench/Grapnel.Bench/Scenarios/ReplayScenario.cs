using System.Diagnostics;
using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>
/// Latency of ten endpoints while everything that another one ever got is sent to it once more, at the default rate and as fast as it goes, in turns with the same
/// without a replay. A replay that ends within the stretch is begun anew, and the one that runs at its end is cancelled.
/// </summary>
internal static class ReplayScenario
{
    private const string Old = "bench.old";
    private const int NoLimit = 100_000;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly string[] Live = [.. Enumerable.Range(1, 10).Select(n => $"bench.live.{n}")];

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        await using var sink = await bench.StartSinkAsync(cancel);
        await using var probe = await LatencyProbe.StartAsync(cancel);
        await using var server = await bench.StartServerAsync(cancel);
        var since = TimeProvider.System.GetUtcNow();
        foreach (var eventType in Live)
        {
            await server.Api.CreateEventTypeAsync(eventType, cancel);
            await server.Api.CreateEndpointAsync(probe.Url, eventType, cancel);
        }
        await server.Api.CreateEventTypeAsync(Old, cancel);
        var endpoint = await server.Api.CreateEndpointAsync(sink.Url, Old, cancel);
        var messages = await bench.FillAsync(server, Old, bench.Options.Replayed, cancel);
        await DrainAsync(server, cancel);
        await LoadAsync(bench.Options.WarmUpSeconds);

        var (without, full, paced) = (new List<Run>(), new List<Run>(), new List<Run>());
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            without.Add(await MeasureAsync(_ => Task.CompletedTask));
            paced.Add(await MeasureAsync(over => ReplayAsync(server, endpoint, since, rate: null, over)));
            full.Add(await MeasureAsync(over => ReplayAsync(server, endpoint, since, NoLimit, over)));
        }
        return
        [
            new Figure("Messages to replay", messages),
            new Figure("Live p99 without a replay", new Series(without.Select(run => run.P99)), "ms"),
            .. Figures("at the default rate", paced, without, limit: 2),
            .. Figures("as fast as it goes", full, without, limit: null),
        ];

        Task<Percentiles> LoadAsync(int seconds) => probe.MeasureAsync(server, Live, bench.Options.SteadyRate, seconds, cancel);

        async Task<Run> MeasureAsync(Func<CancellationToken, Task> replay)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var (before, start) = (await sink.ReceivedAsync(cancel), Stopwatch.GetTimestamp());
            var replaying = replay(over.Token);
            var live = await LoadAsync(bench.Options.Seconds);
            var perSecond = (await sink.ReceivedAsync(cancel) - before) / Stopwatch.GetElapsedTime(start).TotalSeconds;
            await over.CancelAsync();
            await replaying;
            await DrainAsync(server, cancel);
            return new Run(live.P99, perSecond);
        }
    }

    /// <summary>Replays again and again, each time when all of the last one has arrived, until it is over.</summary>
    private static async Task ReplayAsync(GrapnelProcess server, string endpoint, DateTimeOffset since, int? rate, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            var task = await server.Api.ReplayAsync(endpoint, since, rate, CancellationToken.None);
            try
            {
                while (await server.Api.IsRunningAsync(task, over))
                    await Task.Delay(Poll, TimeProvider.System, over);
                await DrainAsync(server, over);
            }
            catch (OperationCanceledException)
            {
                await server.Api.CancelAsync(task, CancellationToken.None);
            }
        }
    }

    private static async Task DrainAsync(GrapnelProcess server, CancellationToken cancel)
    {
        // What is live meanwhile is pending for moments.
        while (server.Pending > Live.Length)
            await Task.Delay(Poll, TimeProvider.System, cancel);
    }

    private static IEnumerable<Figure> Figures(string how, List<Run> beside, List<Run> without, double? limit)
    {
        var p99 = new Series(beside.Select(run => run.P99));
        yield return new Figure($"Live p99 beside one {how}", p99, "ms");
        var ratio = new Figure($"Ratio of p99, beside one {how} to without", p99 / new Series(without.Select(run => run.P99)));
        yield return limit is { } most ? ratio.AtMost(most) : ratio;
        yield return new Figure($"Replayed per second, {how}", new Series(beside.Select(run => run.PerSecond)));
    }

    private sealed record Run(double P99, double PerSecond);
}
