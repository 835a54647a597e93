namespace Grapnel.Receiving;

/// <summary>
/// Runs the handler of a webhook once. Senders deliver at least once: a webhook whose answer was lost comes again, with the same id. The default,
/// <see cref="MemoryWebhookInbox"/>, is for one process and forgets when it ends; the README shows one that keeps ids in a database, in the same
/// transaction as what the handler writes.
/// </summary>
public interface IWebhookInbox
{
    /// <summary>
    /// Runs the handler unless the webhook was handled before, by route and id, and remembers that it was. Of two calls for the same webhook at the same
    /// time the second one waits for the first.
    /// </summary>
    /// <param name="webhook">What came.</param>
    /// <param name="handler">Handles it. When it throws, the call throws the same, and remembers nothing.</param>
    /// <returns>False when it was handled before.</returns>
    Task<bool> HandleOnceAsync(Webhook webhook, Func<Webhook, Task> handler);
}
