using System.Text;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Grapnel.Server.Tests.Console;

public sealed class TriggerPageTests
{
    [Fact]
    public async Task An_event_made_here_is_triggered_from_its_example_and_seen_delivered_on_the_same_page()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Status(200));
        await using var server = await ConsoleServer.StartAsync();
        await AddEndpointAsync(server, $$"""{"url":"{{receiver.Url}}","description":"Shop"}""");
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/events/new");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name" }).FillAsync("order.created");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Example" }).FillAsync("""{"id":17}""");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the event type" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Trigger" }).ClickAsync();

        await Expect(Payload(page)).ToHaveValueAsync("{\n  \"id\": 17\n}");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Will be sent to 1 of 1 endpoint" }).WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Trigger" }).ClickAsync();
        Encoding.UTF8.GetString((await receiver.NextRequestAsync()).Body).ShouldBe("{\n  \"id\": 17\n}");
        await page.GetByRole(AriaRole.Heading, new() { Name = "1 of 1 delivered" }).WaitForAsync();
        await page.GetByText("answered 200 after").WaitForAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Trigger again" }).ClickAsync();
        await receiver.NextRequestAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "1 of 1 delivered" })).ToHaveCountAsync(2);
        (await page.GetByRole(AriaRole.Link, new() { Name = "Open the message" }).First.GetAttributeAsync("href")).ShouldNotBeNull().ShouldStartWith("/messages/msg_");
    }

    [Fact]
    public async Task Broken_JSON_and_what_does_not_fit_the_schema_are_told_as_they_are_typed_and_the_button_says_why_it_is_off()
    {
        await using var server = await ConsoleServer.StartAsync();
        await server.Client.PostJsonAsync("/api/v1/event-type", """
            {"name":"order.paid","description":"Paid","schemaValidation":"enforce",
             "schemas":{"1":{"type":"object","required":["total"],"properties":{"total":{"type":"number","minimum":1},"currency":{"enum":["EUR"]}}}}}
            """);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/events/order.paid/trigger");
        var trigger = page.GetByRole(AriaRole.Button, new() { Name = "Trigger" });
        await Expect(Payload(page)).ToHaveValueAsync("{\n  \"total\": 0,\n  \"currency\": \"EUR\"\n}");
        await page.GetByText("/total").WaitForAsync();
        await Expect(trigger).ToBeDisabledAsync();
        await Expect(trigger).ToHaveAccessibleDescriptionAsync("The payload does not fit the schema, and order.paid refuses what does not fit.");

        await Payload(page).FillAsync("{\n  \"total\": }");
        await page.GetByText("Line 2, position 12:").WaitForAsync();
        await Expect(trigger).ToHaveAccessibleDescriptionAsync("The payload is not JSON yet; where it stops being JSON is told below the editor.");
        await Payload(page).FillAsync("""{"total":2}""");
        await Expect(trigger).ToBeEnabledAsync();

        await page.GetByText("Options: channels").ClickAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Event id" }).FillAsync("no spaces");
        await Expect(trigger).ToBeDisabledAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Event id" }).FillAsync("paid-1");
        await trigger.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Trigger again" }).ClickAsync();
        await page.GetByText("There is a message with this event id already").WaitForAsync();
    }

    [Fact]
    public async Task What_is_foretold_is_what_happens()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Status(200));
        await using var server = await ConsoleServer.StartAsync();
        await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"order.created","description":"New","schemas":{"1":{"examples":[{"vip":true}]}}}""");
        foreach (var (name, rest) in new[]
        {
            ("All", ""), ("Subscribed", """,'filterTypes':['order.created']"""), ("Channelled", """,'channels':['eu']"""),
            ("Filtered", """,'filter':'vip'"""), ("Off", """,'disabled':true"""),
        })
            await AddEndpointAsync(server, $"{{'url':'{receiver.Url}','description':'{name}'{rest}}}".Replace('\'', '"'));
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/events/order.created/trigger");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Will be sent to 3 of 5 endpoints" }).WaitForAsync();
        await Payload(page).FillAsync("""{"vip":false}""");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Will be sent to 2 of 5 endpoints" }).WaitForAsync();
        await page.GetByText("3 endpoints do not get it").ClickAsync();
        foreach (var reason in new[] { "is disabled", "listens only on eu", "its filter does not let this payload through" })
            await page.GetByText(reason).WaitForAsync();
        await page.GetByText("Options: channels").ClickAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Channels" }).FillAsync("eu us");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Will be sent to 3 of 5 endpoints" }).WaitForAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Trigger" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "3 of 3 delivered" }).WaitForAsync();
        var sent = page.Locator(".panel", new() { HasText = "3 of 3 delivered" }).Locator("li a");
        (await sent.AllInnerTextsAsync()).Order().ShouldBe(["All", "Channelled", "Subscribed"]);
    }

    [Fact]
    public async Task A_receiver_that_fails_is_seen_failing()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Status(503));
        await using var server = await ConsoleServer.StartAsync();
        await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"a.b","description":"x"}""");
        await AddEndpointAsync(server, $$"""{"url":"{{receiver.Url}}","retrySchedule":[600]}""");
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/trigger");
        await page.GetByLabel("Event type", new() { Exact = true }).SelectOptionAsync("a.b");
        await page.GetByRole(AriaRole.Button, new() { Name = "Trigger" }).ClickAsync();
        await page.GetByText("Retrying").WaitForAsync();
        await page.GetByText("answered 503 after").WaitForAsync();
    }

    [Fact]
    public async Task An_archived_event_type_cannot_be_triggered_and_the_page_says_why()
    {
        await using var server = await ConsoleServer.StartAsync();
        await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"a.b","description":"x","archived":true}""");
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/events/a.b/trigger");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Trigger" })).ToBeDisabledAsync();
        await page.GetByText("a.b is archived. Restore it").WaitForAsync();
    }

    [Fact]
    public async Task A_payload_of_half_a_mebibyte_is_pasted_and_sent_byte_for_byte()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Status(200));
        await using var server = await ConsoleServer.StartAsync();
        await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"a.b","description":"x"}""");
        await AddEndpointAsync(server, $$"""{"url":"{{receiver.Url}}"}""");
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/events/a.b/trigger");
        var payload = $$"""{"text":"{{new string('x', 512 << 10)}}"}""";
        await Payload(page).FillAsync(payload);
        await page.GetByRole(AriaRole.Button, new() { Name = "Trigger" }).ClickAsync();
        Encoding.UTF8.GetString((await receiver.NextRequestAsync()).Body).ShouldBe(payload);
    }

    private static async Task AddEndpointAsync(ConsoleServer server, string body) =>
        (await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", body)).Status.ShouldBe(201, body);

    private static ILocator Payload(IPage page) => page.GetByRole(AriaRole.Textbox, new() { Name = "Payload" });
}
