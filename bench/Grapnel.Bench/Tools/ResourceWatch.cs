namespace Grapnel.Bench.Tools;

/// <summary>Looks at a process twice a second and remembers the most threads and sockets it ever had.</summary>
internal sealed class ResourceWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private readonly int _pid;
    private readonly ITimer _timer;

    public ResourceWatch(int pid)
    {
        _pid = pid;
        _timer = TimeProvider.System.CreateTimer(_ => Look(), null, TimeSpan.Zero, Interval);
    }

    public int MostThreads { get; private set; }

    public int MostSockets { get; private set; }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        try
        {
            MostThreads = Math.Max(MostThreads, ProcFs.Threads(_pid));
            MostSockets = Math.Max(MostSockets, ProcFs.Sockets(_pid));
        }
        catch (IOException)
        {
            // What was listed a moment ago is gone; the next look will do.
        }
    }
}
