using Grapnel.Server.Auth.Users;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console;

public sealed class FirstRunTests
{
    [Fact]
    public async Task Whoever_shows_the_one_time_code_becomes_the_first_administrator()
    {
        await using var server = await TestServer.StartAsync();
        await using var visit = await Visit.OpenAsync(server.Address, 1440, "light");
        var page = visit.Page;
        await page.GotoAsync("/");
        await page.GetByLabel("One-time code").FillAsync(server.Get<FirstUser>().Code!);
        await page.GetByLabel("Name or e-mail address").FillAsync("ada@example.com");
        await page.GetByLabel("Password").FillAsync("correct horse battery");

        await page.GetByRole(AriaRole.Button, new() { Name = "Make the account" }).ClickAsync();

        await page.UntilReadyAsync();
        server.Get<FirstUser>().Code.ShouldBeNull();
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
}
