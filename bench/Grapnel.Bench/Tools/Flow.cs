using System.Diagnostics;

namespace Grapnel.Bench.Tools;

/// <summary>One stretch of publishing at full speed, until the last of it is settled.</summary>
/// <param name="Events">Events accepted.</param>
/// <param name="Deliveries">Deliveries settled.</param>
/// <param name="Elapsed">From the first publish until the last delivery was settled.</param>
/// <param name="Cpu">CPU time of the server process meanwhile.</param>
internal sealed record Flow(long Events, long Deliveries, TimeSpan Elapsed, TimeSpan Cpu)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromMinutes(10);

    public double DeliveriesPerSecond => Deliveries / Elapsed.TotalSeconds;

    public double CpuMicrosecondsPerEvent => Cpu.TotalMicroseconds / Events;

    public double CpuMicrosecondsPerDelivery => Cpu.TotalMicroseconds / Deliveries;

    /// <summary>
    /// Publishes for a time and waits until nothing of it is pending any more. The few publishes whose answer came too late to be counted
    /// have to be settled as well: they cost time, and are not in the figure.
    /// </summary>
    /// <param name="server">Where to publish.</param>
    /// <param name="endpoints">How many endpoints each event is owed to.</param>
    /// <param name="publish">Publishes for a time, and returns how many events were accepted.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<Flow> MeasureAsync(
        GrapnelProcess server, int endpoints, Func<Task<long>> publish, CancellationToken cancel)
    {
        var (pending, cpu, start) = (server.Pending, server.Cpu, Stopwatch.GetTimestamp());
        var events = await publish();
        while (server.Pending > pending)
        {
            if (Stopwatch.GetElapsedTime(start) > DrainLimit)
                throw new BenchException($"{server.Pending - pending:N0} deliveries are not settled after {DrainLimit.TotalMinutes} min.");
            await Task.Delay(Poll, TimeProvider.System, cancel);
        }
        return new Flow(events, events * endpoints, Stopwatch.GetElapsedTime(start), server.Cpu - cpu);
    }
}
