using System.Threading.Channels;
using Grapnel.Dispatching;
using Grapnel.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grapnel.Publishing;

/// <summary>
/// Group commit of what comes in: whatever arrived while the last transaction ran goes into the next one. There is no timer to wait for:
/// alone, a message is committed at once; under load, hundreds share one commit. A single loop also means that deliveries reach the
/// dispatcher in the order of their places.
/// </summary>
internal sealed partial class Acceptor : IAsyncDisposable
{
    private const int MaxItems = 1_000;
    private const long MaxBytes = 8 << 20;
    private const long MaxWaitingBytes = 64 << 20;

    private readonly IDeliveryStore _store;
    private readonly Dispatcher _dispatcher;
    private readonly GrapnelMetrics _metrics;
    private readonly ILogger<Acceptor> _logger;
    private readonly Channel<Waiting> _channel;
    private readonly Task _loop;
    private long _waitingBytes;

    /// <summary>Starts accepting.</summary>
    public Acceptor(
        IDeliveryStore store, Dispatcher dispatcher, GrapnelMetrics metrics, IOptions<PublishingOptions> options, ILogger<Acceptor> logger)
    {
        _store = store;
        _dispatcher = dispatcher;
        _metrics = metrics;
        _logger = logger;
        _channel = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(options.Value.MaxWaiting) { SingleReader = true });
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Ends with the acceptor; earlier only if it broke.</summary>
    internal Task Completion => _loop;

    /// <summary>Stores a message; null when the store cannot take it now. <paramref name="decisions"/> carries the endpoints' settings to their lanes.</summary>
    internal Task<AcceptReceipt?> AcceptAsync(AcceptItem item, IReadOnlyList<RouteDecision> decisions) =>
        EnqueueAsync(new Waiting(item, decisions, null));

    /// <summary>Stores manual deliveries of a message that is stored already; null when the store cannot take them now.</summary>
    internal Task<AcceptReceipt?> ResendAsync(Message message, IReadOnlyList<Endpoint> endpoints) =>
        EnqueueAsync(new Waiting(new AcceptItem(message, [.. endpoints.Select(e => e.Id)], null), [], endpoints));

    private Task<AcceptReceipt?> EnqueueAsync(Waiting waiting)
    {
        // Messages and their bytes both have a bound: with a store that stands still, memory must not grow with what comes in.
        if (Interlocked.Add(ref _waitingBytes, waiting.Bytes) <= MaxWaitingBytes && _channel.Writer.TryWrite(waiting))
            return waiting.Receipt.Task;
        Interlocked.Add(ref _waitingBytes, -waiting.Bytes);
        return Task.FromResult<AcceptReceipt?>(null);
    }

    private async Task RunAsync()
    {
        var batch = new List<Waiting>(MaxItems);
        while (await _channel.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            batch.Clear();
            if (Fill(batch) is { } resend)
                await ResendAsync(resend).ConfigureAwait(false);
            else
                await AcceptAsync(batch).ConfigureAwait(false);
        }
    }

    /// <summary>Takes what is waiting, up to the limits of one transaction, or a single resend.</summary>
    private Waiting? Fill(List<Waiting> batch)
    {
        long bytes = 0;
        while (batch.Count < MaxItems && bytes < MaxBytes && _channel.Reader.TryPeek(out var next))
        {
            if (next.ResendTo is not null && batch.Count > 0)
                break;
            _channel.Reader.TryRead(out _);
            if (next.ResendTo is not null)
                return next;
            batch.Add(next);
            bytes += next.Bytes;
        }
        return null;
    }

    private async Task AcceptAsync(List<Waiting> batch)
    {
        var items = new AcceptItem[batch.Count];
        for (var i = 0; i < items.Length; i++)
            items[i] = batch[i].Item;
        AcceptResult result;
        try
        {
            var lanes = _dispatcher.LanesToTake(items);
            result = await _store.AcceptAsync(new AcceptBatch(_dispatcher.Node, items, lanes), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Fail(batch, e);
            return;
        }
        // Durable. The lanes get it before the publisher gets its answer: both only take a moment, and the webhook is what counts.
        _dispatcher.Accepted(batch, result);
        var accepted = 0;
        for (var i = 0; i < batch.Count; i++)
        {
            accepted += result.Receipts[i].Status == AcceptStatus.Accepted ? 1 : 0;
            Answer(batch[i], result.Receipts[i]);
        }
        _metrics.Accepted(accepted);
    }

    private async Task ResendAsync(Waiting waiting)
    {
        try
        {
            var resent = await _store.ResendAsync(_dispatcher.Node, waiting.Item.Message, waiting.Item.Endpoints, CancellationToken.None)
                .ConfigureAwait(false);
            _dispatcher.Resent(resent, waiting.ResendTo!);
            Answer(waiting, new AcceptReceipt(AcceptStatus.Accepted));
        }
        catch (Exception e)
        {
            Fail([waiting], e);
        }
    }

    private void Fail(List<Waiting> batch, Exception e)
    {
        LogStoreFailed(_logger, e, batch.Count);
        foreach (var waiting in batch)
            Answer(waiting, null);
    }

    private void Answer(Waiting waiting, AcceptReceipt? receipt)
    {
        Interlocked.Add(ref _waitingBytes, -waiting.Bytes);
        waiting.Receipt.SetResult(receipt);
    }

    /// <summary>Refuses what comes from now on and finishes what was waiting.</summary>
    public async ValueTask DisposeAsync()
    {
        _channel.Writer.TryComplete();
        await _loop.ConfigureAwait(false);
    }

    /// <summary>A message on its way into the store, and whoever waits for it.</summary>
    internal sealed record Waiting(AcceptItem Item, IReadOnlyList<RouteDecision> Decisions, IReadOnlyList<Endpoint>? ResendTo)
    {
        public long Bytes => Item.Message.Payload?.Length ?? 0;

        public TaskCompletionSource<AcceptReceipt?> Receipt { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
