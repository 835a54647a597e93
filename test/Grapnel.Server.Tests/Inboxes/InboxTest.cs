using Grapnel.Registry;
using Grapnel.Server.Inboxes;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Inboxes;

/// <summary>Tests that share a server with test inboxes; each makes an application and an inbox of its own.</summary>
public abstract class InboxTest(InboxFixture fixture) : IClassFixture<InboxFixture>
{
    private protected TestServer Server => fixture.Server;

    private protected InboxRegistry Inboxes => Server.Get<InboxRegistry>();

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private protected Task<Application> NewApplicationAsync() => Server.Get<ApplicationRegistry>().CreateAsync(new ApplicationInput { Name = "A test" });

    /// <summary>An inbox without an endpoint.</summary>
    private protected async Task<Inbox> NewInboxAsync() =>
        await Inboxes.CreateAsync((await NewApplicationAsync()).Id, Server.Address, endpoint: null, Cancel);

    /// <summary>An inbox with an endpoint.</summary>
    private protected async Task<Inbox> NewInboxAsync(EndpointInput endpoint) =>
        await Inboxes.CreateAsync((await NewApplicationAsync()).Id, Server.Address, endpoint, Cancel);

    private protected static string PathOf(Inbox inbox) => InboxAddress.Path + inbox.Id;
}

public sealed class InboxFixture : IAsyncLifetime
{
    internal TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync(new Dictionary<string, string?>
    {
        ["Inbox:Enabled"] = "true", ["Inbox:KeepRequests"] = "5", ["Inbox:MaxBodyBytes"] = "1024",
    });

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
