using System.Text.Encodings.Web;
using System.Text.Json;
using Grapnel.Server.Commands.Listening;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console;

public sealed class MessagePagesTests
{
    private const string Endpoints = "/api/v1/app/default/endpoint";
    private static readonly JsonSerializerOptions AsItIs = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private const string Messages = "/api/v1/app/default/msg";

    [Fact]
    public async Task A_message_is_seen_to_arrive_while_its_page_is_open_with_the_headers_of_both_sides()
    {
        await using var receiver = new WebhookListener(new ListenerOptions { Rule = new ListenerRule { FailFirst = 1 } }, TimeProvider.System);
        await receiver.StartAsync(CancellationToken.None);
        await using var server = await ConsoleServer.StartAsync();
        await AddEndpointAsync(server, receiver.Url.ToString(), """ "retrySchedule":[3] """);
        var page = await server.SignInAsync(ConsoleServer.Operator);

        var message = await PublishAsync(server, "order.paid", """{"order":7}""");
        await page.OpenAsync($"/messages/{message}");
        await page.GetByText("answered 503, next try").WaitForAsync();
        await page.GetByText("answered 200 OK in").WaitForAsync();
        await page.GetByText("at attempt 2").WaitForAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "200 OK" }).ClickAsync();
        await page.GetByRole(AriaRole.Region, new() { Name = "Request" }).GetByText("webhook-signature").WaitForAsync();
        await page.GetByRole(AriaRole.Region, new() { Name = "Response" }).GetByText("Content-Length").Or(
            page.GetByRole(AriaRole.Region, new() { Name = "Response" }).GetByText("Transfer-Encoding")).First.WaitForAsync();
        var curl = await page.GetByRole(AriaRole.Button, new() { Name = "Copy this very request as a curl command" }).GetAttributeAsync("data-copy");
        curl.ShouldNotBeNull().ShouldContain($"-H 'webhook-id: {message}'");
        curl.ShouldContain("""--data-raw '{"order":7}'""");
    }

    [Fact]
    public async Task The_list_follows_new_messages_and_holds_still_while_it_is_paused()
    {
        await using var server = await ConsoleServer.StartAsync();
        var page = await server.SignInAsync();
        await page.OpenAsync("/messages");
        await page.GetByText("No messages yet").WaitForAsync();

        await PublishAsync(server, "first.seen");
        await page.GetByRole(AriaRole.Link, new() { Name = "first.seen" }).WaitForAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Live: pause" }).ClickAsync();
        await page.GetByText("Paused; 0 newer").WaitForAsync();
        await PublishAsync(server, "second.held");
        await page.GetByText("Paused; 1 newer").WaitForAsync();
        (await page.GetByText("second.held").CountAsync()).ShouldBe(0);

        await page.GetByRole(AriaRole.Button, new() { Name = "Follow again" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "second.held" }).WaitForAsync();
    }

    [Fact]
    public async Task Filters_stand_in_the_address_and_survive_a_reload()
    {
        await using var server = await ConsoleServer.StartAsync();
        await PublishAsync(server, "order.paid", tags: """["vip"]""");
        await PublishAsync(server, "order.paid");
        await PublishAsync(server, "order.lost");
        var page = await server.SignInAsync();
        await page.OpenAsync("/messages");
        await RowsAsync(page, 3);

        await page.GetByRole(AriaRole.Combobox, new() { Name = "Event type" }).FillAsync("order.paid");
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Event type" }).PressAsync("Enter");
        await RowsAsync(page, 2);
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Tag" }).FillAsync("vip");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Tag" }).PressAsync("Enter");
        await RowsAsync(page, 1);
        await page.GetByRole(AriaRole.Combobox, new() { Name = "Status" }).SelectOptionAsync("Owed to nobody");
        await page.UntilAtAsync(".*status=not-owed.*");

        page.Url.ShouldContain("type=order.paid");
        page.Url.ShouldContain("tag=vip");
        await page.ReloadAsync();
        await page.UntilReadyAsync();
        await RowsAsync(page, 1);
        (await page.GetByRole(AriaRole.Textbox, new() { Name = "Tag" }).InputValueAsync()).ShouldBe("vip");
        (await page.GetByRole(AriaRole.Combobox, new() { Name = "Status" }).InputValueAsync()).ShouldBe("not-owed");
        await page.GetByRole(AriaRole.Link, new() { Name = "Clear" }).ClickAsync();
        await RowsAsync(page, 3);
    }

    [Fact]
    public async Task A_message_opens_beside_the_list_and_closes_by_Escape_and_on_a_phone_it_has_the_page_to_itself()
    {
        await using var server = await ConsoleServer.StartAsync();
        var message = await PublishAsync(server, "order.paid");
        var page = await server.SignInAsync();
        await page.OpenAsync("/messages");
        await page.GetByRole(AriaRole.Link, new() { Name = "order.paid" }).ClickAsync();

        await page.GetByRole(AriaRole.Complementary, new() { Name = "Message" }).GetByText("Payload").First.WaitForAsync();
        new Uri(page.Url).Query.ShouldContain($"message={message}");
        await RowsAsync(page, 1);
        await page.Keyboard.PressAsync("Escape");
        await page.GetByRole(AriaRole.Complementary, new() { Name = "Message" }).WaitForAsync(new() { State = WaitForSelectorState.Detached });

        var phone = await server.SignInAsync(width: 390);
        await phone.OpenAsync("/messages");
        await phone.GetByRole(AriaRole.Link, new() { Name = "order.paid" }).ClickAsync();
        await phone.UntilAtAsync($"/messages/{message}");
    }

    [Fact]
    public async Task Endpoints_that_did_not_get_a_message_say_why_not()
    {
        await using var server = await ConsoleServer.StartAsync();
        await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"order.refunded","description":"Refunded"}""");
        await AddEndpointAsync(server, "http://127.0.0.1:9/refunds", """ "filterTypes":["order.refunded"] """);
        await AddEndpointAsync(server, "http://127.0.0.1:9/disabled", """ "disabled":true """);
        var message = await PublishAsync(server, "order.paid");
        var page = await server.SignInAsync(ConsoleServer.Viewer);

        await page.OpenAsync($"/messages/{message}");

        await page.GetByText("No endpoint wanted this message").WaitForAsync();
        await page.GetByText("had not subscribed to this event type").First.WaitForAsync();
        await page.GetByText("was disabled when the message was accepted").WaitForAsync();
        (await page.GetByRole(AriaRole.Button, new() { Name = "Resend" }).CountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Resend_makes_another_attempt_and_a_waiting_delivery_can_be_cancelled()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Status(503, "Retry-After: 300\r\n"));
        await using var server = await ConsoleServer.StartAsync();
        await AddEndpointAsync(server, receiver.Url, """ "retrySchedule":[600] """);
        var message = await PublishAsync(server, "order.paid");
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync($"/messages/{message}");
        await page.GetByText("the receiver asked for").First.WaitForAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Resend" }).ClickAsync();
        await page.GetByText("It is being sent once more.").WaitForAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Cancel the delivery" }).ClickAsync();
        await page.GetByText("somebody ended it").WaitForAsync();
        (await page.GetByRole(AriaRole.Button, new() { Name = "Cancel", Exact = true }).CountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task A_delivered_message_that_is_sent_again_shows_a_second_attempt()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using var server = await ConsoleServer.StartAsync();
        await AddEndpointAsync(server, receiver.Url);
        var message = await PublishAsync(server, "order.paid");
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync($"/messages/{message}");
        await page.GetByText("at the first attempt").WaitForAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Resend" }).ClickAsync();

        await page.GetByText("manual", new() { Exact = true }).WaitForAsync();
        receiver.Requests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Whatever_strangers_wrote_is_shown_as_text_and_does_nothing()
    {
        const string Script = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">";
        await using var receiver = new ScriptedReceiver(Scripts.Answer(
            $"HTTP/1.1 500 Bad\r\nX-Answer: {Script}\r\nContent-Length: {Script.Length}\r\n\r\n{Script}"));
        await using var server = await ConsoleServer.StartAsync();
        await AddEndpointAsync(server, receiver.Url, $$""" "description":{{JsonSerializer.Serialize(Script)}},"retrySchedule":[600] """);
        var payload = JsonSerializer.Serialize(new { a = Script, b = "</pre><img src=x onerror=alert(1)>", c = "left‮thgir", d = new string('x', 900_000) }, AsItIs);
        var message = await PublishAsync(server, "order.paid", payload);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        var dialogs = 0;
        page.Dialog += (_, dialog) =>
        {
            dialogs++;
            _ = dialog.DismissAsync();
        };

        await page.OpenAsync($"/messages/{message}");
        await page.GetByText("</pre><img src=x onerror=alert(1)>").First.WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Raw" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Show all" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Show less" }).WaitForAsync();
        (await page.GetByRole(AriaRole.Region, new() { Name = "payload", Exact = true }).InnerTextAsync()).ShouldNotContain('‮');
        await page.GetByRole(AriaRole.Button, new() { Name = "500" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Region, new() { Name = "Response" }).Locator("dd").GetByText(Script).WaitForAsync();
        await page.GetByRole(AriaRole.Region, new() { Name = "Response" }).Locator("pre").GetByText(Script).WaitForAsync();

        dialogs.ShouldBe(0);
        (await page.TitleAsync()).ShouldNotContain("taken");
        (await page.Locator("main img, main script").CountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task A_payload_that_was_removed_or_is_no_text_is_told_of()
    {
        await using var server = await ConsoleServer.StartAsync();
        var removed = await PublishAsync(server, "order.paid");
        (await server.Client.DeleteJsonAsync($"{Messages}/{removed}/content")).Status.ShouldBe(204);
        var page = await server.SignInAsync();

        await page.OpenAsync($"/messages/{removed}");

        await page.GetByText("The payload was removed on request").WaitForAsync();
    }

    [Fact]
    public async Task A_portal_shows_its_own_messages_and_nobody_elses()
    {
        await using var server = await ConsoleServer.StartAsync();
        var own = (await server.Client.PostJsonAsync("/api/v1/app", """{"name":"Northwind","uid":"northwind"}""")).Id;
        var mine = (await server.Client.PostJsonAsync($"/api/v1/app/{own}/msg", """{"eventType":"order.mine","payload":{}}""")).Id;
        var theirs = await PublishAsync(server, "order.theirs");
        var page = await server.OpenPortalAsync(own);

        await page.OpenAsync("/portal/messages?applications=all");
        await page.GetByRole(AriaRole.Link, new() { Name = "order.mine" }).WaitForAsync();
        (await page.GetByText("order.theirs").CountAsync()).ShouldBe(0);
        await page.OpenAsync($"/portal/messages/{theirs}");
        await page.GetByRole(AriaRole.Heading, new() { Name = "There is nothing here" }).WaitForAsync();
        await page.OpenAsync($"/portal/messages?message={theirs}");
        await page.GetByText("There is no such message").WaitForAsync();
        await page.OpenAsync($"/portal/find?text={theirs}");
        await page.GetByText("Nothing was found").WaitForAsync();
        await page.OpenAsync($"/portal/find?text={mine}");
        await page.UntilAtAsync($"/portal/messages/{mine}");
    }

    [Fact]
    public async Task A_list_of_tens_of_thousands_shows_a_page_and_pages_without_jumping()
    {
        await using var server = await ConsoleServer.StartAsync();
        var batch = $"[{string.Join(',', Enumerable.Repeat("""{"eventType":"order.paid","payload":{}}""", 1_000))}]";
        for (var i = 0; i < 20; i++)
            (await server.Client.PostJsonAsync($"{Messages}/batch", batch)).Status.ShouldBeLessThan(300);
        var page = await server.SignInAsync();
        await page.OpenAsync("/messages");
        await RowsAsync(page, 50);
        var newest = await IdsAsync(page);

        await page.GetByRole(AriaRole.Link, new() { Name = "Older" }).ClickAsync();
        await page.UntilAtAsync(".*at=.*");
        await page.GetByRole(AriaRole.Link, new() { Name = "Newer" }).WaitForAsync();
        var older = await IdsAsync(page);
        older.Length.ShouldBe(50);
        older.Intersect(newest).ShouldBeEmpty();
        await PublishAsync(server, "order.late");
        await page.GetByRole(AriaRole.Link, new() { Name = "Newer" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Older" }).WaitForAsync();
        await Assertions.Expect(page.Locator("tr[data-row]").First).ToContainTextAsync(newest[0][^6..]);
    }

    private static async Task<string[]> IdsAsync(IPage page) => [.. (await page.Locator("tr[data-row] .id-text code").AllAsync())
        .Select(code => code.GetAttributeAsync("title").GetAwaiter().GetResult()!)];

    private static Task RowsAsync(IPage page, int count) => Assertions.Expect(page.Locator("tr[data-row]")).ToHaveCountAsync(count);

    private static async Task AddEndpointAsync(ConsoleServer server, string url, string? more = null) =>
        (await server.Client.PostJsonAsync(Endpoints, $$"""{"url":"{{url}}"{{(more is null ? "" : "," + more)}}}""")).Status.ShouldBe(201);

    private static async Task<string> PublishAsync(ConsoleServer server, string type, string payload = "{}", string tags = "[]") =>
        (await server.Client.PostJsonAsync(Messages, $$"""{"eventType":"{{type}}","payload":{{payload}},"tags":{{tags}}}""")).Id;
}
