namespace Grapnel.Storage;

/// <summary>
/// The memory of answered requests, for those that are not publishes: a publish is remembered in the transaction that stores its messages,
/// see <see cref="IDeliveryStore.AcceptAsync"/>. Both share one set of keys.
/// </summary>
public interface IIdempotencyStore
{
    /// <summary>The entry of a key, or null when there is none or its time is over.</summary>
    Task<IdempotencyEntry?> FindAsync(UInt128 key, CancellationToken cancellationToken);

    /// <summary>Remembers an answer; does nothing when the key is known.</summary>
    Task AddAsync(IdempotencyEntry entry, CancellationToken cancellationToken);

    /// <summary>
    /// Waits until no other node works under the key, and keeps others waiting until what is returned is disposed, or this process ends. Between callers
    /// of one node it does not have to tell apart.
    /// </summary>
    /// <exception cref="StoreUnavailableException">It took too long.</exception>
    Task<IAsyncDisposable> EnterAsync(UInt128 key, CancellationToken cancellationToken);
}
