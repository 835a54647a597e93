using System.Diagnostics;
using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>
/// One, two and four nodes on one database, with receivers that take 50 ms: what a node can do then is bounded by the attempts it may have in flight,
/// and not by the processor, as long as there is one to spare.
/// </summary>
internal static class NodesScenario
{
    private const string Heard = "bench.heard";
    private const int Endpoints = 8;

    // 32 at a time, 50 ms each.
    private const int PerSecond = 640;

    // So few in flight that the processors of a small machine are enough for several nodes.
    private static readonly (string, string)[] Narrow = [("GRAPNEL_DELIVERY__MAX_CONCURRENCY", "32"), ("GRAPNEL_NODE__SWEEP", "1s")];

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        if (bench.Options.Store is StoreChoice.Sqlite or StoreChoice.SqliteRedis)
            throw new BenchException("Several nodes need a database: --store postgres.");
        await using var receiver = new SlowReceiver(TimeSpan.FromMilliseconds(50));
        var nodes = new List<GrapnelProcess> { await bench.StartServerAsync(bench.NewFolder("data"), cancel, Narrow) };
        var figures = new List<Figure>();
        try
        {
            await nodes[0].Api.CreateEventTypeAsync(Heard, cancel);
            for (var i = 0; i < Endpoints; i++)
                await nodes[0].Api.CreateEndpointAsync(receiver.Url + i, Heard, cancel);
            Series? one = null;
            foreach (var count in (int[])[1, 2, 4])
            {
                while (nodes.Count < count)
                    nodes.Add(await bench.StartBesideAsync(nodes[0], cancel, Narrow));
                await MeasureAsync(bench, nodes, cancel);
                var rounds = new List<double>();
                for (var round = 0; round < bench.Options.Rounds; round++)
                    rounds.Add(await MeasureAsync(bench, nodes, cancel));
                var series = new Series(rounds);
                figures.Add(new Figure($"Deliveries per second, {count} node{(count == 1 ? "" : "s")}", series));
                if (one is null)
                    one = series;
                else
                    figures.Add(new Figure($"Ratio of throughput, {count} nodes to one", series / one));
            }
        }
        finally
        {
            foreach (var node in nodes)
                await node.DisposeAsync();
        }
        return figures;
    }

    // Published beforehand at a rate that none can deliver: what is measured is how fast the backlog goes.
    private static async Task<double> MeasureAsync(Workbench bench, List<GrapnelProcess> nodes, CancellationToken cancel)
    {
        var store = nodes[0].Store;
        for (var published = 0L; published < nodes.Count * bench.Options.Seconds * PerSecond / Endpoints;)
            published += await bench.PublishAsync(nodes[0], PublishLoad.Trigger(Heard), publishers: 1, seconds: 1, cancel);
        var (before, start) = (store.Pending, Stopwatch.GetTimestamp());
        var least = before / 4;
        while (store.Pending > least)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancel);
        var rate = (before - store.Pending) / Stopwatch.GetElapsedTime(start).TotalSeconds;
        while (store.Pending > 0)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancel);
        return rate;
    }
}
