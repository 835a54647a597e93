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
    IAlertStore alerts, IDeliveryStore deliveries, NodeHealth health, TimeProvider time, IOptions<AlertOptions> options, IOptions<NodeOptions> node)
{
    private const int PageSize = 500;

    // An endpoint that was disabled before anybody wanted to be told is no news.
    private static readonly TimeSpan News = TimeSpan.FromDays(1);

    private readonly AlertOptions _options = options.Value;

    /// <summary>All that is the matter, what was known before included.</summary>
    /// <param name="known">The alerts that go on, by their keys.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<Condition>> FindAsync(IReadOnlyDictionary<string, Alert> known, CancellationToken cancellationToken)
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

    private async Task AddEndpointsAsync(List<Condition> found, IReadOnlyDictionary<string, Alert> known, CancellationToken cancellationToken)
    {
        // One that failed again after a success has failed since then only: what was told of it before is over.
        var until = Now - _options.EndpointFailingFor;
        await foreach (var failing in AllAsync((after, limit) => alerts.ReadFailingAsync(until, after, limit, cancellationToken)).ConfigureAwait(false))
            found.Add(About(failing, AlertKinds.Endpoint, string.Create(
                CultureInfo.InvariantCulture, $"{NameOf(failing)} has done nothing but fail since {failing.Since:yyyy-MM-dd HH:mm} UTC")));
        await foreach (var disabled in AllAsync((after, limit) => alerts.ReadDisabledAsync(after, limit, cancellationToken)).ConfigureAwait(false))
            AddDisabled(found, known, disabled);
    }

    private void AddDisabled(List<Condition> found, IReadOnlyDictionary<string, Alert> known, AilingEndpoint disabled)
    {
        var condition = About(disabled, AlertKinds.DisabledEndpoint, $"{NameOf(disabled)} was disabled: {Because(disabled.DisabledReason)}") with { Repeats = false };
        var failing = known.GetValueOrDefault(AlertKinds.Key(AlertKinds.Endpoint, disabled.Id.ToString()));
        if (failing is not null || known.ContainsKey(condition.Alert.Key) || disabled.Since > Now - News)
            found.Add(condition);
        // That it does not fail any more would be taken for good news.
        if (failing is not null)
            found.Add(new Condition(failing, Forget: true));
    }

    private static async IAsyncEnumerable<AilingEndpoint> AllAsync(Func<AilingEndpoint?, int, Task<IReadOnlyList<AilingEndpoint>>> read)
    {
        AilingEndpoint? last = null;
        do
        {
            var page = await read(last, PageSize).ConfigureAwait(false);
            foreach (var trouble in page)
                yield return trouble;
            last = page.Count == PageSize ? page[^1] : null;
        }
        while (last is not null);
    }

    private static string NameOf(AilingEndpoint trouble) => $"Endpoint {trouble.Uid ?? trouble.Id.ToString()}";

    private Condition About(AilingEndpoint trouble, string kind, string text)
    {
        var condition = New(kind, trouble.Id.ToString(), text, trouble.Since);
        return condition with { Alert = condition.Alert with { ApplicationId = trouble.ApplicationId } };
    }

    private static string Because(EndpointDisabledReason? reason) => reason switch
    {
        EndpointDisabledReason.Gone => "the receiver answered 410",
        EndpointDisabledReason.FailingForTooLong => "it did nothing but fail for too long",
        _ => "it is ordered, and its first delivery was given up",
    };

    private async Task AddNodesAsync(List<Condition> found, IReadOnlyDictionary<string, Alert> known, CancellationToken cancellationToken)
    {
        var lost = known.Values.Where(alert => alert.Kind == AlertKinds.Node).ToList();
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
