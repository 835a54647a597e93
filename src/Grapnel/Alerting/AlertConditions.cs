using System.Globalization;
using Grapnel.Housekeeping;
using Grapnel.Storage;
using Microsoft.Extensions.Options;

namespace Grapnel.Alerting;

/// <summary>What is the matter just now.</summary>
/// <param name="Alert">As it is to be noted.</param>
/// <param name="Repeats">Whether it is told again while it goes on.</param>
/// <param name="Forget">Whether nobody needs to hear of it any more, not even that it is over.</param>
internal readonly record struct Condition(Alert Alert, bool Repeats = true, bool Forget = false);

/// <summary>Finds out what is the matter. It tells nobody, and changes nothing.</summary>
internal sealed class AlertConditions(
    IAlertStore alerts, IStatisticsStore statistics, ICatalogStore catalog, IHistoryStore history, IDeliveryStore deliveries, NodeHealth health, TimeProvider time,
    IOptions<AlertOptions> options, IOptions<NodeOptions> node)
{
    private const int MaxEndpoints = 100;

    // An endpoint that was disabled before anybody wanted to be told is no news.
    private static readonly TimeSpan News = TimeSpan.FromDays(1);

    private readonly AlertOptions _options = options.Value;

    /// <summary>All that is the matter, what was known before included.</summary>
    /// <param name="known">The alerts that go on.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<Condition>> FindAsync(IReadOnlyList<Alert> known, CancellationToken cancellationToken)
    {
        var found = new List<Condition>();
        if (Disk() is { } disk)
            found.Add(disk);
        if (await BacklogAsync(cancellationToken).ConfigureAwait(false) is { } backlog)
            found.Add(backlog);
        await AddEndpointsAsync(found, known, cancellationToken).ConfigureAwait(false);
        await AddNodesAsync(found, known, cancellationToken).ConfigureAwait(false);
        return found;
    }

    private DateTimeOffset Now => time.GetUtcNow();

    private Condition? Disk()
    {
        if (health.Last.Disk is not { IsLow: true } disk)
            return null;
        var name = NodeKeeper.NameOf(node.Value);
        return New(AlertKinds.Disk, name, string.Create(CultureInfo.InvariantCulture, $"The disk of {name} runs low: {disk.FreeBytes >> 20} MiB are free"), Now);
    }

    private async Task<Condition?> BacklogAsync(CancellationToken cancellationToken)
    {
        if (await alerts.FindOldestWaitingAsync(cancellationToken).ConfigureAwait(false) is not { } oldest || Now - oldest < _options.BacklogAge)
            return null;
        var minutes = (long)(Now - oldest).TotalMinutes;
        return New(AlertKinds.Backlog, "", string.Create(CultureInfo.InvariantCulture, $"Messages wait for their first attempt, the oldest for {minutes} minutes"), oldest);
    }

    private async Task AddEndpointsAsync(List<Condition> found, IReadOnlyList<Alert> known, CancellationToken cancellationToken)
    {
        var troubled = await statistics.ReadTroubledAsync(
            new TroubleRule(int.MaxValue, _options.EndpointFailingFor), application: null, MaxEndpoints, cancellationToken).ConfigureAwait(false);
        foreach (var trouble in troubled)
            if (trouble.Lane.ApplicationId is { } application
                && await catalog.FindEndpointAsync(application, trouble.Lane.EndpointId.ToString(), cancellationToken).ConfigureAwait(false) is { } endpoint
                && Judge(endpoint, trouble.Lane.Health, known) is { } condition)
                found.Add(condition);
        // The list above has an end. What is known and not in it is looked at by itself, so that it is not taken for over.
        foreach (var alert in known.Where(alert => alert.Kind == AlertKinds.Endpoint && !found.Exists(condition => condition.Alert.Key == alert.Key)).ToList())
            if (await StillFailsAsync(alert, cancellationToken).ConfigureAwait(false))
                found.Add(new Condition(alert with { SeenAt = Now }));
    }

    private Condition? Judge(Endpoint endpoint, EndpointHealth? failing, IReadOnlyList<Alert> known)
    {
        var name = $"Endpoint {endpoint.Uid ?? endpoint.Id.ToString()}";
        if (endpoint.DisabledReason is { } reason)
        {
            var isNews = endpoint.UpdatedAt > Now - News || known.Any(alert => alert.Key == AlertKinds.Key(AlertKinds.Endpoint, endpoint.Id.ToString()));
            return isNews ? About(endpoint, $"{name} was disabled: {Because(reason)}", endpoint.UpdatedAt) with { Repeats = false } : null;
        }
        return failing?.FailingSince is { } since
            ? About(endpoint, string.Create(CultureInfo.InvariantCulture, $"{name} has done nothing but fail since {since:yyyy-MM-dd HH:mm} UTC"), since)
            : null;
    }

    private Condition About(Endpoint endpoint, string text, DateTimeOffset since)
    {
        var condition = New(AlertKinds.Endpoint, endpoint.Id.ToString(), text, since);
        return condition with { Alert = condition.Alert with { ApplicationId = endpoint.ApplicationId } };
    }

    private static string Because(EndpointDisabledReason reason) => reason switch
    {
        EndpointDisabledReason.Gone => "the receiver answered 410",
        EndpointDisabledReason.FailingForTooLong => "it did nothing but fail for too long",
        _ => "it is ordered, and its first delivery was given up",
    };

    private async Task<bool> StillFailsAsync(Alert alert, CancellationToken cancellationToken)
    {
        if (alert.ApplicationId is not { } application
            || await catalog.FindEndpointAsync(application, alert.Subject, cancellationToken).ConfigureAwait(false) is not { } endpoint)
            return false;
        return endpoint.Enabled
            ? (await history.FindHealthAsync(endpoint.Id, cancellationToken).ConfigureAwait(false))?.FailingSince is not null
            : endpoint.DisabledReason is not null;
    }

    private async Task AddNodesAsync(List<Condition> found, IReadOnlyList<Alert> known, CancellationToken cancellationToken)
    {
        var lost = known.Where(alert => alert.Kind == AlertKinds.Node).ToList();
        if (lost.Count == 0)
            return;
        var present = (await deliveries.ReadNodesAsync(cancellationToken).ConfigureAwait(false)).Select(status => status.Name).ToHashSet();
        foreach (var alert in lost)
        {
            var isBack = present.Contains(alert.Subject);
            // Nobody needs to know of one that was back before it was told. One that never comes back, because another took its place, is not told of for ever.
            if (isBack ? !alert.IsTold : alert.IsTold && alert.ToldAt <= Now - _options.RepeatAfter)
                found.Add(new Condition(alert, Forget: true));
            else if (!isBack)
                found.Add(new Condition(alert with { SeenAt = Now }, Repeats: false));
        }
    }

    private Condition New(string kind, string subject, string text, DateTimeOffset since) => new(new Alert(AlertKinds.Key(kind, subject), text, since, Now));
}
