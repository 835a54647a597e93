using Grapnel.Server.Tests.Console.Support;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console;

public sealed class SignInTests
{
    [Fact]
    public async Task A_person_signs_in_looks_around_and_signs_out()
    {
        await using var server = await ConsoleServer.StartAsync();
        var page = await server.SignInAsync();
        await page.GetByRole(AriaRole.Heading, new() { Level = 1 }).WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Your account" }).ClickAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).WaitForAsync();
        await page.GotoAsync("/");
        new Uri(page.Url).AbsolutePath.ShouldBe("/sign-in");
    }
}
