using System.Diagnostics;

namespace Grapnel.Bench.Tools;

/// <summary>On which CPUs a process may run.</summary>
internal static class CpuAffinity
{
    /// <summary>Keeps a process, with all of its threads and whatever it starts from now on, to some CPUs.</summary>
    public static void Keep(int process, IReadOnlyList<int> cpus)
    {
        if (cpus.Count == 0)
            throw new BenchException("There is no other CPU.");
        using var taskset = Process.Start(new ProcessStartInfo("taskset", ["--all-tasks", "--pid", "--cpu-list", string.Join(',', cpus), $"{process}"])
        {
            RedirectStandardOutput = true,
        })!;
        taskset.StandardOutput.ReadToEnd();
        taskset.WaitForExit();
        if (taskset.ExitCode != 0)
            throw new BenchException($"taskset could not keep process {process} to CPU {string.Join(',', cpus)}.");
    }
}
