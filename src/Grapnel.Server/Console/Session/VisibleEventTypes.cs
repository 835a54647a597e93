using Grapnel.Registry;
using Grapnel.Storage;

namespace Grapnel.Server.Console;

/// <summary>The event types that the person in front of a page may know of: all in the console, and in a portal those that its key's feature flags let through.</summary>
internal sealed class VisibleEventTypes(EventTypeRegistry types, Viewer viewer)
{
    private const int AtOnce = 250;

    /// <summary>All that endpoints can still be subscribed to, by name.</summary>
    public async Task<IReadOnlyList<EventType>> ReadAllAsync(CancellationToken cancellationToken)
    {
        var all = new List<EventType>();
        Page<EventType> page;
        do
        {
            page = await types.ListAsync(
                new PageRequest(AtOnce, all.Count > 0 ? all[^1].Name : null), includeArchived: false, viewer.FeatureFlags, cancellationToken);
            all.AddRange(page.Items);
        }
        while (!page.Done && page.Items.Count > 0);
        return all;
    }

    /// <summary>One of them by name, archived or not.</summary>
    /// <exception cref="NotFoundException">There is none, or none that this person may know of.</exception>
    public Task<EventType> GetAsync(string name, CancellationToken cancellationToken) => types.GetVisibleAsync(name, viewer.FeatureFlags, cancellationToken);
}
