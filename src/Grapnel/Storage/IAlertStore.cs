namespace Grapnel.Storage;

/// <summary>
/// Alerts, over all nodes and restarts: of nodes that see the same at once, one is to tell of it, and a process that starts again does not tell of what
/// was told.
/// </summary>
public interface IAlertStore
{
    /// <summary>
    /// Notes that something is the matter, as of <see cref="Alert.SeenAt"/>. True for the one who is to tell people: when it is new, or was over, or was told
    /// <paramref name="repeatAfter"/> ago, or nobody was told of it yet.
    /// </summary>
    /// <param name="alert">What is the matter. Of one that goes on, only text and time are taken over.</param>
    /// <param name="repeatAfter">The time after which it is told again; null for never.</param>
    /// <param name="mail">Whether telling includes a mail.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<bool> RaiseAsync(Alert alert, TimeSpan? repeatAfter, bool mail, CancellationToken cancellationToken);

    /// <summary>Notes that alerts that go on were seen, and nothing else about them; not many at once.</summary>
    Task SeenAsync(IReadOnlyList<string> keys, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>All alerts, those that are over and not mailed yet included.</summary>
    Task<IReadOnlyList<Alert>> ReadAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Notes that something is over, unless somebody has seen it since <paramref name="alert"/> was read. True for the one who is to tell people. Without a
    /// mail to send it is forgotten at once.
    /// </summary>
    Task<bool> EndAsync(Alert alert, DateTimeOffset at, bool mail, CancellationToken cancellationToken);

    /// <summary>Takes alerts that are to be mailed by <paramref name="now"/>; nobody else gets them before <paramref name="until"/>.</summary>
    Task<IReadOnlyList<Alert>> TakeMailAsync(DateTimeOffset now, DateTimeOffset until, int limit, CancellationToken cancellationToken);

    /// <summary>Notes that an alert was mailed as it was taken. What became of it since is mailed still; one that is over is forgotten.</summary>
    Task MailedAsync(Alert alert, CancellationToken cancellationToken);

    /// <summary>
    /// When the oldest message was accepted that is late for no reason of its endpoint: not tried yet, not for later, and owed to an endpoint that is enabled,
    /// not paused, and did not fail last. Null when there is none.
    /// </summary>
    Task<DateTimeOffset?> FindOldestWaitingAsync(CancellationToken cancellationToken);

    /// <summary>Enabled endpoints that have done nothing but fail since <paramref name="until"/> or longer, a page of them, the one that has failed longest first.</summary>
    Task<IReadOnlyList<AilingEndpoint>> ReadFailingAsync(DateTimeOffset until, AilingEndpoint? after, int limit, CancellationToken cancellationToken);

    /// <summary>Endpoints that the engine disabled, a page of them, the one that changed last at the end.</summary>
    Task<IReadOnlyList<AilingEndpoint>> ReadDisabledAsync(AilingEndpoint? after, int limit, CancellationToken cancellationToken);
}

/// <summary>What is the matter with an endpoint.</summary>
/// <param name="Id">The endpoint.</param>
/// <param name="ApplicationId">Whose it is.</param>
/// <param name="Uid">What its owner calls it, or null.</param>
/// <param name="Since">Since when it has done nothing but fail; of one that is disabled, when it changed last.</param>
/// <param name="DisabledReason">Why the engine disabled it, or null.</param>
public sealed record AilingEndpoint(Id<Endpoint> Id, Id<Application> ApplicationId, string? Uid, DateTimeOffset Since, EndpointDisabledReason? DisabledReason);
