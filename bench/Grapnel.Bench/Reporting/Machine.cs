using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Grapnel.Bench.Reporting;

/// <summary>What a figure means nothing without: the machine, the software and the day.</summary>
internal static class Machine
{
    public static IEnumerable<(string Name, string Value)> Describe(string dataFolder, TimeProvider time)
    {
        yield return ("Date", time.GetUtcNow().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture));
        yield return ("Commit", Commit());
        yield return ("CPU", $"{FirstValue("/proc/cpuinfo", "model name")}, {Environment.ProcessorCount} cores");
        yield return ("Memory", FirstValue("/proc/meminfo", "MemTotal"));
        yield return ("System", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}");
        yield return ("Kernel", File.ReadAllText("/proc/sys/kernel/osrelease").Trim());
        yield return (".NET", RuntimeInformation.FrameworkDescription);
        yield return ("File system of the data", new DriveInfo(dataFolder).DriveFormat);
        yield return ("Load average before", File.ReadAllText("/proc/loadavg").Split(' ')[0]);
    }

    private static string FirstValue(string file, string name) =>
        File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";

    private static string Commit()
    {
        var start = new ProcessStartInfo("git", ["-C", AppContext.BaseDirectory, "describe", "--always", "--dirty"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var git = Process.Start(start)!;
            var answer = git.StandardOutput.ReadToEnd().Trim();
            return answer.Length > 0 ? answer : "unknown";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "unknown";
        }
    }
}
