using System.Runtime.InteropServices;

namespace Grapnel.Server.Hosting;

/// <summary>
/// Has Linux schedule this process as batch work (SCHED_BATCH, sched(7)): its share of the processors stays the same, but a thread of it
/// that wakes up does not interrupt the one that is running. On a machine that is busy, what arrives from the network is then taken in by
/// the handful instead of one at a time, with a switch of threads for each; on one that is not, a free processor takes the thread at once.
/// </summary>
internal static partial class BatchScheduling
{
    private const int Batch = 3;

    /// <summary>
    /// Asks for the calling thread, and so for every thread that descends from it: call it before the process has made its own. Where it is
    /// not granted (not Linux, musl, a sandbox), nothing changes.
    /// </summary>
    public static void Ask()
    {
        // The priority that goes with it; for batch work it is always 0.
        var priority = 0;
        if (OperatingSystem.IsLinux())
            _ = SetScheduler(0, Batch, ref priority);
    }

    [LibraryImport("libc", EntryPoint = "sched_setscheduler")]
    private static partial int SetScheduler(int thread, int policy, ref int priority);
}
