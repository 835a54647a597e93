using Grapnel.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grapnel.Housekeeping;

/// <summary>Forgets history whose time is over, a little at a time, so that no publish waits behind it; and reads the backlog for the metrics.</summary>
internal sealed partial class Retention
{
    // On SQLite every publish waits behind the transaction of a step; one of 500 messages with three attempts each takes 40 ms.
    private const int MessagesAtOnce = 100;
    private const int AuditEntriesAtOnce = 500;
    private static readonly TimeSpan BacklogPeriod = TimeSpan.FromSeconds(10);

    private readonly IHistoryStore _history;
    private readonly IConsoleStore _console;
    private readonly TimeProvider _time;
    private readonly RetentionOptions _options;
    private readonly ILogger<Retention> _logger;
    private volatile Backlog _backlog = new(0, null);

    public Retention(
        IHistoryStore history, IConsoleStore console, TimeProvider time, GrapnelMetrics metrics, IOptions<RetentionOptions> options, ILogger<Retention> logger)
    {
        _history = history;
        _console = console;
        _time = time;
        _options = options.Value;
        _logger = logger;
        metrics.Observe(() => (_backlog.Pending, _backlog.OldestAcceptedAt is { } at ? (_time.GetUtcNow() - at).TotalSeconds : 0d));
    }

    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Periodic.RunAsync(_options.Interval, _time, PruneAsync, e => LogFailed(_logger, e), cancellationToken),
        Periodic.RunAsync(BacklogPeriod, _time, ReadBacklogAsync, e => LogFailed(_logger, e), cancellationToken));

    private async Task ReadBacklogAsync(CancellationToken cancellationToken) =>
        _backlog = await _history.ReadBacklogAsync(cancellationToken).ConfigureAwait(false);

    private async Task PruneAsync(CancellationToken cancellationToken)
    {
        await InStepsAsync<ContentPosition>(at => _history.ExpireContentAsync(at, MessagesAtOnce, cancellationToken), cancellationToken).ConfigureAwait(false);
        var now = _time.GetUtcNow();
        if (_options.Payloads is { } payloads)
            await UntilDoneAsync(() => _history.ExpirePayloadsAsync(now - payloads, MessagesAtOnce, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (_options.Attempts is { } attempts)
            await UntilDoneAsync(() => _history.ThinAttemptsAsync(now - attempts, MessagesAtOnce, cancellationToken), cancellationToken).ConfigureAwait(false);
        var before = now - _options.Messages;
        await InStepsAsync<PrunePosition>(at => _history.PruneAsync(before, at, MessagesAtOnce, cancellationToken), cancellationToken).ConfigureAwait(false);
        await PruneAuditLogAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task PruneAuditLogAsync(CancellationToken cancellationToken)
    {
        var before = _time.GetUtcNow() - _options.AuditLog;
        while (await _console.PruneAuditEntriesAsync(before, AuditEntriesAtOnce, cancellationToken).ConfigureAwait(false) == AuditEntriesAtOnce)
            cancellationToken.ThrowIfCancellationRequested();
    }

    private static async Task UntilDoneAsync(Func<Task<bool>> step, CancellationToken cancellationToken)
    {
        do
            cancellationToken.ThrowIfCancellationRequested();
        while (await step().ConfigureAwait(false));
    }

    private static async Task InStepsAsync<T>(Func<T?, Task<T?>> step, CancellationToken cancellationToken) where T : class
    {
        T? at = null;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            at = await step(at).ConfigureAwait(false);
        }
        while (at is not null);
    }

    [LoggerMessage(EventId = 320, Level = LogLevel.Error, Message = "Housekeeping failed; it is tried again at its next turn")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
