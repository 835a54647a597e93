using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>How soon a server is ready, on a new data folder and on a used one, and what it costs to let it idle.</summary>
internal static class StartScenario
{
    // What a server does every few seconds is compiled again, better, once it was done 30 times: that is no idling.
    private static readonly TimeSpan Settle = TimeSpan.FromMinutes(2);

    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        var (first, again) = (new List<double>(), new List<double>());
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            var data = bench.NewFolder("start");
            first.Add(await StartOnceAsync(bench, data, cancel));
            again.Add(await StartOnceAsync(bench, data, cancel));
        }
        return
        [
            new Figure("Start to ready, new data folder", new Series(first), "s").AtMost(2),
            new Figure("Start to ready, used data folder", new Series(again), "s").AtMost(2),
            .. await IdleAsync(bench, cancel),
        ];
    }

    private static async Task<double> StartOnceAsync(Workbench bench, string data, CancellationToken cancel)
    {
        await using var server = await bench.StartServerAsync(data, cancel);
        return server.ReadyAfter.TotalSeconds;
    }

    private static async Task<IReadOnlyList<Figure>> IdleAsync(Workbench bench, CancellationToken cancel)
    {
        await using var server = await bench.StartServerAsync(cancel);
        await Task.Delay(Settle, TimeProvider.System, cancel);
        var (cpu, time) = (server.Cpu, TimeSpan.FromSeconds(bench.Options.IdleSeconds));
        await Task.Delay(time, TimeProvider.System, cancel);
        return
        [
            new Figure("CPU when idle, of one core", (server.Cpu - cpu) / time * 100, "%").AtMost(1),
            new Figure("Memory when idle", ProcFs.ResidentMiB(server.Id), "MiB"),
        ];
    }
}
