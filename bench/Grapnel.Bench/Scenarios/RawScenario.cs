using Grapnel.Bench.Reporting;
using Grapnel.Bench.Tools;

namespace Grapnel.Bench.Scenarios;

/// <summary>The ceiling by itself, to know how noisy the machine is.</summary>
internal static class RawScenario
{
    public static async Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        await using var sink = await bench.StartSinkAsync(cancel);
        var (rounds, once, batch) = (new List<RawResult>(), new List<RawResult>(), new List<RawResult>());
        for (var round = 0; round < bench.Options.Rounds; round++)
        {
            rounds.Add(await RawLoad.MeasureAsync(sink, bench.Options.Seconds, cancel));
            once.Add(await RawLoad.MeasureAsync(sink, bench.Options.Seconds, cancel, RawMode.SignedOnce));
            batch.Add(await RawLoad.MeasureAsync(sink, bench.Options.Seconds, cancel, RawMode.AsBatch));
        }
        return
        [
            .. Figures(rounds),
            new Figure("The same request, signed once ahead, per second", new Series(once.Select(r => r.PerSecond))),
            new Figure("The same request, signed once ahead, CPU", new Series(once.Select(r => r.CpuMicroseconds)), "us"),
            new Figure("Scheduled as batch work, as the server is, per second", new Series(batch.Select(r => r.PerSecond))),
            new Figure("Scheduled as batch work, CPU", new Series(batch.Select(r => r.CpuMicroseconds)), "us"),
        ];
    }

    public static IReadOnlyList<Figure> Figures(IReadOnlyList<RawResult> rounds) =>
    [
        new("Raw requests per second", new Series(rounds.Select(r => r.PerSecond))),
        new("Raw CPU per request", new Series(rounds.Select(r => r.CpuMicroseconds)), "us"),
    ];
}
