using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Order;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Grapnel.Bench.Pieces;
using Grapnel.Bench.Reporting;

namespace Grapnel.Bench.Scenarios;

/// <summary>The small parts by themselves, by BenchmarkDotNet; in this process, for a second build would prove nothing more.</summary>
internal static class PiecesScenario
{
    private static readonly Type[] Pieces = [typeof(SigningPiece), typeof(VerdictPiece), typeof(IdPiece), typeof(StorePiece)];

    public static Task<IReadOnlyList<Figure>> RunAsync(Workbench bench, CancellationToken cancel)
    {
        StorePiece.Root = bench.NewFolder("stores");
        var job = (bench.Options.Rounds > 2 ? Job.Default : Job.ShortRun).WithToolchain(InProcessEmitToolchain.DontLogOutput);
        var config = ManualConfig.CreateEmpty().AddJob(job).AddDiagnoser(MemoryDiagnoser.Default).AddLogger(NullLogger.Instance)
            .WithOrderer(new DefaultOrderer(SummaryOrderPolicy.Declared)).WithArtifactsPath(bench.NewFolder("pieces"));
        var reports = Pieces.SelectMany(piece => BenchmarkRunner.Run(piece, config).Reports);
        return Task.FromResult<IReadOnlyList<Figure>>([.. reports.SelectMany(Figures)]);
    }

    private static IEnumerable<Figure> Figures(BenchmarkReport report)
    {
        var name = report.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\'');
        if (report.ResultStatistics is not { } time)
            throw new BenchException($"BenchmarkDotNet could not measure '{name}'.");
        yield return new Figure(name, time.Median, "ns");
        yield return new Figure($"{name}, allocated", report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0, "bytes");
    }
}
