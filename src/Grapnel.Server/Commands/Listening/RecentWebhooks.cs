namespace Grapnel.Server.Commands.Listening;

/// <summary>The last twenty webhooks.</summary>
internal sealed class RecentWebhooks
{
    private const int Capacity = 20;

    private readonly Lock _lock = new();
    private readonly Queue<ReceivedWebhook> _webhooks = new(Capacity);

    public void Add(ReceivedWebhook webhook)
    {
        lock (_lock)
        {
            if (_webhooks.Count == Capacity)
                _webhooks.Dequeue();
            _webhooks.Enqueue(webhook);
        }
    }

    public IReadOnlyList<ReceivedWebhook> Newest()
    {
        lock (_lock)
            return [.. _webhooks.Reverse()];
    }
}
