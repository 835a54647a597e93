using Grapnel.Registry;
using Grapnel.Storage;
using Microsoft.AspNetCore.Components;

namespace Grapnel.Server.Console.Pages.Webhooks;

/// <summary>A page about one endpoint.</summary>
public abstract class WebhookPage : ConsolePage
{
    [Inject]
    private protected EndpointRegistry Endpoints { get; set; } = default!;

    [Inject]
    private ICatalogStore Catalog { get; set; } = default!;

    /// <summary>The endpoint's id or uid.</summary>
    [Parameter]
    public string Id { get; set; } = "";

    /// <summary>The endpoint.</summary>
    protected Endpoint Endpoint { get; private set; } = default!;

    /// <summary>The list that it is in.</summary>
    protected string List => $"{Viewer.Root}/webhooks";

    /// <summary>Where its page is.</summary>
    protected string Path => $"{List}/{Endpoint.Id}";

    /// <inheritdoc/>
    protected override async Task LoadAsync() =>
        Endpoint = await Endpoints.FindAsync(Viewer.Application.Id, Id, Gone) ?? await FindElsewhereAsync()
            ?? throw new NotFoundException($"There is no webhook '{Id}'.");

    // In the console a link may lead to another application than the one that is looked at. A portal never leaves its own.
    private async Task<Endpoint?> FindElsewhereAsync() =>
        !Viewer.IsPortal && Id<Endpoint>.TryParse(Id, out var id) && await Catalog.ReadEndpointsAsync([id], Gone) is [var found] ? found : null;
}
