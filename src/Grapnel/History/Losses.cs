using Grapnel.Storage;

namespace Grapnel.History;

/// <summary>What would be lost by deleting something, in numbers that stay cheap: each is counted up to <see cref="Limit"/>.</summary>
internal sealed class Losses(IHistoryStore history)
{
    /// <summary>How far is counted.</summary>
    public const int Limit = 10_000;

    /// <summary>Pending deliveries that would never be made.</summary>
    public Task<CappedCount> OfEndpointAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) =>
        history.CountPendingAsync(endpoint, Limit, cancellationToken);

    /// <summary>Endpoints, messages that nobody could find any more, and pending deliveries that would never be made.</summary>
    public Task<ApplicationContents> OfApplicationAsync(Id<Application> application, CancellationToken cancellationToken) =>
        history.CountContentsAsync(application, Limit, cancellationToken);
}
