using Grapnel.Registry;
using Grapnel.Server.Inboxes;

namespace Grapnel.Server.Commands.Demo;

/// <summary>A test inbox that gets all events of the demo. One that is there, or whose endpoint is, stays as it is.</summary>
internal static class DemoInbox
{
    private const string EndpointUid = "sample-test-inbox";

    public static async Task EnsureAsync(IServiceProvider services, Uri server, CancellationToken cancel)
    {
        var application = await services.GetRequiredService<ApplicationRegistry>().GetAsync(Application.DefaultUid, cancel);
        if (await services.GetRequiredService<EndpointRegistry>().FindAsync(application.Id, EndpointUid, cancel) is null)
            await services.GetRequiredService<InboxRegistry>().CreateAsync(
                application.Id, server, new EndpointInput { Uid = EndpointUid, Description = "Test inbox" }, cancel);
    }
}
