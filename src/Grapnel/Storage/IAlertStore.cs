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
}
