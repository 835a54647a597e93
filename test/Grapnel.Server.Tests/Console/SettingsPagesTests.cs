using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console;

public sealed class SettingsPagesTests
{
    [Fact]
    public async Task A_key_is_shown_once_works_and_is_refused_once_it_is_revoked()
    {
        await using var server = await ConsoleServer.StartAsync();
        var page = await server.SignInAsync();
        await page.OpenAsync("/settings/keys/new");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name" }).FillAsync("Shop <script>");
        await page.GetByLabel("May").SelectOptionAsync("Read only, no secrets");
        await page.GetByLabel("Works until").FillAsync("2099-12-31");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the key" }).ClickAsync();
        var text = await page.Locator(".shown-once code").InnerTextAsync();
        text.ShouldStartWith("grpk_");
        using var program = server.Server.CreateClient(text);
        (await program.GetJsonAsync("/api/v1/app")).Status.ShouldBe(200);
        (await program.PostJsonAsync("/api/v1/app", """{"name":"No"}""")).Status.ShouldBe(403);

        await page.GetByRole(AriaRole.Link, new() { Name = "I have kept it" }).ClickAsync();
        var row = page.GetByRole(AriaRole.Row, new() { Name = "Shop <script>" });
        await row.GetByText("read only").WaitForAsync();
        (await page.ContentAsync()).ShouldNotContain(text);
        await row.GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Revoke the key" }).ClickAsync();

        await row.GetByText("Revoked").WaitForAsync();
        (await program.GetJsonAsync("/api/v1/app")).Status.ShouldBe(401);
    }

    [Fact]
    public async Task Settings_in_force_show_what_they_are_and_where_from_but_no_secret()
    {
        const string secret = "a secret of more than thirty-two bytes";
        await using var server = await ConsoleServer.StartAsync(new Dictionary<string, string?> { ["Auth:JwtSecret"] = secret, ["Delivery:Timeout"] = "17s" });
        var page = await server.SignInAsync();
        await page.OpenAsync("/settings/configuration");

        await page.GetByRole(AriaRole.Row, new() { Name = "Delivery:Timeout" }).GetByText("17s").WaitForAsync();
        await page.GetByRole(AriaRole.Row, new() { Name = "Auth:JwtSecret" }).GetByText("set, not shown").WaitForAsync();
        foreach (var hidden in new[] { secret, TestServer.Key, ConsoleServer.Password })
            (await page.ContentAsync()).ShouldNotContain(hidden);
        await page.GetByLabel("Only what is not at its default").CheckAsync();
        await page.GetByText("Delivery:MaxConcurrency").WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await page.GetByText("Delivery:Timeout").WaitForAsync();
    }

    [Fact]
    public async Task The_audit_log_names_who_did_what_to_what_and_how_it_changed()
    {
        await using var server = await ConsoleServer.StartAsync();
        var application = await server.Client.PostJsonAsync("/api/v1/app", """{"name":"Northwind"}""");
        await server.Client.SendAsync(HttpMethod.Patch, $"/api/v1/app/{application.Id}", """{"name":"Southwind"}"""u8.ToArray());
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/applications/new");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name" }).FillAsync("By Otto");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the application" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "By Otto", Level = 1 }).WaitForAsync();

        var administrator = await server.SignInAsync();
        await administrator.OpenAsync($"/settings/audit?subject={application.Id}");
        var change = administrator.GetByRole(AriaRole.Row, new() { Name = "Application updated" });
        await change.GetByText("Northwind").WaitForAsync();
        await change.GetByText("Southwind").WaitForAsync();
        await change.GetByText("API key From the setting ApiKey").WaitForAsync();
        await administrator.GetByRole(AriaRole.Textbox, new() { Name = "To what" }).FillAsync("");
        await administrator.GetByRole(AriaRole.Textbox, new() { Name = "By whom" }).FillAsync(ConsoleServer.Operator);
        await administrator.GetByRole(AriaRole.Button, new() { Name = "Filter" }).ClickAsync();
        await administrator.GetByRole(AriaRole.Row, new() { Name = "Application created" }).GetByText("By Otto").WaitForAsync();
        await administrator.GetByRole(AriaRole.Row, new() { Name = "User signed in" }).WaitForAsync();
        administrator.Url.ShouldContain("actor=" + Uri.EscapeDataString(ConsoleServer.Operator));
    }
}
