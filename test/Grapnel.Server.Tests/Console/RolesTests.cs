using System.Net;
using System.Reflection;
using Grapnel.Server.Console;
using Grapnel.Server.Tests.Console.Support;
using Microsoft.AspNetCore.Components;

namespace Grapnel.Server.Tests.Console;

/// <summary>Who may open what. Each role may do what those before it may.</summary>
public sealed class RolesTests
{
    private static readonly string[] ForAdministrators =
    [
        "/settings/keys", "/settings/keys/new", "/settings/users", "/settings/users/new", "/settings/users/ada@example.com", "/settings/configuration", "/settings/audit",
    ];

    private static readonly string[] ForAll = ["/", "/applications", "/applications/default", "/settings", "/settings/portal", "/account"];

    [Fact]
    public async Task Pages_of_administrators_are_refused_to_everybody_else()
    {
        await using var server = await ConsoleServer.StartAsync();
        foreach (var (name, isAdministrator) in new[] { (ConsoleServer.Administrator, true), (ConsoleServer.Operator, false), (ConsoleServer.Viewer, false) })
        {
            using var client = new FormClient(server.Server.Address);
            await client.SignInAsync(name);
            foreach (var path in ForAdministrators)
            {
                var answer = await client.GetAsync(path);
                answer.StatusCode.ShouldBe(isAdministrator ? HttpStatusCode.OK : HttpStatusCode.Redirect, $"{name} at {path}");
                if (!isAdministrator)
                    answer.Headers.Location!.AbsolutePath.ShouldBe("/not-allowed");
            }
            foreach (var path in ForAll)
                (await client.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.OK, $"{name} at {path}");
        }
    }

    [Fact]
    public async Task A_stranger_is_asked_to_sign_in_on_every_page()
    {
        await using var server = await ConsoleServer.StartAsync();
        using var client = new FormClient(server.Server.Address);
        foreach (var path in ForAdministrators.Concat(ForAll))
            (await client.GetAsync(path)).Headers.Location!.AbsolutePath.ShouldBe("/sign-in", path);
    }

    [Fact]
    public void The_list_of_pages_of_administrators_is_whole()
    {
        var routes = typeof(ConsolePage).Assembly.GetTypes().Where(type => type.IsDefined(typeof(AdministratorsOnlyAttribute)))
            .SelectMany(type => type.GetCustomAttributes<RouteAttribute>()).Select(route => route.Template.Replace("{IdOrName}", "ada@example.com"));
        routes.ShouldBe(ForAdministrators, ignoreOrder: true);
    }

    [Fact]
    public async Task A_viewer_is_offered_nothing_that_changes_anything()
    {
        await using var server = await ConsoleServer.StartAsync();
        using var client = new FormClient(server.Server.Address);
        await client.SignInAsync(ConsoleServer.Viewer);
        foreach (var path in ForAll.Where(path => path != "/account"))
        {
            var html = await client.ReadAsync(path);
            html.ShouldNotContain("button-main", Case.Sensitive, path);
            html.ShouldNotContain("button-bad", Case.Sensitive, path);
            foreach (var forbidden in ForAdministrators)
                html.ShouldNotContain($"href=\"{forbidden}\"", Case.Sensitive, path);
        }
    }

    [Fact]
    public async Task Whoever_follows_a_link_to_a_page_of_administrators_is_told_whom_to_ask()
    {
        await using var server = await ConsoleServer.StartAsync();
        var page = await server.SignInAsync(ConsoleServer.Viewer);

        await page.OpenAsync("/settings/users");

        await page.GetByText("Ask an administrator").WaitForAsync();
    }
}
