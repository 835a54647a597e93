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
    private readonly RouteCache _routes;
    private readonly GrapnelMetrics _metrics;
    private readonly ILogger<Acceptor> _logger;
    private readonly Channel<Waiting> _channel;
    private readonly Task _loop;
    private readonly TimeProvider _time;
    private long _waitingBytes;
    private long _failedAt;

    /// <summary>Starts accepting.</summary>
    public Acceptor(
        IDeliveryStore store, Dispatcher dispatcher, RouteCache routes, GrapnelMetrics metrics, IOptions<PublishingOptions> options, TimeProvider time,
        ILogger<Acceptor> logger)
    {
        _store = store;
        _dispatcher = dispatcher;
        _routes = routes;
        _metrics = metrics;
        _logger = logger;
        _channel = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(options.Value.MaxWaiting) { SingleReader = true });
        _time = time;
        metrics.ObserveWaiting(() => _channel.Reader.Count);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Ends with the acceptor; earlier only if it broke.</summary>
    internal Task Completion => _loop;

    /// <summary>Whether the last commit failed, and that not longer ago.</summary>
    internal bool HasFailedWithin(TimeSpan time) => Volatile.Read(ref _failedAt) is not 0 and var at && _time.GetElapsedTime(at) < time;

    /// <summary>Stores a message; null when the store cannot take it now. <paramref name="decisions"/> carries the endpoints' settings to their lanes.</summary>
    internal Task<AcceptReceipt?> AcceptAsync(AcceptItem item, IReadOnlyList<RouteDecision> decisions)
    {
        var waiting = new WaitingMessage(new RoutedItem(item, decisions));
        return TryEnqueue(waiting) ? waiting.Receipt : Task.FromResult<AcceptReceipt?>(null);
    }

    /// <summary>Stores messages in one transaction; null when the store cannot take them now.</summary>
    internal Task<AcceptReceipt[]?> AcceptAsync(RoutedItem[] items)
    {
        var waiting = new WaitingBatch(items);
        return TryEnqueue(waiting) ? waiting.Receipts : Task.FromResult<AcceptReceipt[]?>(null);
    }

    /// <summary>Stores manual deliveries of a message that is stored already; false when the store cannot take them now.</summary>
    internal Task<bool> ResendAsync(Message message, IReadOnlyList<Endpoint> endpoints)
    {
        var waiting = new WaitingResend(message, endpoints);
        return TryEnqueue(waiting) ? waiting.Done : Task.FromResult(false);
    }

    private bool TryEnqueue(Waiting waiting)
    {
        // Requests and their bytes both have a bound: with a store that stands still, memory must not grow with what comes in.
        if (Interlocked.Add(ref _waitingBytes, waiting.Bytes) <= MaxWaitingBytes && _channel.Writer.TryWrite(waiting))
            return true;
        Interlocked.Add(ref _waitingBytes, -waiting.Bytes);
        return false;
    }

    private async Task RunAsync()
    {
        var requests = new List<Waiting>(MaxItems);
        var items = new List<RoutedItem>(MaxItems);
        while (await _channel.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            requests.Clear();
            items.Clear();
            Fill(requests, items);
            if (requests is [WaitingResend resend])
                await ResendAsync(resend).ConfigureAwait(false);
            else
                await AcceptAsync(requests, items).ConfigureAwait(false);
            foreach (var request in requests)
                Interlocked.Add(ref _waitingBytes, -request.Bytes);
        }
    }

    /// <summary>Takes what is waiting, up to the limits of one transaction, or a single resend. A batch is never divided.</summary>
    private void Fill(List<Waiting> requests, List<RoutedItem> items)
    {
        long bytes = 0;
        while (items.Count < MaxItems && bytes < MaxBytes && _channel.Reader.TryPeek(out var next))
        {
            if (requests.Count > 0 && (next is WaitingResend || items.Count + next.Count > MaxItems))
                return;
            _channel.Reader.TryRead(out _);
            requests.Add(next);
            next.AddTo(items);
            bytes += next.Bytes;
            if (next is WaitingResend)
                return;
        }
    }

    private async Task AcceptAsync(List<Waiting> requests, List<RoutedItem> routed)
    {
        AcceptItem[] items;
        AcceptResult result;
        try
        {
            (items, result) = await StoreAsync(requests, routed).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            LogStoreFailed(_logger, e, routed.Count);
            _metrics.RefusedMessages();
            Volatile.Write(ref _failedAt, Math.Max(1, _time.GetTimestamp()));
            foreach (var request in requests)
                request.Refuse();
            _dispatcher.NotAccepted();
            return;
        }
        Volatile.Write(ref _failedAt, 0);
        // Durable. The lanes get it before the publisher gets its answer: both only take a moment, and the webhook is what counts.
        _dispatcher.Accepted(routed, result);
        var first = 0;
        foreach (var request in requests)
        {
            request.Answer(result.Receipts, first);
            first += request.Count;
        }
        var accepted = 0;
        for (var i = 0; i < items.Length; i++)
            accepted += result.Receipts[i].Status == AcceptStatus.Accepted ? 1 : 0;
        _metrics.Accepted(accepted);
    }

    /// <summary>
    /// Stores a batch. Where nodes share the store, one of them may have changed an endpoint that this one still routes by: then nothing is stored, and
    /// what was routed by it goes back to be routed again, so that an endpoint gets the very next message whichever node it is published to.
    /// </summary>
    private async Task<(AcceptItem[] Items, AcceptResult Result)> StoreAsync(List<Waiting> requests, List<RoutedItem> routed)
    {
        while (true)
        {
            long? version = _store.IsShared ? _routes.Version : null;
            if (version is not null)
                SendBackOutdated(requests, routed);
            var items = new AcceptItem[routed.Count];
            for (var i = 0; i < items.Length; i++)
                items[i] = routed[i].Item;
            if (items.Length == 0)
                return (items, new AcceptResult([], []));
            var batch = new AcceptBatch(_dispatcher.Node, items, _dispatcher.LanesToTake(items)) { RouteVersion = version };
            var begun = GrapnelMetrics.Moment();
            var result = await _store.AcceptAsync(batch, CancellationToken.None).ConfigureAwait(false);
            if (!result.IsStale)
            {
                _metrics.StoredMessages(items.Length, begun);
                return (items, result);
            }
            await _routes.RefreshAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private void SendBackOutdated(List<Waiting> requests, List<RoutedItem> routed)
    {
        if (routed.TrueForAll(IsCurrent))
            return;
        var kept = new List<RoutedItem>(routed.Count);
        var first = 0;
        foreach (var request in requests.ToList())
        {
            var items = routed.GetRange(first, request.Count);
            first += request.Count;
            if (items.TrueForAll(IsCurrent))
            {
                kept.AddRange(items);
                continue;
            }
            requests.Remove(request);
            Interlocked.Add(ref _waitingBytes, -request.Bytes);
            request.SendBack();
        }
        routed.Clear();
        routed.AddRange(kept);
    }

    private bool IsCurrent(RoutedItem item) =>
        item.Item.Message is var message && (message.RouteVersion == Message.Addressed || _routes.IsCurrent(message.ApplicationId, message.RouteVersion));

    private async Task ResendAsync(WaitingResend resend)
    {
        try
        {
            _dispatcher.Resent(await _store.ResendAsync(resend.Message, [.. resend.Endpoints.Select(e => e.Id)], CancellationToken.None).ConfigureAwait(false));
            resend.Answer([], 0);
        }
        catch (Exception e)
        {
            LogStoreFailed(_logger, e, 1);
            resend.Refuse();
        }
    }

    /// <summary>Refuses what comes from now on and finishes what was waiting.</summary>
    public async ValueTask DisposeAsync()
    {
        _channel.Writer.TryComplete();
        await _loop.ConfigureAwait(false);
    }
}
