using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Grapnel.Server.Tests.Console;

public sealed class SchedulePagesTests
{
    [Fact]
    public async Task A_recurring_trigger_is_made_with_its_next_runs_in_view_switched_off_and_deleted()
    {
        await using var server = await StartAsync();
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/schedules");
        await page.GetByRole(AriaRole.Link, new() { Name = "Make a recurring trigger" }).ClickAsync();
        var make = page.GetByRole(AriaRole.Button, new() { Name = "Make the recurring trigger" });
        await Expect(make).ToHaveAccessibleDescriptionAsync("Choose an event type first.");
        await page.GetByLabel("Event type", new() { Exact = true }).SelectOptionAsync("report.due");
        await Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Payload" })).ToHaveValueAsync("{\n  \"week\": 1\n}");

        await Cron(page).FillAsync("30 8 * * MON-FRI");
        await page.GetByText("Every Monday to Friday at 08:30 UTC. Next runs:").WaitForAsync();
        (await page.Locator(".next-runs li").AllInnerTextsAsync()).Count.ShouldBe(5);
        await Expect(page.Locator(".next-runs li").First).ToContainTextAsync("08:30 UTC");
        await Cron(page).FillAsync("61 8 * * *");
        await page.GetByText("Not a cron expression of five fields").WaitForAsync();
        await Expect(make).ToBeDisabledAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Every Monday at 9" }).ClickAsync();
        await make.ClickAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Every Monday at 09:00 UTC" }).WaitForAsync();
        await page.GetByRole(AriaRole.Switch).UncheckAsync();
        await page.GetByText("It no longer runs.").WaitForAsync();
        (await ListAsync(server))[0].GetProperty("enabled").GetBoolean().ShouldBeFalse();

        await page.GetByRole(AriaRole.Link, new() { Name = "Every Monday at 09:00 UTC" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete the recurring trigger" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete the recurring trigger" }).ClickAsync();
        await page.GetByText("No recurring triggers").WaitForAsync();
    }

    [Fact]
    public async Task A_random_interval_is_given_in_units_and_checked_as_it_is_typed()
    {
        await using var server = await StartAsync();
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/schedules/new?event=report.due");
        await page.GetByLabel("At random intervals").CheckAsync();
        await page.GetByLabel("At least", new() { Exact = true }).FillAsync("20");
        await page.GetByText("Must not be shorter than minInterval.").WaitForAsync();
        await page.GetByLabel("Unit of at most").SelectOptionAsync("hours");
        await page.GetByText("Every 20 min to 15 hours, at random.").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the recurring trigger" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Every 20 min to 15 hours, at random" }).WaitForAsync();
        var made = (await ListAsync(server))[0];
        (made.GetProperty("minInterval").GetDouble(), made.GetProperty("maxInterval").GetDouble()).ShouldBe((1200, 54_000));
    }

    [Fact]
    public async Task The_list_tells_of_the_last_run_as_it_happens()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Status(200));
        await using var server = await StartAsync();
        await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", $$"""{"url":"{{receiver.Url}}"}""");
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/schedules");
        await server.Client.PostJsonAsync("/api/v1/app/default/schedule", """{"eventType":"report.due","cron":"* * * * * *"}""");
        await receiver.NextRequestAsync();
        await page.Locator("[data-label='Last run'] a[href^='/messages/msg_']").WaitForAsync();
    }

    [Fact]
    public async Task Run_now_starts_the_trigger_page_with_what_it_publishes()
    {
        await using var server = await StartAsync();
        await server.Client.PostJsonAsync("/api/v1/app/default/schedule", """{"eventType":"report.due","cron":"0 9 * * 1","payload":{"mine":"</textarea><b>"}}""");
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/schedules");
        await page.GetByRole(AriaRole.Link, new() { Name = "Run now for report.due" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Textbox, new() { Name = "Payload" })).ToHaveValueAsync("""{"mine":"</textarea><b>"}""");
    }

    private static async Task<ConsoleServer> StartAsync()
    {
        var server = await ConsoleServer.StartAsync();
        await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"report.due","description":"A report","schemas":{"1":{"examples":[{"week":1}]}}}""");
        return server;
    }

    private static async Task<System.Text.Json.JsonElement> ListAsync(ConsoleServer server) =>
        (await server.Client.GetJsonAsync("/api/v1/app/default/schedule"))["data"];

    private static ILocator Cron(IPage page) => page.GetByRole(AriaRole.Textbox, new() { Name = "Cron expression" });
}
