using System.Globalization;
using Grapnel.Server.Hosting;

namespace Grapnel.Server.Commands.Examinations;

/// <summary>The disk under a data folder, and what the system grants to a process.</summary>
internal static class MachineChecks
{
    private const int Syncs = 21;
    private const long MinFree = 100L << 20;
    private const long EnoughFree = 1L << 30;
    private const long EnoughMemory = 400L << 20;
    private const long EnoughFiles = 4096;
    private static readonly TimeSpan SlowSync = TimeSpan.FromMilliseconds(50);

    /// <summary>Free space, and how long a sync takes. Writes a small file, and removes it.</summary>
    public static IEnumerable<Finding> Disk(Examined examined, TimeProvider time)
    {
        if (examined.Server.Store != StoreKind.Sqlite || !Directory.Exists(examined.Folder))
            return [];
        try
        {
            return [JudgeFree(examined.Folder, new DriveInfo(examined.Folder).AvailableFreeSpace), JudgeSync(examined.Folder, MeasureSync(examined.Folder, time))];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [Finding.Fault("disk", $"{examined.Folder} cannot be written to: {failure.Message}", "Give the folder to the user that the server runs as, and make room.")];
        }
    }

    /// <summary>What this process is granted; a service may be granted something else.</summary>
    public static IEnumerable<Finding> Limits() => [JudgeMemory(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes), .. OpenFiles() is { } files ? [JudgeFiles(files)] : (Finding[])[]];

    public static Finding JudgeFree(string folder, long bytes) => bytes switch
    {
        < MinFree => Finding.Fault("disk", $"{folder} has {bytes >> 20} MiB free.", "Make room at once. A full disk refuses messages with 503."),
        < EnoughFree => Finding.Warning("disk", $"{folder} has {bytes >> 20} MiB free.", "Make room, or lower Retention:Messages. A full disk refuses messages with 503."),
        _ => Finding.Fine("disk", $"{bytes >> 30} GiB free."),
    };

    public static Finding JudgeSync(string folder, TimeSpan median) => median > SlowSync
        ? Finding.Warning("disk", $"A sync of the disk under {folder} takes {median.TotalMilliseconds:0} ms. Each batch of messages waits for one.",
            "Use a local disk that is made for it, or, if the latest messages may be lost with the power, Store:Synchronous=Normal.")
        : Finding.Fine("disk", $"A sync takes {median.TotalMilliseconds.ToString("0.##", CultureInfo.InvariantCulture)} ms.");

    public static Finding JudgeMemory(long bytes) => bytes < EnoughMemory
        ? Finding.Warning("limits", $"A process gets {bytes >> 20} MiB of memory here.", "Give the server 512 MiB.")
        : Finding.Fine("limits", $"{bytes >> 20} MiB of memory.");

    public static Finding JudgeFiles(long files) => files < EnoughFiles
        ? Finding.Warning("limits", $"A process may open {files} files here. Each connection, in and out, is one.", "Raise the limit: LimitNOFILE= of the service, or ulimit -n.")
        : Finding.Fine("limits", $"{files} open files.");

    private static TimeSpan MeasureSync(string folder, TimeProvider time)
    {
        var path = Path.Combine(folder, $".doctor-{Environment.ProcessId}");
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        var took = new List<TimeSpan>();
        for (var i = 0; i < Syncs; i++)
        {
            var start = time.GetTimestamp();
            file.Write(new byte[4096]);
            file.Flush(flushToDisk: true);
            took.Add(time.GetElapsedTime(start));
        }
        took.Sort();
        return took[Syncs / 2];
    }

    // Soft limits are what counts: "Max open files            1024                 1048576              files".
    private static long? OpenFiles()
    {
        const string limits = "/proc/self/limits", name = "Max open files";
        var line = File.Exists(limits) ? File.ReadLines(limits).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) : null;
        return line is not null && long.TryParse(line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture, out var files) ? files : null;
    }
}
