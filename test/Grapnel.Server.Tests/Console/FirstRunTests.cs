using Grapnel.Server.Auth.Users;
using Grapnel.Server.Commands.Listening;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console;

public sealed class FirstRunTests
{
    [Fact]
    public async Task Whoever_shows_the_one_time_code_becomes_administrator_names_an_event_triggers_it_and_sees_it_arrive()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Inbox:Enabled"] = "true" });
        await using var visit = await Visit.OpenAsync(server.Address, 1440, "light");
        var page = visit.Page;
        await SetUpAsync(page, server);
        server.Get<FirstUser>().Code.ShouldBeNull();

        await page.GetByRole(AriaRole.Textbox, new() { Name = "Event" }).FillAsync("parcel.sent");
        (await Axe.CheckAsync(page)).ShouldBeEmpty();
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the event and a test inbox" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Trigger parcel.sent" }).ClickAsync();

        await page.GetByText("Signature verified").WaitForAsync();
        await page.GetByText("Answered 200 in").WaitForAsync();
        await page.GetByText($"curl -X POST {server.Address}trigger/parcel.sent").WaitForAsync();
        (await Axe.CheckAsync(page)).ShouldBeEmpty();
        await page.GetByRole(AriaRole.Link, new() { Name = "Look at the request" }).ClickAsync();
        await page.GetByText("Hello from Grapnel").First.WaitForAsync();
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_test_inboxes_the_first_run_takes_a_webhook_of_ones_own()
    {
        await using var consumer = new WebhookListener(new ListenerOptions(), TimeProvider.System);
        await consumer.StartAsync(CancellationToken.None);
        await using var server = await TestServer.StartAsync();
        await using var visit = await Visit.OpenAsync(server.Address, 390, "light");
        var page = visit.Page;
        await SetUpAsync(page, server);
        await page.GetByText("No program of your own yet?").ClickAsync();
        await page.GetByText("GRAPNEL_INBOX__ENABLED").WaitForAsync();

        await page.GetByRole(AriaRole.Textbox, new() { Name = "URL of your webhook" }).FillAsync("http://10.0.0.1/");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the event and the webhook" }).ClickAsync();
        await page.Locator("#url-error").WaitForAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "URL of your webhook" }).FillAsync(consumer.Url.ToString());
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the event and the webhook" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Trigger order.created" }).ClickAsync();

        await page.GetByText("Answered 200 in").WaitForAsync();
        visit.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_wrong_code_makes_nobody_an_administrator()
    {
        await using var server = await TestServer.StartAsync();
        await using var visit = await Visit.OpenAsync(server.Address, 1440, "light");
        var page = visit.Page;
        await page.GotoAsync("/setup");
        await page.GetByLabel("One-time code").FillAsync("AAAA-AAAA");
        await page.GetByLabel("Name or e-mail address").FillAsync("mallory@example.com");
        await page.GetByLabel("Password").FillAsync("correct horse battery");

        await page.GetByRole(AriaRole.Button, new() { Name = "Make the account" }).ClickAsync();

        await page.GetByText("Is not the one that the server told at its start").WaitForAsync();
        server.Get<FirstUser>().Code.ShouldNotBeNull();
    }

    private static async Task SetUpAsync(IPage page, TestServer server)
    {
        await page.GotoAsync("/");
        (await Axe.CheckAsync(page)).ShouldBeEmpty();
        await page.GetByLabel("One-time code").FillAsync(server.Get<FirstUser>().Code!);
        await page.GetByLabel("Name or e-mail address").FillAsync("ada@example.com");
        await page.GetByLabel("Password").FillAsync("correct horse battery");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the account" }).ClickAsync();
        await page.UntilReadyAsync();
    }
}
