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

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromMinutes(10);

    public double DeliveriesPerSecond => Deliveries / Elapsed.TotalSeconds;

    public double CpuMicroseconds => Cpu.TotalMicroseconds / Deliveries;

    /// <summary>
    /// Publishes for a time and waits for the rest. The few publishes whose answer came too late to be counted are settled in that time too,
    /// and are counted on neither side.
    /// </summary>
    public static async Task<Flow> MeasureAsync(
        GrapnelProcess server, string eventType, IReadOnlyList<string> endpoints, int seconds, string folder, CancellationToken cancellationToken)
    {
        var before = await SettledAsync(server, endpoints, cancellationToken);
        var cpu = server.Cpu;
        var start = Stopwatch.GetTimestamp();
        var events = await Wrk.PublishAsync(server, eventType, Connections, seconds, folder, cancellationToken);
        var deliveries = events * endpoints.Count;
        while (await SettledAsync(server, endpoints, cancellationToken) - before < deliveries)
        {
            if (Stopwatch.GetElapsedTime(start) > DrainLimit)
                throw new BenchException($"Of {deliveries:N0} deliveries, not all were settled within {DrainLimit.TotalMinutes} minutes.");
            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        }
        var flow = new Flow(events, deliveries, Stopwatch.GetElapsedTime(start), server.Cpu - cpu);
        await WaitUntilQuietAsync(server, endpoints, cancellationToken);
        return flow;
    }

    /// <summary>The next stretch should not pay for what this one left over.</summary>
    private static async Task WaitUntilQuietAsync(GrapnelProcess server, IReadOnlyList<string> endpoints, CancellationToken cancellationToken)
    {
        for (var (last, now) = (-1L, 0L); last != now;)
        {
            last = await SettledAsync(server, endpoints, cancellationToken);
            await Task.Delay(Quiet, TimeProvider.System, cancellationToken);
            now = await SettledAsync(server, endpoints, cancellationToken);
        }
    }

    private static async Task<long> SettledAsync(GrapnelProcess server, IReadOnlyList<string> endpoints, CancellationToken cancellationToken)
    {
        var counts = await Task.WhenAll(endpoints.Select(endpoint => server.Api.DeliveredAsync(endpoint, cancellationToken)));
        return counts.Sum();
    }
}
