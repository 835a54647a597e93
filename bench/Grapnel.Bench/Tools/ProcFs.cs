using System.Globalization;

namespace Grapnel.Bench.Tools;

/// <summary>What Linux tells about a process.</summary>
internal static class ProcFs
{
    /// <summary>The kernel counts in USER_HZ, which is 100 on every architecture that .NET runs on.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>User and system time so far, all threads together.</summary>
    public static TimeSpan Cpu(int pid)
    {
        var fields = Stat(pid);
        return TimeSpan.FromSeconds((Number(fields[11]) + Number(fields[12])) / TicksPerSecond);
    }

    /// <summary>The same for a process and its children, those that have ended included.</summary>
    public static TimeSpan CpuOfTree(int pid)
    {
        var fields = Stat(pid);
        var ended = TimeSpan.FromSeconds((Number(fields[13]) + Number(fields[14])) / TicksPerSecond);
        return Children(pid).Aggregate(Cpu(pid) + ended, (sum, child) => sum + CpuOrNothing(child));
    }

    /// <summary>The processes that a process has started and that are there.</summary>
    public static IEnumerable<int> Children(int pid) => Directory.GetDirectories("/proc").Select(Path.GetFileName)
        .Select(name => int.TryParse(name, CultureInfo.InvariantCulture, out var process) ? process : 0).Where(process => process > 0 && IsChild(process, pid));

    private static bool IsChild(int process, int parent)
    {
        try
        {
            return Number(Stat(process)[1]) == parent;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static TimeSpan CpuOrNothing(int process)
    {
        try
        {
            return Cpu(process);
        }
        catch (IOException)
        {
            return TimeSpan.Zero;
        }
    }

    private static string[] Stat(int pid)
    {
        // The name of the program, in brackets, may contain anything; the numbers follow the last bracket. See proc_pid_stat(5).
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }

    /// <summary>Resident memory now, in MiB.</summary>
    public static double ResidentMiB(int pid) => Status(pid, "VmRSS") / 1024.0;

    /// <summary>The most resident memory there ever was, in MiB.</summary>
    public static double PeakResidentMiB(int pid) => Status(pid, "VmHWM") / 1024.0;

    public static int Threads(int pid) => (int)Status(pid, "Threads");

    /// <summary>Open sockets, listening ones included.</summary>
    public static int Sockets(int pid) =>
        new DirectoryInfo($"/proc/{pid}/fd").EnumerateFileSystemInfos()
            .Count(file => file.LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true);

    private static long Status(int pid, string name)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return Number(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1]);
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
