using Grapnel.Auditing;
using Grapnel.Registry;
using Grapnel.Server.Inboxes;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Grapnel.Storage;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console;

public sealed class InboxPagesTests
{
    private static readonly Dictionary<string, string?> Enabled = new() { ["Inbox:Enabled"] = "true" };

    [Fact]
    public async Task A_webhook_arrives_before_the_eyes_of_whoever_made_the_inbox_with_its_signature_verified()
    {
        await using var server = await ConsoleServer.StartAsync(Enabled);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/inboxes");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create a test endpoint" }).First.ClickAsync();
        await page.GetByText("Nothing has arrived yet").WaitForAsync();

        await PublishAsync(server, """{"orderId":42}""");

        await page.GetByText("Signature verified").WaitForAsync();
        (await page.Locator(".check-steps li").AllInnerTextsAsync()).ShouldAllBe(step => step.StartsWith("Passed"));
        (await page.Locator(".code pre").InnerTextAsync()).ShouldBe("{\n  \"orderId\": 42\n}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Raw" }).ClickAsync();
        await page.Locator("pre", new() { HasTextString = """{"orderId":42}""" }).And(page.Locator(".code pre")).WaitForAsync();
        (await page.Locator(".caught-headers").InnerTextAsync()).ShouldContain("webhook-signature");
    }

    [Fact]
    public async Task What_an_inbox_answers_counts_at_once_and_its_retries_are_seen_until_it_takes_the_message()
    {
        await using var server = await ConsoleServer.StartAsync(Enabled);
        var inbox = await NewInboxAsync(server);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync($"/inboxes/{inbox.Id}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Fail the first 2" }).ClickAsync();
        await page.GetByText("500 to the first 2 attempts of each message, then 200").WaitForAsync();

        await PublishAsync(server, "{}");

        var rows = page.Locator(".caught-list li");
        await rows.Nth(2).WaitForAsync();
        (await rows.AllInnerTextsAsync()).Select(Status).ShouldBe(["200", "500", "500"]);
        (await rows.First.InnerTextAsync()).ShouldContain("attempt 3");

        await rows.Last.GetByRole(AriaRole.Link).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Follow the newest" }).WaitForAsync();
        (await page.Locator(".beside-detail .facts").First.InnerTextAsync()).ShouldContain("500");
    }

    [Fact]
    public async Task A_status_of_ones_own_choice_is_answered_and_one_out_of_range_is_refused_in_words()
    {
        await using var server = await ConsoleServer.StartAsync(Enabled);
        var inbox = await NewInboxAsync(server);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync($"/inboxes/{inbox.Id}");
        await page.GetByLabel("Status").FillAsync("503");
        await page.GetByLabel("Status").PressAsync("Tab");
        await page.GetByText("503 to every request").WaitForAsync();

        await page.GetByLabel("Status").FillAsync("999");
        await page.GetByLabel("Status").PressAsync("Tab");

        await page.GetByText("must lie between 200 and 599").WaitForAsync();
        InboxAnswer.Of((await server.Server.Get<InboxRegistry>().FindAsync(inbox.Id, default))!).Status.ShouldBe(503);
    }

    [Fact]
    public async Task After_the_secret_changed_the_page_shows_the_step_at_which_verifying_fails()
    {
        await using var server = await ConsoleServer.StartAsync(Enabled);
        var inbox = await NewInboxAsync(server);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync($"/inboxes/{inbox.Id}");
        await PublishAsync(server, "{}");
        await page.GetByText("Signature verified").WaitForAsync();
        await server.Server.Get<EndpointSecrets>().RotateAsync(inbox.ApplicationId, inbox.EndpointId.ToString()!, null, TimeSpan.Zero, default);

        await page.OpenAsync($"/inboxes/{inbox.Id}");

        await page.GetByText("Must be refused").WaitForAsync();
        (await page.Locator(".check-steps li").AllInnerTextsAsync()).Select(step => step.Split('\n')[0]).ShouldBe(["Passed", "Passed", "Passed", "Failed"]);
        await page.GetByText("it was signed with a different secret").WaitForAsync();
    }

    [Fact]
    public async Task Where_inboxes_are_off_the_page_says_how_to_switch_them_on()
    {
        await using var server = await ConsoleServer.StartAsync();
        var page = await server.SignInAsync();

        await page.OpenAsync("/inboxes");

        await page.GetByText("GRAPNEL_INBOX__ENABLED").WaitForAsync();
        await page.GetByText("grapnel serve Inbox:Enabled=true --allow-net 127.0.0.0/8").WaitForAsync();
        (await page.GetByRole(AriaRole.Button, new() { Name = "Create a test endpoint" }).CountAsync()).ShouldBe(0);
        (await Axe.CheckAsync(page)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Where_the_servers_own_address_is_not_allowed_the_page_says_which_network_to_allow()
    {
        await using var server = await ConsoleServer.StartAsync(new Dictionary<string, string?>(Enabled) { ["Network:AllowNet"] = null });
        var page = await server.SignInAsync();

        await page.OpenAsync("/inboxes");

        await page.GetByText("Start it with --allow-net 127.0.0.0/8").WaitForAsync();
    }

    [Fact]
    public async Task Whatever_a_stranger_sends_to_an_inbox_is_shown_as_text()
    {
        await using var server = await ConsoleServer.StartAsync(Enabled);
        var inbox = await NewInboxAsync(server);
        const string hostile = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>";
        using var request = new HttpRequestMessage(new HttpMethod("EVIL"), $"/inbox/{inbox.Id}/%3Cscript%3E?a=<b>") { Content = new StringContent(hostile) };
        request.Headers.TryAddWithoutValidation("webhook-id", "javascript:alert(1)//" + hostile);
        request.Headers.TryAddWithoutValidation("x-hostile", hostile);
        using var client = new HttpClient { BaseAddress = server.Server.Address };
        (await client.SendAsync(request)).EnsureSuccessStatusCode();
        var page = await server.SignInAsync(ConsoleServer.Operator);

        await page.OpenAsync($"/inboxes/{inbox.Id}");

        (await page.Locator(".code pre").InnerTextAsync()).ShouldBe(hostile);
        (await page.Locator(".caught-headers").InnerTextAsync()).ShouldContain(hostile);
        (await page.TitleAsync()).ShouldNotContain("taken");
        (await page.Locator("main img, main script, a[href^='javascript']").CountAsync()).ShouldBe(0);
        await page.GetByText("webhook-timestamp is missing").First.WaitForAsync();
        (await Axe.CheckAsync(page)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_body_that_was_cut_off_says_so()
    {
        await using var server = await ConsoleServer.StartAsync(new Dictionary<string, string?>(Enabled) { ["Inbox:MaxBodyBytes"] = "1024" });
        var inbox = await NewInboxAsync(server);
        await PublishAsync(server, $$"""{"long":"{{new string('x', 3000)}}"}""");
        var page = await server.SignInAsync(ConsoleServer.Viewer);

        await page.OpenAsync($"/inboxes/{inbox.Id}");

        await page.GetByText("Only the first 1 KiB of it were kept").WaitForAsync();
        await page.GetByText("Not checked").WaitForAsync();
    }

    [Fact]
    public async Task A_viewer_looks_and_changes_nothing_and_no_application_shows_the_inboxes_of_another()
    {
        await using var server = await ConsoleServer.StartAsync(Enabled);
        var inbox = await NewInboxAsync(server);
        var other = await server.Server.Get<ApplicationRegistry>().CreateAsync(new ApplicationInput { Name = "Northwind" });
        var foreign = await server.Server.Get<InboxRegistry>().CreateAsync(other.Id, server.Server.Address, endpoint: null, default);
        var page = await server.SignInAsync(ConsoleServer.Viewer);

        await page.OpenAsync($"/inboxes/{inbox.Id}");
        await page.GetByText("200 to every request").WaitForAsync();
        (await page.Locator("main").GetByRole(AriaRole.Button, new() { NameRegex = new("Clear|Delete|500|Slow") }).CountAsync()).ShouldBe(0);
        (await page.GetByLabel("Status").CountAsync()).ShouldBe(0);

        await page.OpenAsync("/inboxes");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await page.OpenAsync($"/inboxes/{foreign.Id}");
        await page.GetByText("There is no such test inbox").WaitForAsync();
    }

    [Fact]
    public async Task An_inbox_is_cleared_and_deleted_with_its_webhook_and_the_audit_log_tells_by_whom()
    {
        await using var server = await ConsoleServer.StartAsync(Enabled);
        var inbox = await NewInboxAsync(server);
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync($"/inboxes/{inbox.Id}");
        await PublishAsync(server, "{}");
        await page.GetByText("Signature verified").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Clear" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Clear the inbox" }).ClickAsync();
        await page.GetByText("Nothing has arrived yet").WaitForAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "With its webhook" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete both" }).ClickAsync();

        await page.GetByText("No test inbox yet").WaitForAsync();
        (await server.Server.Get<EndpointRegistry>().FindAsync(inbox.ApplicationId, inbox.EndpointId.ToString()!, default)).ShouldBeNull();
        var log = await server.Server.Get<AuditLog>().ListAsync(new AuditFilter(Subject: inbox.Id.ToString()), new PageRequest(10), default);
        log.Items.Where(entry => entry.Actor == $"user:{ConsoleServer.Operator}").Select(entry => entry.Action).Order()
            .ShouldBe([AuditActions.InboxCleared, AuditActions.InboxDeleted]);
    }

    private static async Task<Inbox> NewInboxAsync(ConsoleServer server)
    {
        var application = await server.Server.Get<ApplicationRegistry>().GetAsync(Application.DefaultUid, default);
        var endpoint = new EndpointInput { Description = "Test inbox", RetrySchedule = [TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero] };
        return await server.Server.Get<InboxRegistry>().CreateAsync(application.Id, server.Server.Address, endpoint, default);
    }

    private static async Task PublishAsync(ConsoleServer server, string payload) =>
        (await server.Client.PostJsonAsync("/api/v1/app/default/msg", $$"""{"eventType":"order.created","payload":{{payload}}}""")).Status.ShouldBe(202);

    private static string Status(string row) => new([.. row.Where(char.IsAsciiDigit).Take(3)]);
}
