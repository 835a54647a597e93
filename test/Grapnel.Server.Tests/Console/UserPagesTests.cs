using Grapnel.Server.Tests.Console.Support;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console;

public sealed class UserPagesTests
{
    [Fact]
    public async Task A_user_is_made_with_a_password_that_is_shown_once_and_may_sign_in_with_it()
    {
        await using var server = await ConsoleServer.StartAsync();
        var page = await server.SignInAsync();
        await page.OpenAsync("/settings/users/new");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name or e-mail address" }).FillAsync("<b>nina</b>@example.com");
        await page.GetByRole(AriaRole.Radio, new() { Name = "Operator" }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the user" }).ClickAsync();
        var password = await page.Locator(".shown-once code").InnerTextAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "I have handed it over" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "<b>nina</b>@example.com" }).WaitForAsync();
        (await page.ContentAsync()).ShouldNotContain(password);

        using var nina = new FormClient(server.Server.Address);
        await nina.SignInAsync("<b>nina</b>@example.com", password);
        (await nina.IsSignedInAsync()).ShouldBeTrue();
        (await nina.ReadAsync("/account")).ShouldContain("Operator");
    }

    [Fact]
    public async Task A_password_that_is_too_short_and_a_name_that_is_taken_are_told_beside_the_form()
    {
        await using var server = await ConsoleServer.StartAsync();
        var page = await server.SignInAsync();
        await page.OpenAsync("/settings/users/new");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name or e-mail address" }).FillAsync(ConsoleServer.Viewer.ToUpperInvariant());
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the user" }).ClickAsync();
        await page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "There is a user named" }).WaitForAsync();
    }

    [Fact]
    public async Task A_role_is_changed_but_the_last_administrator_stays_one_and_is_told_why()
    {
        await using var server = await ConsoleServer.StartAsync();
        var page = await server.SignInAsync();
        await page.OpenAsync($"/settings/users/{ConsoleServer.Viewer}");
        await page.GetByRole(AriaRole.Radio, new() { Name = "Operator" }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Change the role" }).ClickAsync();
        await page.GetByText($"{ConsoleServer.Viewer} is operator from the next sign-in on").WaitForAsync();

        await page.OpenAsync($"/settings/users/{ConsoleServer.Administrator}");
        await page.GetByRole(AriaRole.Radio, new() { Name = "Viewer" }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Change the role" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Change the role" }).ClickAsync();
        await page.GetByText("This is the last administrator").WaitForAsync();
        await page.GetByRole(AriaRole.Radio, new() { Name = "Administrator", Checked = true }).WaitForAsync();
    }

    [Fact]
    public async Task Five_wrong_passwords_lock_out_which_is_told_shown_and_lifted()
    {
        await using var server = await ConsoleServer.StartAsync();
        var stranger = (await server.VisitAsync()).Page;
        await stranger.GotoAsync("/sign-in");
        for (var i = 0; i < 5; i++)
        {
            await stranger.GetByLabel("Name or e-mail address").FillAsync(ConsoleServer.Viewer);
            await stranger.GetByLabel("Password").FillAsync($"wrong password {i}");
            await stranger.RunAndWaitForResponseAsync(
                () => stranger.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync(), answer => answer.Request.Method == "POST");
        }
        await stranger.GetByText("Too many wrong passwords").WaitForAsync();

        var page = await server.SignInAsync();
        await page.OpenAsync("/settings/users");
        await page.GetByText("Locked out").WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = ConsoleServer.Viewer }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Unlock now" }).ClickAsync();
        await page.GetByText("may sign in again").WaitForAsync();

        using var viewer = new FormClient(server.Server.Address);
        await viewer.SignInAsync(ConsoleServer.Viewer);
        (await viewer.IsSignedInAsync()).ShouldBeTrue();
        await page.OpenAsync($"/settings/audit?subject={ConsoleServer.Viewer}");
        await page.GetByText("User locked out").WaitForAsync();
        (await page.GetByText("User sign in failed").CountAsync()).ShouldBe(4, "the fifth is the lock-out");
    }

    [Fact]
    public async Task A_user_is_deleted_only_when_asked_and_what_they_did_stays()
    {
        await using var server = await ConsoleServer.StartAsync();
        var page = await server.SignInAsync();
        await page.OpenAsync($"/settings/users/{ConsoleServer.Viewer}");
        var delete = page.GetByRole(AriaRole.Button, new() { Name = "Delete the user" });
        await delete.ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Keep it" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await delete.ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Delete the user" }).ClickAsync();

        await page.GetByRole(AriaRole.Heading, new() { Name = "Users", Level = 1 }).WaitForAsync();
        await page.OpenAsync($"/settings/audit?subject={ConsoleServer.Viewer}");
        await page.GetByText("User deleted").WaitForAsync();
    }

    [Fact]
    public async Task A_person_changes_their_own_password_and_stays_signed_in()
    {
        await using var server = await ConsoleServer.StartAsync();
        var page = await server.SignInAsync(ConsoleServer.Viewer);
        await page.OpenAsync("/account");
        await page.GetByLabel("Current password").FillAsync(ConsoleServer.Password);
        await page.GetByLabel("New password").FillAsync("another horse battery");
        await page.GetByRole(AriaRole.Button, new() { Name = "Change the password" }).ClickAsync();

        await page.GetByText("Your password is changed").WaitForAsync();
        await page.UntilReadyAsync();
    }
}
