using Grapnel.History;
using Grapnel.Registry;

namespace Grapnel.Server.Console.Pages.Search;

/// <summary>Finds things for whoever looks, and where their pages are. In a portal it finds its application's own things only.</summary>
internal sealed class Seeker(Viewer viewer, Finder finder, MessageList messages, EndpointRegistry endpoints, ApplicationRegistry applications)
{
    // Strangers' things must not crowd out one's own before they are left out.
    private const int PortalLimit = 250;

    /// <summary>Finds what the text may name and the viewer may see.</summary>
    public async Task<IReadOnlyList<Found>> SeekAsync(string text, CancellationToken cancellationToken)
    {
        var hits = viewer.IsPortal ? await SeekOwnAsync(text, cancellationToken) : await finder.FindAsync(text, cancellationToken);
        var finds = new List<Found>();
        foreach (var hit in hits)
            if (Where(hit) is var (what, path))
                finds.Add(await DescribeAsync(hit, what, path, cancellationToken));
        return finds;
    }

    private async Task<IEnumerable<Hit>> SeekOwnAsync(string text, CancellationToken cancellationToken)
    {
        if (text.Length == 0)
            return [];
        var own = viewer.Application.Id;
        var hits = new List<Hit>();
        foreach (var row in (await messages.FindAsync(own, text, cancellationToken)).Rows)
            hits.Add(new Hit(HitKind.Message, row.Message.Id.ToString(), row.Message.EventType, own) { MessageId = row.Message.Id });
        if (await endpoints.FindAsync(own, text, cancellationToken) is { } endpoint)
            hits.Add(new Hit(HitKind.Endpoint, endpoint.Id.ToString(), endpoint.Url, own));
        var others = await finder.FindAsync(text, cancellationToken, PortalLimit);
        return hits.Concat(others.Where(hit => hit.ApplicationId == own)).DistinctBy(hit => (hit.Kind, hit.Id)).Take(Finder.DefaultLimit);
    }

    private async Task<Found> DescribeAsync(Hit hit, string what, string path, CancellationToken cancellationToken)
    {
        var application = hit.ApplicationId is { } id ? await applications.FindAsync(id.ToString(), cancellationToken) : null;
        // A page that is opened anew knows only from its address which application to look at.
        var isOther = hit.Kind != HitKind.Application && application is not null && application.Id != viewer.Application.Id;
        return new Found(hit, what, isOther ? $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}app={application!.Id}" : path, application);
    }

    private (string What, string Path)? Where(Hit hit) => hit.Kind switch
    {
        HitKind.Message => ("Message", $"{viewer.Root}/messages/{hit.Id}"),
        HitKind.Attempt => ("Attempt", $"{viewer.Root}/messages/{hit.MessageId}"),
        HitKind.Endpoint => ("Webhook", $"{viewer.Root}/webhooks/{hit.Id}"),
        HitKind.BackgroundTask when hit.EndpointId is { } endpoint => ("Replay", $"{viewer.Root}/webhooks/{endpoint}"),
        _ when viewer.IsPortal => null,
        HitKind.Application => ("Application", $"/applications/{hit.Id}"),
        HitKind.EventType => ("Event type", $"/events/{Uri.EscapeDataString(hit.Id)}"),
        HitKind.Schedule => ("Schedule", $"/events/{Uri.EscapeDataString(hit.Name)}"),
        HitKind.ApiKey when viewer.IsAdministrator => ("API key", "/settings/keys"),
        _ => null,
    };
}

/// <summary>Something that was found.</summary>
/// <param name="Hit">What it is.</param>
/// <param name="What">The same for people.</param>
/// <param name="Path">Where its page is.</param>
/// <param name="Application">Its application, or null.</param>
internal sealed record Found(Hit Hit, string What, string Path, Application? Application);
