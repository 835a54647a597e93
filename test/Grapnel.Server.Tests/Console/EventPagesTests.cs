using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Grapnel.Server.Tests.Console;

public sealed class EventPagesTests
{
    private const string Hostile = "</pre><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}";

    [Fact]
    public async Task An_event_type_is_made_changed_archived_restored_and_deleted_only_by_typing_its_name()
    {
        await using var server = await ConsoleServer.StartAsync();
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/events");
        await page.GetByText("No event types yet").WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Make an event type" }).ClickAsync();
        await Field(page, "Name").FillAsync("order.created");
        await Field(page, "Description").FillAsync("A customer placed an order.");
        await Field(page, "Group").FillAsync("Orders");
        await Field(page, "JSON Schema").FillAsync("""{"type":"object","required":["id"]}""");
        await page.GetByLabel("are refused").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the event type" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "order.created", Level = 1 }).WaitForAsync();
        await page.GetByText("Must fit the schema").WaitForAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Edit" }).ClickAsync();
        await Field(page, "Example").FillAsync("""{"id":1}""");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Example" }).WaitForAsync();
        (await server.Client.GetJsonAsync("/api/v1/event-type/order.created"))["schemas"].GetProperty("1").Compact()
            .ShouldBe("""{"type":"object","required":["id"],"examples":[{"id":1}]}""");

        await page.GetByRole(AriaRole.Button, new() { Name = "Archive" }).ClickAsync();
        await page.GetByText("This event type is archived").WaitForAsync();
        await page.OpenAsync("/events");
        (await page.GetByRole(AriaRole.Link, new() { Name = "order.created" }).CountAsync()).ShouldBe(0);
        await page.GetByRole(AriaRole.Link, new() { Name = "With archived ones" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "order.created" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Restore" }).ClickAsync();
        await page.GetByText("order.created is in use again.").WaitForAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Delete the event type" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByText("0 webhooks of").WaitForAsync();
        await dialog.GetByLabel("Type order.created to confirm").FillAsync("order.created");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Delete the event type" }).ClickAsync();
        await page.GetByText("No event types yet").WaitForAsync();
    }

    [Fact]
    public async Task Faults_of_name_schema_and_example_are_told_as_they_are_typed_and_the_button_says_why_it_is_off()
    {
        await using var server = await ConsoleServer.StartAsync();
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/events/new");
        var make = page.GetByRole(AriaRole.Button, new() { Name = "Make the event type" });
        await Field(page, "Name").FillAsync("no spaces");
        await page.GetByText("It must be 1 to 256 letters").WaitForAsync();
        await Expect(make).ToBeDisabledAsync();
        await Field(page, "Name").FillAsync("order.created");

        await Field(page, "JSON Schema").FillAsync("{\n  \"type\": \"object\",\n  \"é\": }");
        await page.GetByText("Line 3, position 8:").WaitForAsync();
        await page.GetByText("The schema is not in order yet").WaitForAsync();
        await Expect(make).ToHaveAccessibleDescriptionAsync("The schema is not in order yet; its fault is told below it.");
        await Field(page, "JSON Schema").FillAsync("""{"type":"objekt"}""");
        await page.GetByText("is no JSON Schema that can be used").WaitForAsync();
        await Field(page, "JSON Schema").FillAsync("""{"type":"object","required":["id"]}""");
        await Field(page, "Example").FillAsync("{}");
        await page.GetByText("/id is required.").WaitForAsync();
        await Expect(make).ToBeEnabledAsync();

        await Field(page, "Example").FillAsync("""{"id":"ä"}""");
        await page.GetByRole(AriaRole.Button, new() { Name = "Format the example" }).ClickAsync();
        await Expect(Field(page, "Example")).ToHaveValueAsync("{\n  \"id\": \"ä\"\n}");
    }

    [Fact]
    public async Task Saving_keeps_older_versions_of_the_schema_and_further_examples()
    {
        await using var server = await ConsoleServer.StartAsync();
        await server.Client.PostJsonAsync("/api/v1/event-type", """
            {"name":"a.b","description":"","schemas":{"1":{"type":"string"},"2":{"type":"object","examples":[{"n":1},{"n":2}]}}}
            """);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/events/a.b/edit");
        await Field(page, "Example").FillAsync("""{"n":9}""");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Schema, version 2" }).WaitForAsync();
        (await server.Client.GetJsonAsync("/api/v1/event-type/a.b"))["schemas"].Compact()
            .ShouldBe("""{"1":{"type":"string"},"2":{"type":"object","examples":[{"n":9},{"n":2}]}}""");
    }

    [Fact]
    public async Task A_catalog_is_listed_by_group_with_how_many_webhooks_subscribe_and_page_by_page()
    {
        await using var server = await ConsoleServer.StartAsync();
        foreach (var i in Enumerable.Range(0, 101))
            await server.Client.PostJsonAsync("/api/v1/event-type", $$"""{"name":"t{{i:000}}","description":"Number {{i}}","groupName":"{{(i < 50 ? "Low" : "High")}}"}""");
        await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", """{"url":"http://127.0.0.1:9/a","filterTypes":["t007"]}""");
        await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", """{"url":"http://127.0.0.1:9/b"}""");
        await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", """{"url":"http://127.0.0.1:9/c","disabled":true}""");
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/events");
        (await page.GetByRole(AriaRole.Heading, new() { Level = 2 }).AllInnerTextsAsync()).ShouldBe(["High", "Low"]);
        (await page.Locator("tr", new() { HasText = "t007" }).Locator("[data-label=Webhooks]").InnerTextAsync()).ShouldBe("2");
        (await page.Locator("tr", new() { HasText = "t008" }).Locator("[data-label=Webhooks]").InnerTextAsync()).ShouldBe("1");
        await page.GetByRole(AriaRole.Link, new() { Name = "Next" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "t100", Exact = true }).WaitForAsync();
    }

    [Fact]
    public async Task Hostile_descriptions_examples_and_webhooks_are_text()
    {
        await using var server = await ConsoleServer.StartAsync();
        var text = System.Text.Json.JsonSerializer.Serialize(Hostile);
        await server.Client.PostJsonAsync("/api/v1/event-type",
            $$$"""{"name":"evil","description":{{{text}}},"schemas":{"1":{"title":{{{text}}},"examples":[{"x":{{{text}}} }] } } }""");
        await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", $$"""{"url":"http://127.0.0.1:9/","description":{{text}}}""");
        var page = await server.SignInAsync(ConsoleServer.Operator);
        foreach (var path in new[] { "/events", "/events/evil", "/events/evil/edit", "/events/evil/trigger" })
        {
            await page.OpenAsync(path);
            (await page.Locator("#main").EvaluateAsync<bool>(
                "main => (main.innerText + [...main.querySelectorAll('input, textarea')].map(field => field.value).join()).includes('<script>alert(2)')"))
                .ShouldBeTrue(path);
            (await page.Locator("img[src=x]").CountAsync()).ShouldBe(0);
        }
    }

    [Fact]
    public async Task A_viewer_looks_and_may_change_nothing()
    {
        await using var server = await ConsoleServer.StartAsync();
        await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"a.b","description":"An event"}""");
        var schedule = await server.Client.PostJsonAsync("/api/v1/app/default/schedule", """{"eventType":"a.b","cron":"0 9 * * 1"}""");
        var page = await server.SignInAsync(ConsoleServer.Viewer);
        foreach (var path in new[] { "/events", "/events/a.b", "/schedules", $"/schedules/{schedule.Id}" })
        {
            await page.OpenAsync(path);
            await page.GetByRole(AriaRole.Heading, new() { Level = 1 }).WaitForAsync();
            (await page.GetByRole(AriaRole.Main).Locator(".button-main, .button-bad, input:enabled").CountAsync()).ShouldBe(0, path);
        }
        foreach (var path in new[] { "/events/new", "/events/a.b/edit", "/trigger", "/events/a.b/trigger", "/schedules/new" })
        {
            await page.OpenAsync(path);
            await page.GetByText("You may look, but not").WaitForAsync();
            (await page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Button).CountAsync()).ShouldBe(0, path);
        }
    }

    private static ILocator Field(IPage page, string name) => page.GetByRole(AriaRole.Textbox, new() { Name = name });
}

file static class Texts
{
    public static string Compact(this System.Text.Json.JsonElement json) => System.Text.Json.Nodes.JsonNode.Parse(json.GetRawText())!.ToJsonString();
}
