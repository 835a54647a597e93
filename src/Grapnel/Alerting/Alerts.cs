using Grapnel.Housekeeping;
using Grapnel.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grapnel.Alerting;

/// <summary>
/// Tells operators what they should see to, as operational events and by mail: once when it begins, again after <see cref="AlertOptions.RepeatAfter"/>, and
/// when it is over. Every node that sends looks, and the store says which of them tells. A mail that was not sent is tried again, by whichever node comes
/// first; nothing waits for it.
/// </summary>
internal sealed partial class Alerts : IHostedService, IDisposable
{
    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(30);

    /// <summary>How long something must not be seen any more to be over: what comes and goes is one alert.</summary>
    public static readonly TimeSpan OverAfter = TimeSpan.FromMinutes(5);

    /// <summary>After which time a mail that failed is tried again.</summary>
    public static readonly TimeSpan MailAgainAfter = TimeSpan.FromMinutes(5);

    private const int MailedTogether = 50;
    private const int SeenTogether = 500;
    private static readonly TimeSpan MailPeriod = TimeSpan.FromSeconds(10);

    private readonly IAlertStore _store;
    private readonly AlertConditions _conditions;
    private readonly OperationalPublisher _publisher;
    private readonly IAlertMail _mail;
    private readonly TimeProvider _time;
    private readonly AlertOptions _options;
    private readonly bool _looks;
    private readonly ILogger<Alerts> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private volatile IReadOnlyList<Alert> _known = [];
    private Task _running = Task.CompletedTask;

    public Alerts(
        IAlertStore store, AlertConditions conditions, OperationalPublisher publisher, GrapnelMetrics metrics, TimeProvider time,
        IOptions<AlertOptions> options, IOptions<NodeOptions> node, ILogger<Alerts> logger, IAlertMail mail)
    {
        _store = store;
        _conditions = conditions;
        _publisher = publisher;
        _mail = mail;
        _time = time;
        _options = options.Value;
        _looks = node.Value.Roles.HasFlag(NodeRoles.Dispatch);
        _logger = logger;
        metrics.ObserveAlerts(() => AlertKinds.All.Select(kind => (kind, _known.Count(alert => alert.Kind == kind && alert.OverAt is null))));
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _running = RunAsync(_stopping.Token);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _stopping.Dispose();

    private Task RunAsync(CancellationToken stoppingToken) => !_looks ? Task.CompletedTask : Task.WhenAll(
        Periodic.RunAsync(Period, _time, LookAsync, e => LogFailed(_logger, e), stoppingToken),
        _mail.IsOn ? Periodic.RunAsync(MailPeriod, _time, MailAsync, e => LogMailFailed(_logger, e), stoppingToken) : Task.CompletedTask);

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var stored = await _store.ReadAsync(cancellationToken).ConfigureAwait(false);
        var known = stored.Where(alert => alert.OverAt is null).ToDictionary(alert => alert.Key);
        var conditions = await _conditions.FindAsync(known, cancellationToken).ConfigureAwait(false);
        var byNews = conditions.ToLookup(condition => IsNews(condition, known.GetValueOrDefault(condition.Alert.Key)));
        foreach (var condition in byNews[true])
            await RaiseAsync(condition, cancellationToken).ConfigureAwait(false);
        foreach (var keys in byNews[false].Select(condition => condition.Alert.Key).Chunk(SeenTogether))
            await _store.SeenAsync(keys, _time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
        var seen = conditions.Select(condition => condition.Alert.Key).ToHashSet();
        foreach (var alert in known.Values.Where(alert => !seen.Contains(alert.Key) && alert.SeenAt <= _time.GetUtcNow() - OverAfter))
            await EndAsync(alert, cancellationToken).ConfigureAwait(false);
        foreach (var alert in stored.Where(alert => alert is { OverAt: not null } && !_mail.IsOn))
            await _store.MailedAsync(alert, cancellationToken).ConfigureAwait(false);
        _known = await _store.ReadAsync(cancellationToken).ConfigureAwait(false);
    }

    // What goes on as it was is noted in few writes, however much of it there is.
    private bool IsNews(Condition condition, Alert? known) =>
        known is not { IsTold: true } || condition.Forget || known.Text != condition.Alert.Text
        || (condition.Repeats && known.ToldAt <= condition.Alert.SeenAt - _options.RepeatAfter);

    private async Task RaiseAsync(Condition condition, CancellationToken cancellationToken)
    {
        if (condition.Forget)
        {
            await _store.EndAsync(condition.Alert, _time.GetUtcNow(), mail: false, cancellationToken).ConfigureAwait(false);
            return;
        }
        if (!await _store.RaiseAsync(condition.Alert, condition.Repeats ? _options.RepeatAfter : null, _mail.IsOn, cancellationToken).ConfigureAwait(false))
            return;
        LogRaised(_logger, condition.Alert.Text);
        await PublishAsync(condition.Alert, cancellationToken).ConfigureAwait(false);
    }

    private async Task EndAsync(Alert alert, CancellationToken cancellationToken)
    {
        var over = alert with { OverAt = _time.GetUtcNow() };
        if (!await _store.EndAsync(alert, over.OverAt.Value, _mail.IsOn, cancellationToken).ConfigureAwait(false))
            return;
        LogOver(_logger, alert.Text);
        await PublishAsync(over, cancellationToken).ConfigureAwait(false);
    }

    private Task PublishAsync(Alert alert, CancellationToken cancellationToken) => _publisher.PublishAsync(
        AlertKinds.EventType(alert.Kind), alert.ApplicationId, alert.OverAt ?? alert.SeenAt, json =>
        {
            json.WriteString("status", alert.OverAt is null ? "raised" : "resolved");
            json.WriteString("text", alert.Text);
            json.WriteString("since", alert.Since);
            if (alert.Kind == AlertKinds.Endpoint)
                json.WriteString("endpointId", alert.Subject);
            else if (alert.Subject.Length > 0)
                json.WriteString("node", alert.Subject);
        }, cancellationToken);

    private async Task MailAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var alerts = await _store.TakeMailAsync(now, now + MailAgainAfter, MailedTogether, cancellationToken).ConfigureAwait(false);
        if (alerts.Count == 0)
            return;
        await _mail.SendAsync(alerts, cancellationToken).ConfigureAwait(false);
        foreach (var alert in alerts)
            await _store.MailedAsync(alert, cancellationToken).ConfigureAwait(false);
    }

    [LoggerMessage(EventId = 370, Level = LogLevel.Warning, Message = "Alert: {Text}")]
    private static partial void LogRaised(ILogger logger, string text);

    [LoggerMessage(EventId = 371, Level = LogLevel.Information, Message = "Alert over: {Text}")]
    private static partial void LogOver(ILogger logger, string text);

    [LoggerMessage(EventId = 372, Level = LogLevel.Error, Message = "Looking for what operators should know failed; it is tried again at its next turn")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 373, Level = LogLevel.Error, Message = "An alert could not be mailed; it is tried again in a few minutes")]
    private static partial void LogMailFailed(ILogger logger, Exception exception);
}
