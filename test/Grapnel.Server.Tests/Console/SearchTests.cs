using System.Text.RegularExpressions;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console;

public sealed class SearchTests
{
    private const string Url = "https://example.com/hooks/orders";

    [Fact]
    public async Task Whatever_names_one_thing_goes_straight_to_it()
    {
        await using var server = await ConsoleServer.StartAsync();
        var application = (await server.Client.PostJsonAsync("/api/v1/app", """{"name":"Northwind","uid":"northwind"}""")).Id;
        var endpoint = (await server.Client.PostJsonAsync($"/api/v1/app/{application}/endpoint", $$"""{"url":"{{Url}}","uid":"orders-hook"}""")).Id;
        (await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"order.paid","description":"Paid"}""")).Status.ShouldBe(201);
        var message = (await server.Client.PostJsonAsync(
            $"/api/v1/app/{application}/msg", """{"eventType":"order.lost","eventId":"evt-4711","payload":{}}""")).Id;
        var page = await server.SignInAsync();

        await GoesAsync(page, message, $"/messages/{message}");
        await GoesAsync(page, "evt-4711", $"/messages/{message}");
        await GoesAsync(page, endpoint, $"/webhooks/{endpoint}");
        await GoesAsync(page, "orders-hook", $"/webhooks/{endpoint}");
        await GoesAsync(page, Url, $"/webhooks/{endpoint}");
        await GoesAsync(page, "northwind", $"/applications/{application}");
        await GoesAsync(page, "order.paid", "/events/order.paid");
    }

    [Fact]
    public async Task A_hit_in_another_application_chooses_that_application()
    {
        await using var server = await ConsoleServer.StartAsync();
        var application = (await server.Client.PostJsonAsync("/api/v1/app", """{"name":"Northwind","uid":"northwind"}""")).Id;
        var message = (await server.Client.PostJsonAsync($"/api/v1/app/{application}/msg", """{"eventType":"order.lost","payload":{}}""")).Id;
        var page = await server.SignInAsync();
        await page.OpenAsync("/messages");

        await SearchAsync(page, message);

        await page.GetByRole(AriaRole.Heading, new() { Name = "order.lost" }).WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Application: Northwind" }).WaitForAsync();
    }

    [Fact]
    public async Task What_names_several_things_lists_them_and_what_names_nothing_says_what_can_be_found()
    {
        await using var server = await ConsoleServer.StartAsync();
        foreach (var path in (string[])["a", "b"])
            await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", $$"""{"url":"https://example.com/{{path}}"}""");
        var page = await server.SignInAsync();
        await page.OpenAsync("/messages");

        await SearchAsync(page, "example.com");
        await Assertions.Expect(page.Locator("tr[data-row]")).ToHaveCountAsync(2);
        (await Axe.CheckAsync(page)).ShouldBeEmpty();

        await SearchAsync(page, "<img src=x onerror=alert(1)>");
        await page.GetByText("Nothing was found").WaitForAsync();
        await page.GetByText("The id of anything can be found").WaitForAsync();
    }

    private static async Task GoesAsync(IPage page, string text, string path)
    {
        await page.OpenAsync("/messages");
        await SearchAsync(page, text);
        await page.UntilAtAsync($@"{Regex.Escape(path)}(\?.*)?");
    }

    private static async Task SearchAsync(IPage page, string text)
    {
        await page.Keyboard.PressAsync("/");
        await page.Locator("[data-search]").FillAsync(text);
        await page.Keyboard.PressAsync("Enter");
    }
}
