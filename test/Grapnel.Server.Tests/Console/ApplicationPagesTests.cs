using Grapnel.Server.Tests.Console.Support;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console;

public sealed class ApplicationPagesTests
{
    [Fact]
    public async Task An_application_is_made_renamed_and_deleted_only_by_typing_its_name()
    {
        await using var server = await ConsoleServer.StartAsync();
        var page = await server.SignInAsync();
        await page.OpenAsync("/applications/new");
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name" }).FillAsync("Northwind");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the application" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Northwind" }).WaitForAsync();
        await page.GetByRole(AriaRole.Textbox, new() { Name = "Name" }).FillAsync("Southwind");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Southwind", Level = 1 }).WaitForAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Delete the application" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        var confirm = dialog.GetByRole(AriaRole.Button, new() { Name = "Delete the application" });
        (await confirm.IsDisabledAsync()).ShouldBeTrue();
        await dialog.GetByLabel("Type Southwind to confirm").FillAsync("Southwind");
        await dialog.GetByLabel("Erase its history as well").CheckAsync();
        await confirm.ClickAsync();

        await page.GetByRole(AriaRole.Heading, new() { Name = "Applications" }).WaitForAsync();
        (await page.GetByText("Southwind").CountAsync()).ShouldBeLessThanOrEqualTo(1, "only the note that it was deleted names it");
        await page.GetByText("Its history is being erased.").WaitForAsync();
    }
}
