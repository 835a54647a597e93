using System.Diagnostics;

namespace Grapnel.Bench.Tools;

/// <summary>What one durable write costs on a disk: the floor under every durable service.</summary>
internal static class DiskSync
{
    /// <summary>Appends 4 KiB and syncs, again and again; milliseconds of each.</summary>
    public static double[] Measure(string folder, int times)
    {
        var block = new byte[4096];
        var milliseconds = new double[times];
        using var file = File.OpenHandle(
            Path.Combine(folder, "sync.probe"), FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose);
        for (var i = 0; i < times; i++)
        {
            var start = Stopwatch.GetTimestamp();
            RandomAccess.Write(file, block, (long)i * block.Length);
            RandomAccess.FlushToDisk(file);
            milliseconds[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
        return milliseconds;
    }
}
