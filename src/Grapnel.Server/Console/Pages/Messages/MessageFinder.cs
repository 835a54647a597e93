using Grapnel.History;
using Grapnel.Storage;

namespace Grapnel.Server.Console.Pages.Messages;

/// <summary>Finds a message for whoever looks: anywhere in the console, and in a portal among its own only.</summary>
internal sealed class MessageFinder(Viewer viewer, MessageDetails details, ISearchStore search)
{
    /// <summary>Tells all about a message, by id or event id; null when there is none that the viewer may see.</summary>
    public async Task<MessageView?> FindAsync(string idOrEventId, CancellationToken cancellationToken) =>
        await details.FindAsync(await OwnerAsync(idOrEventId, cancellationToken), idOrEventId, cancellationToken);

    private async Task<Id<Application>> OwnerAsync(string idOrEventId, CancellationToken cancellationToken) =>
        !viewer.IsPortal && Id<Message>.TryParse(idOrEventId, out var id) && await search.FindMessageAsync(id, cancellationToken) is { } message
            ? message.ApplicationId
            : viewer.Application.Id;
}
