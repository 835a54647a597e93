using System.Text;
using System.Text.RegularExpressions;
using Grapnel.Server.Console;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console;

public sealed partial class WebhookPagesTests
{
    private const string Endpoints = "/api/v1/app/default/endpoint";

    [Fact]
    public async Task A_webhook_is_made_with_a_form_and_stands_in_the_list()
    {
        await using var server = await ConsoleServer.StartAsync();
        await AddTypesAsync(server);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/webhooks");
        await page.Link("Make the first webhook").ClickAsync();
        await page.Box("URL").FillAsync("http://127.0.0.1:9/hook");
        await page.GetByText("Webhooks can be sent there").WaitForAsync();
        await page.Box("Description").FillAsync("Warehouse");
        await page.GetByLabel("Only these").CheckAsync();
        await page.GetByRole(AriaRole.Searchbox, new() { Name = "Search event types" }).FillAsync("paid");
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "order.paid" }).CheckAsync();
        await page.GetByText("Further settings").ClickAsync();
        await page.GetByLabel("When an attempt fails").SelectOptionAsync("Own");
        await page.Box("Delays between attempts").FillAsync("5s, 30m, 2h");
        await page.Button("Make the webhook").ClickAsync();

        await page.Title("Warehouse").WaitForAsync();
        await page.GetByText("After 5s, 30m, 2h").WaitForAsync();
        await page.OpenAsync("/webhooks");
        var row = page.GetByRole(AriaRole.Row, new() { NameRegex = Warehouse() });
        (await row.InnerTextAsync()).ShouldContain("order.paid");
        (await row.InnerTextAsync()).ShouldContain("Healthy");
    }

    [Fact]
    public async Task Format_and_access_token_are_set_with_the_form_and_an_edit_keeps_the_secret_that_it_does_not_show()
    {
        await using var server = await ConsoleServer.StartAsync();
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/webhooks/new");
        await page.Box("URL").FillAsync("http://127.0.0.1:9/hook");
        await page.Box("Description").FillAsync("Warehouse");
        await page.GetByText("Further settings").ClickAsync();
        await page.GetByLabel("Format").SelectOptionAsync("GithubForm");
        await page.GetByText("Certificates and access tokens").ClickAsync();
        await page.Box("Client certificate").FillAsync("not PEM");
        await page.Box("Token URL").FillAsync("http://127.0.0.1:9/token");
        await page.Box("Client id").FillAsync("grapnel");
        await page.GetByLabel("Client secret").FillAsync("very-secret-indeed");
        await page.Button("Make the webhook").ClickAsync();
        await page.GetByText("goes with the other").WaitForAsync();
        await page.Box("Client certificate").FillAsync("");
        await page.Button("Make the webhook").ClickAsync();
        await page.Title("Warehouse").WaitForAsync();
        await page.GetByText("GitHub's webhooks, form").WaitForAsync();

        await page.Link("Edit settings").ClickAsync();
        await page.Box("Scope").FillAsync("hooks");
        (await page.GetByLabel("Client secret").InputValueAsync()).ShouldBe("");
        await page.Button("Save").ClickAsync();

        await page.Title("Warehouse").WaitForAsync();
        var made = (await server.Client.GetJsonAsync(Endpoints))["data"][0];
        (made.GetProperty("format").GetString(), made.GetProperty("oauth").GetProperty("scope").GetString()).ShouldBe(("githubForm", "hooks"));
        (await page.ContentAsync()).ShouldNotContain("very-secret-indeed");
    }

    [Fact]
    public async Task A_url_that_will_not_do_is_told_while_it_is_typed()
    {
        await using var server = await ConsoleServer.StartAsync(new Dictionary<string, string?> { ["Network:AllowNet"] = null });
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/webhooks/new");
        await page.Box("URL").FillAsync("ftp://example.com");
        await page.GetByText("An absolute http or https URL is needed").WaitForAsync();

        await page.Box("URL").FillAsync("http://192.168.1.7/hook");

        await page.GetByText("leads to an address that webhooks may not be sent to").WaitForAsync();
        (await page.GetByText("Network:AllowNet").CountAsync()).ShouldBe(1, "it says what to do");
    }

    [Fact]
    public async Task What_is_wrong_with_a_field_stands_beside_it_and_nothing_is_made()
    {
        await using var server = await ConsoleServer.StartAsync();
        await AddTypesAsync(server);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/webhooks/new?eventType=order.paid");
        (await page.GetByRole(AriaRole.Checkbox, new() { Name = "order.paid" }).IsCheckedAsync()).ShouldBeTrue();
        await page.Box("URL").FillAsync("http://127.0.0.1:9/hook");
        await page.GetByText("Further settings").ClickAsync();
        await page.Box("Content filter").FillAsync("total >");
        await page.GetByText("This is no JMESPath expression").WaitForAsync();
        await page.Box("Content filter").FillAsync("");
        await page.GetByLabel("When an attempt fails").SelectOptionAsync("Own");
        await page.Box("Delays between attempts").FillAsync("5s, soon");
        await page.Button("Make the webhook").ClickAsync();
        await page.GetByText("'soon' is no duration").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove order.paid" }).ClickAsync();

        await page.Button("Make the webhook").ClickAsync();

        await page.GetByText("Choose at least one event type, or all").WaitForAsync();
        (await server.Client.GetJsonAsync(Endpoints))["data"].GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task An_edit_keeps_secrets_and_credentials_that_it_does_not_show()
    {
        await using var server = await ConsoleServer.StartAsync();
        var id = (await server.Client.PostJsonAsync(Endpoints, """
            {"url":"http://127.0.0.1:9/hook","description":"Warehouse","headers":{"Authorization":"Bearer hush","X-Team":"blue"}}
            """)).Id;
        var secret = await server.Client.GetJsonAsync($"{Endpoints}/{id}/secret");
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync($"/webhooks/{id}/edit");
        (await page.ContentAsync()).ShouldNotContain("Bearer hush");
        await page.Box("Description").FillAsync("Storehouse");
        await page.Button("Save").ClickAsync();

        await page.Title("Storehouse").WaitForAsync();

        (await server.Client.GetJsonAsync($"{Endpoints}/{id}/secret")).Text.ShouldBe(secret.Text);
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await server.Client.PatchJsonAsync($"{Endpoints}/{id}", $$"""{"url":"{{receiver.Url}}"}""");
        await PublishAsync(server, 1);
        (await receiver.NextRequestAsync()).Header("Authorization").ShouldBe("Bearer hush");
    }

    [Fact]
    public async Task An_operator_sees_the_secret_when_asked_for_and_a_viewer_never()
    {
        await using var server = await ConsoleServer.StartAsync();
        var id = await AddAsync(server, "http://127.0.0.1:9/hook");
        var secret = (await server.Client.GetJsonAsync($"{Endpoints}/{id}/secret"))["key"].GetString()!;
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync($"/webhooks/{id}");
        (await page.ContentAsync()).ShouldNotContain(secret);
        await page.Button("Show the secret").ClickAsync();
        await page.GetByText(secret).WaitForAsync();
        (await Axe.CheckAsync(page)).ShouldBeEmpty();

        await page.GetByText("Replace the secret").First.ClickAsync();
        await page.Button("Replace the secret").ClickAsync();
        await page.GetByText("The old one signs, too, for 1 day").WaitForAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Replace the secret" }).ClickAsync();
        await page.GetByText("An older one signs, too").WaitForAsync();
        await page.GetByText(secret).WaitForAsync(new() { State = WaitForSelectorState.Detached });

        var viewer = await server.SignInAsync(ConsoleServer.Viewer);
        await viewer.OpenAsync($"/webhooks/{id}");
        await viewer.Title("Warehouse").WaitForAsync();
        foreach (var act in new[] { "Show the secret", "Pause", "Disable", "Send the test event", "Count them first", "Delete the webhook", "Replace the secret" })
            (await viewer.Button(act).CountAsync()).ShouldBe(0, act);
        (await viewer.GetByRole(AriaRole.Link, new() { NameRegex = Edit() }).CountAsync()).ShouldBe(0);
        await viewer.OpenAsync("/webhooks/new");
        await viewer.GetByText("but not make them").WaitForAsync();
    }

    [Fact]
    public async Task A_paused_webhook_queues_and_a_resumed_one_sends()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using var server = await ConsoleServer.StartAsync();
        var id = await AddAsync(server, receiver.Url);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync($"/webhooks/{id}");
        await page.Button("Pause").ClickAsync();
        await page.GetByText("A person paused it").WaitForAsync();
        await PublishAsync(server, 3);
        await page.Locator(".figure", new() { HasText = "Waiting" }).GetByText("3", new() { Exact = true }).WaitForAsync();
        receiver.Requests.ShouldBeEmpty();

        await page.Button("Resume").ClickAsync();

        for (var i = 0; i < 3; i++)
            await receiver.NextRequestAsync();
        await page.GetByText("nothing is pending").WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "order.paid" }).First.WaitForAsync();
    }

    [Fact]
    public async Task A_failing_webhook_is_mended_and_gets_again_what_failed()
    {
        var answer = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
        await using var receiver = new ScriptedReceiver(Answering(() => Volatile.Read(ref answer)));
        await using var server = await ConsoleServer.StartAsync(new Dictionary<string, string?>
        {
            ["Delivery:BreakerThreshold"] = "3", ["Delivery:BreakerMinPause"] = "100ms", ["Delivery:BreakerMaxPause"] = "200ms",
        });
        var id = await AddAsync(server, receiver.Url, retries: "[1]");
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync($"/webhooks/{id}");
        await PublishAsync(server, 2);
        await page.GetByText("Failing", new() { Exact = true }).WaitForAsync();
        await page.GetByText("nothing is pending").WaitForAsync();
        (await page.GetByText("500").CountAsync()).ShouldBeGreaterThanOrEqualTo(4, "two messages, two attempts each");
        Volatile.Write(ref answer, Scripts.Ok);
        var before = receiver.Requests.Count;

        await page.Link("Send again what failed").ClickAsync();
        await page.Button("Count them first").ClickAsync();
        await page.GetByText("2 messages would be sent.").WaitForAsync();
        receiver.Requests.Count.ShouldBe(before, "counting sends nothing");
        await page.Button("Send 2 messages").ClickAsync();

        await page.GetByText("Finished").WaitForAsync();
        await page.GetByText("2 of 2 messages").WaitForAsync();
        await page.GetByText("sent again").First.WaitForAsync();
        await page.Locator(".webhook-state").GetByText("Healthy").WaitForAsync();
        (await page.GetByText("200", new() { Exact = true }).CountAsync()).ShouldBe(2);
    }

    [Fact]
    public async Task What_a_webhook_never_got_is_replayed_goes_on_without_its_page_and_can_be_cancelled()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using var server = await ConsoleServer.StartAsync();
        await PublishAsync(server, 20);
        var id = await AddAsync(server, receiver.Url);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync($"/webhooks/{id}");
        await page.GetByLabel("What", new() { Exact = true }).SelectOptionAsync("endpoint.replay");
        await page.GetByRole(AriaRole.Spinbutton, new() { Name = "At most so many a second" }).FillAsync("2");
        await page.Button("Count them first").ClickAsync();
        await page.Button("Send 20 messages").ClickAsync();
        await page.GetByText("Running").WaitForAsync();
        await receiver.NextRequestAsync();

        await page.OpenAsync($"/webhooks/{id}");
        await page.GetByText("of 20 messages").WaitForAsync();
        await page.Button("Cancel", exact: true).ClickAsync();

        await page.Locator("[data-task=Cancelled]").WaitForAsync();
        receiver.Requests.Count.ShouldBeLessThan(20);
    }

    [Fact]
    public async Task A_test_event_is_sent_to_one_webhook_and_its_answer_is_shown()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer("HTTP/1.1 418 No\r\nContent-Length: 11\r\n\r\n<b>teapot</"));
        await using var server = await ConsoleServer.StartAsync();
        var id = await AddAsync(server, receiver.Url, retries: "[]");
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync($"/webhooks/{id}");
        await page.Box("Payload").FillAsync("{");
        await page.Button("Send the test event").ClickAsync();
        await page.GetByText("This is no JSON").WaitForAsync();
        await page.Box("Payload").FillAsync("""{"hello":"world"}""");

        await page.Button("Send the test event").ClickAsync();

        Encoding.UTF8.GetString((await receiver.NextRequestAsync()).Body).ShouldBe("""{"hello":"world"}""");
        var result = page.Locator(".test-result");
        await result.GetByText("Failed", new() { Exact = true }).WaitForAsync();
        await result.GetByText("418").WaitForAsync();
        await result.GetByText("<b>teapot</").WaitForAsync();
    }

    [Fact]
    public async Task Deleting_tells_what_is_lost_and_asks_for_the_name()
    {
        await using var server = await ConsoleServer.StartAsync();
        var id = await AddAsync(server, "http://127.0.0.1:9/hook");
        await server.Client.PostJsonAsync($"{Endpoints}/{id}/pause");
        await PublishAsync(server, 4);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync($"/webhooks/{id}");
        await page.Button("Delete the webhook").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByText("4 pending deliveries end and are never made").WaitForAsync();
        var confirm = dialog.GetByRole(AriaRole.Button, new() { Name = "Delete the webhook" });
        (await confirm.IsDisabledAsync()).ShouldBeTrue();
        await dialog.GetByLabel("Type Warehouse to confirm").FillAsync("Warehouse");

        await confirm.ClickAsync();

        await page.GetByText("There are no webhooks yet").WaitForAsync();
        (await server.Client.GetJsonAsync($"{Endpoints}/{id}")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task A_portal_shows_its_own_webhooks_and_never_those_of_another_application()
    {
        await using var server = await ConsoleServer.StartAsync();
        var foreign = await AddAsync(server, "http://127.0.0.1:9/foreign");
        await server.Client.PostJsonAsync("/api/v1/app", """{"name":"Northwind","uid":"northwind"}""");
        var own = (await server.Client.PostJsonAsync("/api/v1/app/northwind/endpoint", """{"url":"http://127.0.0.1:9/own","description":"Our own"}""")).Id;
        var token = (await server.Client.PostJsonAsync("/api/v1/auth/app-portal-access/northwind", "{}"))["token"].GetString()!;
        var page = await server.SignInAsync();
        await page.Context.AddCookiesAsync([new Cookie { Name = PortalSession.Cookie, Value = token, Url = server.Server.Address.ToString() }]);

        await page.OpenAsync("/portal/webhooks");
        (await page.Link("Our own").GetAttributeAsync("href")).ShouldBe($"/portal/webhooks/{own}");
        (await page.GetByText("Warehouse").CountAsync()).ShouldBe(0);
        await page.OpenAsync($"/portal/webhooks/{own}");
        await page.Title("Our own").WaitForAsync();
        (await page.Button("Show the secret").CountAsync()).ShouldBe(1);
        foreach (var path in new[] { foreign, $"{foreign}/edit" })
        {
            await page.OpenAsync($"/portal/webhooks/{path}");
            await page.Title("There is nothing here").WaitForAsync();
            (await page.ContentAsync()).ShouldNotContain("Warehouse");
        }
    }

    private static Func<ReceiverConnection, Task> Answering(Func<string> answer) => async connection =>
    {
        while (await connection.ReadRequestAsync() is not null)
            await connection.WriteAsync(answer());
    };

    private static async Task AddTypesAsync(ConsoleServer server)
    {
        await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"order.paid","description":"An order was paid"}""");
        await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"order.created","description":"An order came in"}""");
    }

    private static async Task<string> AddAsync(ConsoleServer server, string url, string retries = "null", string description = "Warehouse") =>
        (await server.Client.PostJsonAsync(Endpoints, $$"""{"url":"{{url}}","description":"{{description}}","retrySchedule":{{retries}}}""")).Id;

    private static async Task PublishAsync(ConsoleServer server, int count)
    {
        await AddTypesAsync(server);
        for (var i = 0; i < count; i++)
            (await server.Client.PostJsonAsync("/trigger/order.paid", $$"""{"number":{{i}}}""")).Status.ShouldBe(202);
    }

    [GeneratedRegex("Warehouse")]
    private static partial Regex Warehouse();

    [GeneratedRegex("^Edit")]
    private static partial Regex Edit();
}

internal static class WebhookPageExtensions
{
    public static ILocator Box(this IPage page, string name) => page.GetByRole(AriaRole.Textbox, new() { Name = name });

    public static ILocator Button(this IPage page, string name, bool exact = false) => page.GetByRole(AriaRole.Button, new() { Name = name, Exact = exact });

    public static ILocator Link(this IPage page, string name) => page.GetByRole(AriaRole.Link, new() { Name = name });

    public static ILocator Title(this IPage page, string name) => page.GetByRole(AriaRole.Heading, new() { Name = name, Level = 1 });
}
