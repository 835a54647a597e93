using Grapnel.Storage;

namespace Grapnel.Publishing;

/// <summary>A message to store, and what routing decided about it, with which its lanes are opened.</summary>
internal readonly record struct RoutedItem(AcceptItem Item, IReadOnlyList<RouteDecision> Decisions);

/// <summary>A request on its way into the store, and whoever waits for it.</summary>
internal abstract class Waiting
{
    /// <summary>How many messages it stores.</summary>
    public abstract int Count { get; }

    /// <summary>The memory that it takes while it waits, near enough.</summary>
    public abstract long Bytes { get; }

    public abstract void AddTo(List<RoutedItem> items);

    /// <summary>It is durable: its receipts begin at <paramref name="first"/>.</summary>
    public abstract void Answer(IReadOnlyList<AcceptReceipt> receipts, int first);

    /// <summary>The store did not take it.</summary>
    public abstract void Refuse();

    /// <summary>Its routes are out of date: whoever waits has to find them anew.</summary>
    public abstract void SendBack();

    protected static long BytesOf(Message message) => 512 + (message.Payload?.Length ?? 0);
}

/// <summary>One message.</summary>
internal sealed class WaitingMessage(RoutedItem item) : Waiting
{
    private readonly TaskCompletionSource<AcceptReceipt?> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<AcceptReceipt?> Receipt => _source.Task;

    public override int Count => 1;

    public override long Bytes => BytesOf(item.Item.Message);

    public override void AddTo(List<RoutedItem> items) => items.Add(item);

    public override void Answer(IReadOnlyList<AcceptReceipt> receipts, int first) => _source.SetResult(receipts[first]);

    public override void Refuse() => _source.SetResult(null);

    public override void SendBack() => _source.SetResult(new AcceptReceipt(AcceptStatus.RoutesChanged));
}

/// <summary>Messages that are stored together or not at all.</summary>
internal sealed class WaitingBatch(RoutedItem[] batch) : Waiting
{
    private readonly TaskCompletionSource<AcceptReceipt[]?> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<AcceptReceipt[]?> Receipts => _source.Task;

    public override int Count => batch.Length;

    public override long Bytes { get; } = batch.Sum(item => BytesOf(item.Item.Message));

    public override void AddTo(List<RoutedItem> items) => items.AddRange(batch);

    public override void Answer(IReadOnlyList<AcceptReceipt> receipts, int first) =>
        _source.SetResult([.. receipts.Skip(first).Take(batch.Length)]);

    public override void Refuse() => _source.SetResult(null);

    public override void SendBack() => _source.SetResult([.. batch.Select(_ => new AcceptReceipt(AcceptStatus.RoutesChanged))]);
}

/// <summary>A message that is stored already, to be sent to endpoints once more.</summary>
internal sealed class WaitingResend(Message message, IReadOnlyList<Endpoint> endpoints) : Waiting
{
    private readonly TaskCompletionSource<bool> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<bool> Done => _source.Task;

    public Message Message => message;

    public IReadOnlyList<Endpoint> Endpoints => endpoints;

    public override int Count => 0;

    public override long Bytes => BytesOf(message);

    public override void AddTo(List<RoutedItem> items) { }

    public override void Answer(IReadOnlyList<AcceptReceipt> receipts, int first) => _source.SetResult(true);

    public override void Refuse() => _source.SetResult(false);

    public override void SendBack() => Refuse();
}
