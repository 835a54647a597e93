using System.Threading.Channels;
using Grapnel.Storage;
using Microsoft.Extensions.Logging;

namespace Grapnel.Dispatching;

/// <summary>
/// Group commit of what came out: attempts, delivery states and health of everything that finished while the last transaction ran.
/// While the store takes no writes, outcomes wait here and the dispatcher, which counts them, sends no more.
/// </summary>
internal sealed partial class Settler : IAsyncDisposable
{
    private const int MaxFlights = 1_000;
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(250);

    // A store that nodes share pays for every transaction with several round trips and a sync of its own. Under load, outcomes that nobody waits for
    // gather for as long as this between the beginnings of two.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(10);

    private readonly IDeliveryStore _store;
    private readonly TimeProvider _time;
    private readonly GrapnelMetrics _metrics;
    private readonly ILogger<Settler> _logger;
    private readonly Channel<object> _channel = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _giveUp = new();
    private readonly Task _loop;
    private long _lastWrite;
    private volatile TaskCompletionSource _hurry = NewHurry();

    /// <summary>Starts settling.</summary>
    public Settler(IDeliveryStore store, TimeProvider time, GrapnelMetrics metrics, ILogger<Settler> logger)
    {
        _metrics = metrics;
        _store = store;
        _time = time;
        _logger = logger;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>The node in whose name outcomes are recorded.</summary>
    internal Id<Node> Node { get; set; }

    /// <summary>Ends with the settler; earlier only if it broke.</summary>
    internal Task Completion => _loop;

    /// <summary>Raised after a batch became durable.</summary>
    internal event Action<IReadOnlyList<Flight>>? Settled;

    /// <summary>Raised when a batch was given up, because the node has been expelled or because it stops.</summary>
    internal event Action<IReadOnlyList<Flight>>? Dropped;

    /// <summary>Raised, with the node of the batch, when the store refused one because that node has been expelled.</summary>
    internal event Action<Id<Node>>? Expelled;

    internal void Settle(Flight flight)
    {
        _channel.Writer.TryWrite(flight);
        // One that its lane waits for.
        if (flight.Endpoint.Ordered)
            _hurry.TrySetResult();
    }

    /// <summary>Gives idle lanes back; the task ends when that is durable.</summary>
    internal Task ReleaseAsync(IReadOnlyList<Id<Endpoint>> lanes)
    {
        var release = new Release(lanes);
        if (!_channel.Writer.TryWrite(release))
            return Task.CompletedTask;
        _hurry.TrySetResult();
        return release.Done.Task;
    }

    private async Task RunAsync()
    {
        var flights = new List<Flight>(MaxFlights);
        var releases = new List<Release>();
        while (await _channel.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            flights.Clear();
            releases.Clear();
            if (_store.IsShared)
                await GatherAsync().ConfigureAwait(false);
            while (flights.Count < MaxFlights && _channel.Reader.TryRead(out var item))
            {
                if (item is Flight flight)
                    flights.Add(flight);
                else
                    releases.Add((Release)item);
            }
            DropOutlived(flights);
            _lastWrite = _time.GetTimestamp();
            var durable = await WriteAsync(BatchOf(flights, releases)).ConfigureAwait(false);
            (durable ? Settled : Dropped)?.Invoke(flights);
            foreach (var release in releases)
                release.Done.SetResult();
        }
    }

    private async Task GatherAsync()
    {
        var rest = Gathering - _time.GetElapsedTime(_lastWrite);
        if (rest > TimeSpan.Zero)
            await Task.WhenAny(_hurry.Task, Task.Delay(rest, _time)).ConfigureAwait(false);
        if (_hurry.Task.IsCompleted)
            _hurry = NewHurry();
    }

    private static TaskCompletionSource NewHurry() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Gives up what was sent in the name of a node that has been expelled: this process joined again under another id, and another node may own those
    /// lanes now.
    /// </summary>
    private void DropOutlived(List<Flight> flights)
    {
        var outlived = flights.FindAll(flight => flight.Lane.Node != Node);
        if (outlived.Count == 0)
            return;
        flights.RemoveAll(flight => flight.Lane.Node != Node);
        LogExpelled(_logger, outlived.Count);
        Dropped?.Invoke(outlived);
    }

    private SettleBatch BatchOf(List<Flight> flights, List<Release> releases)
    {
        var settlements = new Settlement[flights.Count];
        Dictionary<Id<Endpoint>, EndpointHealth>? health = null;
        // An ordered lane sends nothing more before this is durable.
        var patient = releases.Count == 0;
        for (var i = 0; i < settlements.Length; i++)
        {
            settlements[i] = flights[i].Settlement!;
            if (flights[i].Health is { } changed)
                (health ??= [])[changed.EndpointId] = changed;
            patient &= !flights[i].Endpoint.Ordered;
        }
        return new SettleBatch(
            Node, settlements, health is null ? [] : [.. health.Values], releases.Count == 0 ? [] : [.. releases.SelectMany(r => r.Lanes)])
        {
            Patient = patient,
        };
    }

    /// <summary>Writes until the store takes it: these outcomes are known, and forgetting them would send again what was delivered.</summary>
    private async Task<bool> WriteAsync(SettleBatch batch)
    {
        while (true)
        {
            try
            {
                var begun = GrapnelMetrics.Moment();
                if (await _store.SettleAsync(batch, CancellationToken.None).ConfigureAwait(false))
                {
                    _metrics.StoredOutcomes(batch.Settlements.Count, begun);
                    return true;
                }
                LogExpelled(_logger, batch.Settlements.Count);
                Expelled?.Invoke(batch.Node);
                return false;
            }
            catch (Exception e)
            {
                LogStoreFailed(_logger, e, batch.Settlements.Count);
                _metrics.RefusedOutcomes();
            }
            try
            {
                await Task.Delay(RetryPause, _time, _giveUp.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
    }

    /// <summary>Settles what is waiting and ends. A store that takes nothing now is not waited for: those deliveries are sent again later.</summary>
    public async ValueTask DisposeAsync()
    {
        _channel.Writer.TryComplete();
        _hurry.TrySetResult();
        await _giveUp.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
    }

    private sealed record Release(IReadOnlyList<Id<Endpoint>> Lanes)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
