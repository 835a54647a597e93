using System.Text.RegularExpressions;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console;

public sealed class ConsoleHomeTests
{
    // A breaker that opens soon, and probes soon.
    private static readonly Dictionary<string, string?> Quick = new()
    {
        ["Delivery:BreakerThreshold"] = "2", ["Delivery:BreakerMinPause"] = "200ms", ["Delivery:BreakerMaxPause"] = "500ms",
    };

    [Fact]
    public async Task A_fresh_installation_teaches_how_to_begin()
    {
        await using var server = await StartAsync();
        var page = await server.SignInAsync(ConsoleServer.Operator);

        await HeadlineAsync(page, "There is no webhook yet");

        (await page.GetByRole(AriaRole.Link, new() { Name = "Take the three steps" }).GetAttributeAsync("href")).ShouldBe("/welcome");
        (await Axe.CheckAsync(page)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_viewer_of_a_fresh_installation_is_not_asked_to_do_what_they_may_not()
    {
        await using var server = await StartAsync();
        var page = await server.SignInAsync(ConsoleServer.Viewer);

        await HeadlineAsync(page, "There is no webhook yet");

        (await page.GetByRole(AriaRole.Link, new() { Name = "Take the three steps" }).CountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Figures_move_while_messages_are_delivered()
    {
        await using var receiver = new Receiver();
        await using var server = await StartAsync();
        await AddEndpointAsync(server, receiver.Url);
        var page = await server.SignInAsync(ConsoleServer.Viewer);
        await HeadlineAsync(page, "Your endpoint is healthy");
        await page.GetByText("0 messages in the last hour").WaitForAsync();

        await TriggerAsync(server, 30);

        await page.GetByText("30 messages in the last hour").WaitForAsync();
        await page.GetByText("30 deliveries in the last hour").WaitForAsync();
        await page.GetByText("0 of 30 attempts failed in the last hour").WaitForAsync();
        await page.GetByRole(AriaRole.Img, new() { Name = "Deliveries over time: 30 delivered, 0 retried, 0 failed in all." }).WaitForAsync();
        await page.Locator(".figure", new() { HasText = "Success rate" }).GetByText("100 %").WaitForAsync();
    }

    [Fact]
    public async Task Rates_fall_to_nothing_by_themselves()
    {
        await using var receiver = new Receiver();
        await using var server = await StartAsync();
        await AddEndpointAsync(server, receiver.Url);
        var page = await server.SignInAsync(ConsoleServer.Viewer);
        var delivered = page.Locator(".figure", new() { HasText = "in the last hour" }).Filter(new() { HasText = "Delivered" }).Locator(".figure-value");

        await TriggerAsync(server, 30);

        await delivered.Filter(new() { HasTextRegex = new("[1-9]") }).WaitForAsync();
        await delivered.Filter(new() { HasTextRegex = new(@"^\s*0\s*/s\s*$") }).WaitForAsync(new() { Timeout = 30_000 });
    }

    [Fact]
    public async Task A_failing_endpoint_is_in_trouble_with_its_reason_until_it_recovers()
    {
        await using var receiver = new Receiver { Status = 503 };
        await using var server = await StartAsync(Quick);
        await AddEndpointAsync(server, receiver.Url, "Warehouse");
        var page = await server.SignInAsync(ConsoleServer.Operator);

        await TriggerAsync(server, 3);

        await HeadlineAsync(page, "1 endpoint is failing");
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "Warehouse" });
        await row.GetByText(new Regex(@"Answers 503 Service Unavailable, \d+ times in a row\.")).WaitForAsync();
        (await Axe.CheckAsync(page)).ShouldBeEmpty();

        receiver.Status = 200;

        await HeadlineAsync(page, "Your endpoint is healthy");
        await row.WaitForAsync(new() { State = WaitForSelectorState.Detached });
    }

    [Fact]
    public async Task An_operator_pauses_resumes_and_disables_an_endpoint_in_trouble()
    {
        await using var receiver = new Receiver { Status = 500 };
        await using var server = await StartAsync(Quick);
        await AddEndpointAsync(server, receiver.Url, "Warehouse");
        await TriggerAsync(server, 3);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await HeadlineAsync(page, "1 endpoint is failing");
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "Warehouse" });

        await row.GetByRole(AriaRole.Button, new() { Name = "Pause Warehouse" }).ClickAsync();
        await row.GetByText("Paused", new() { Exact = true }).WaitForAsync();
        await row.GetByRole(AriaRole.Button, new() { Name = "Resume Warehouse" }).ClickAsync();
        await row.GetByText("Paused", new() { Exact = true }).WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await HeadlineAsync(page, "1 endpoint is failing");
        await row.GetByRole(AriaRole.Button, new() { Name = "Disable Warehouse" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Disable" }).ClickAsync();

        await HeadlineAsync(page, "0 endpoints are healthy, 1 is disabled");
    }

    [Fact]
    public async Task A_viewer_sees_trouble_and_no_button()
    {
        await using var receiver = new Receiver { Status = 500 };
        await using var server = await StartAsync(Quick);
        await AddEndpointAsync(server, receiver.Url, "Warehouse");
        await TriggerAsync(server, 3);
        var page = await server.SignInAsync(ConsoleServer.Viewer);

        await HeadlineAsync(page, "1 endpoint is failing");

        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "Warehouse" });
        await row.WaitForAsync();
        (await row.GetByRole(AriaRole.Button).CountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task The_range_of_the_charts_stands_in_the_address()
    {
        await using var server = await StartAsync();
        await AddEndpointAsync(server, "http://127.0.0.1:9/");
        var page = await server.SignInAsync(ConsoleServer.Viewer);

        await page.GetByRole(AriaRole.Link, new() { Name = "7 d" }).ClickAsync();

        await page.GetByRole(AriaRole.Heading, new() { Name = "In the last 7 days" }).WaitForAsync();
        await page.UntilAtAsync(@"/\?range=7d");
        await page.OpenAsync("/?range=30d");
        await page.GetByRole(AriaRole.Heading, new() { Name = "In the last 30 days" }).WaitForAsync();
    }

    [Fact]
    public async Task Home_counts_what_was_accepted_and_the_nodes_show_what_waits_in_each_lane_and_who_works_on_it()
    {
        await using var receiver = new Receiver();
        await using var broken = new Receiver { Status = 503 };
        await using var server = await StartAsync(Quick);
        await AddEndpointAsync(server, receiver.Url);
        await AddEndpointAsync(server, broken.Url, "Warehouse");
        await TriggerAsync(server, 60);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await HeadlineAsync(page, "1 endpoint is failing");
        await page.GetByText("60 messages in the last hour").WaitForAsync();

        await page.OpenAsync("/settings/nodes");

        await page.GetByText("this node", new() { Exact = true }).First.WaitForAsync();
        var lane = page.Locator("tr[data-row]").Filter(new() { HasText = "/hook" });
        await lane.GetByText("60", new() { Exact = true }).WaitForAsync();
        await lane.GetByText("this node").WaitForAsync();
    }

    private static async Task<ConsoleServer> StartAsync(IReadOnlyDictionary<string, string?>? settings = null)
    {
        var server = await ConsoleServer.StartAsync(settings);
        (await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"order.paid","description":"An order was paid"}""")).Status.ShouldBe(201);
        return server;
    }

    private static async Task HeadlineAsync(IPage page, string text) =>
        await page.GetByRole(AriaRole.Heading, new() { Level = 1, Name = text }).WaitForAsync();

    private static async Task AddEndpointAsync(ConsoleServer server, string url, string description = "") =>
        (await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", $$"""
            {"url":"{{url}}","description":"{{description}}","retrySchedule":[{{string.Join(',', Enumerable.Repeat(2, 20))}}]}
            """)).Status.ShouldBe(201);

    private static async Task TriggerAsync(ConsoleServer server, int count)
    {
        for (var i = 0; i < count; i++)
            (await server.Client.PostJsonAsync("/trigger/order.paid", "{}")).Status.ShouldBe(202);
    }

    /// <summary>A consumer that answers as it is told to at the moment.</summary>
    private sealed class Receiver : IAsyncDisposable
    {
        private readonly ScriptedReceiver _receiver;
        private volatile int _status = 200;

        public Receiver() => _receiver = new ScriptedReceiver(async connection =>
        {
            while (await connection.ReadRequestAsync() is not null)
                await connection.WriteAsync($"HTTP/1.1 {_status} Told\r\nContent-Length: 0\r\n\r\n");
        });

        public int Status { get => _status; set => _status = value; }

        public string Url => _receiver.Url;

        public ValueTask DisposeAsync() => _receiver.DisposeAsync();
    }
}
