using System.Collections.Concurrent;
using System.Diagnostics;
using Grapnel.Bench.Reporting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Grapnel.Bench.Tools;

/// <summary>Publishes at a steady rate and receives what it published: from "trigger sent" to "received", on one clock.</summary>
internal sealed class LatencyProbe : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan ArrivalLimit = TimeSpan.FromSeconds(60);
    private readonly ConcurrentDictionary<long, Flight> _flights = new();
    private readonly WebApplication _receiver;
    private long _number;

    private LatencyProbe(WebApplication receiver) => _receiver = receiver;

    /// <summary>Where to deliver to.</summary>
    public string Url => _receiver.Urls.Single();

    public static async Task<LatencyProbe> StartAsync(CancellationToken cancel)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var probe = new LatencyProbe(app);
        app.MapPost("/{**path}", probe.ReceiveAsync);
        await app.StartAsync(cancel);
        return probe;
    }

    /// <summary>Publishes for a time, never waiting for an answer before the next one is due. Returns milliseconds.</summary>
    /// <param name="server">Where to publish.</param>
    /// <param name="eventTypes">Taken in turn.</param>
    /// <param name="perSecond">Events per second.</param>
    /// <param name="seconds">For how long.</param>
    /// <param name="cancel">Gives up.</param>
    public Task<Percentiles> MeasureAsync(
        GrapnelProcess server, IReadOnlyList<string> eventTypes, int perSecond, int seconds, CancellationToken cancel) =>
        MeasureAsync((n, body) => server.Api.TryTriggerAsync(eventTypes[n % eventTypes.Count], body, cancel), perSecond, seconds, cancel);

    /// <summary>The same, for events that are published in another way: told their number, and their body.</summary>
    public async Task<Percentiles> MeasureAsync(
        Func<int, ReadOnlyMemory<byte>, Task<bool>> publish, int perSecond, int seconds, CancellationToken cancel) =>
        new(await Pace.RunAsync(perSecond, seconds, n => FlyAsync(body => publish(n, body), cancel), cancel));

    /// <summary>Publishes one event, again and again until it is accepted, and returns when it has arrived.</summary>
    public async Task FirstAsync(GrapnelProcess server, string eventType, CancellationToken cancel)
    {
        var (flight, body) = Prepare();
        while (!await server.Api.TryTriggerAsync(eventType, body, cancel))
            await Task.Delay(Tick, TimeProvider.System, cancel);
        await flight.Arrived.Task.WaitAsync(ArrivalLimit, cancel);
    }

    public ValueTask DisposeAsync() => _receiver.DisposeAsync();

    private async Task<double> FlyAsync(Func<ReadOnlyMemory<byte>, Task<bool>> publish, CancellationToken cancel)
    {
        var (flight, body) = Prepare();
        if (!await publish(body))
            throw new BenchException("A publish was refused.");
        return await flight.Arrived.Task.WaitAsync(ArrivalLimit, cancel);
    }

    private (Flight Flight, ReadOnlyMemory<byte> Body) Prepare()
    {
        var number = Interlocked.Increment(ref _number);
        var body = System.Text.Encoding.ASCII.GetBytes(Body.Numbered(number));
        return (_flights[number] = new Flight(), body);
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        var body = new byte[Body.Size];
        await context.Request.Body.ReadExactlyAsync(body, context.RequestAborted);
        if (_flights.TryRemove(Body.ReadNumber(body), out var flight))
            flight.Arrive();
    }

    private sealed class Flight
    {
        private readonly long _sentAt = Stopwatch.GetTimestamp();

        public TaskCompletionSource<double> Arrived { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Arrive() => Arrived.TrySetResult(Stopwatch.GetElapsedTime(_sentAt).TotalMilliseconds);
    }
}
