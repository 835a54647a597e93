using System.Diagnostics;

namespace Grapnel.Bench.Tools;

/// <summary>One stretch of publishing at full speed, until the last of it is settled.</summary>
/// <param name="Events">Events accepted.</param>
/// <param name="Deliveries">Deliveries settled.</param>
/// <param name="Elapsed">From the first publish until the last delivery was settled.</param>
/// <param name="Cpu">CPU time of the server process meanwhile.</param>
internal sealed record Flow(long Events, long Deliveries, TimeSpan Elapsed, TimeSpan Cpu)
{
    /// <summary>Publishers at once.</summary>
    public const int Connections = 64;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromMinutes(10);

    public double DeliveriesPerSecond => Deliveries / Elapsed.TotalSeconds;

    public double CpuMicroseconds => Cpu.TotalMicroseconds / Deliveries;

    /// <summary>
    /// Publishes for a time and waits until nothing of it is pending any more. The few publishes whose answer came too late to be counted
    /// have to be settled as well: they cost time, and are not in the figure.
    /// </summary>
    /// <param name="server">Where to publish.</param>
    /// <param name="eventType">What to publish.</param>
    /// <param name="endpoints">How many endpoints each event is owed to.</param>
    /// <param name="seconds">For how long.</param>
    /// <param name="folder">For files of the load generator.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<Flow> MeasureAsync(
        GrapnelProcess server, string eventType, int endpoints, int seconds, string folder, CancellationToken cancel)
    {
        var (pending, cpu, start) = (server.Pending, server.Cpu, Stopwatch.GetTimestamp());
        var events = await Wrk.PublishAsync(server, eventType, Connections, seconds, folder, cancel);
        while (server.Pending > pending)
        {
            if (Stopwatch.GetElapsedTime(start) > DrainLimit)
                throw new BenchException($"{server.Pending - pending:N0} deliveries are not settled after {DrainLimit.TotalMinutes} min.");
            await Task.Delay(Poll, TimeProvider.System, cancel);
        }
        return new Flow(events, events * endpoints, Stopwatch.GetElapsedTime(start), server.Cpu - cpu);
    }
}
