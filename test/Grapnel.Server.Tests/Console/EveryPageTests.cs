using System.Reflection;
using Grapnel.Server.Console;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console;

/// <summary>What is true of every page.</summary>
public sealed class EveryPageTests
{
    private static readonly bool Photographing = Environment.GetEnvironmentVariable("GRAPNEL_SCREENSHOTS") is "1";
    private static readonly string[] Themes = ["light", "dark"];
    private static readonly int[] Widths = [1440, 390];

    // Each theme and each width once: colours do not depend on the width, nor widths on the colours.
    [Theory]
    [InlineData("light", 1440)]
    [InlineData("dark", 390)]
    public async Task Everybody_can_use_every_page_and_none_is_wider_than_its_window(string theme, int width)
    {
        await using var tour = await Tour.StartAsync();
        var faults = new List<string>();
        await LookAtAllAsync(tour, theme, width, async (name, page) =>
        {
            faults.AddRange((await Axe.CheckAsync(page)).Select(fault => $"{name}: {fault}"));
            if (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth > innerWidth"))
                faults.Add($"{name} is wider than the window");
        });
        faults.ShouldBeEmpty();
    }

    /// <summary>Whoever adds a route has its page looked at, too.</summary>
    [Fact]
    public async Task No_page_is_left_out()
    {
        await using var tour = await Tour.StartAsync();
        var paths = tour.ForAnybody.Concat(tour.Pages).Concat(tour.InPortal).Select(page => new PathString(page.Path.Split('?')[0])).ToList();
        var routes = typeof(ConsolePage).Assembly.GetTypes().SelectMany(type => type.GetCustomAttributes<RouteAttribute>()).Select(route => route.Template);
        routes.Where(route => !paths.Exists(path => new TemplateMatcher(TemplateParser.Parse(route), []).TryMatch(path, [])))
            .ShouldBe([ConsolePaths.Setup], "these are not looked at; the first administrator's page is, where there is none yet");
    }

    /// <summary>Set GRAPNEL_SCREENSHOTS=1 to have the pictures of docs/screenshots taken anew; ./screenshots.sh does.</summary>
    [Fact]
    public async Task Every_page_has_its_picture_taken()
    {
        Assert.SkipUnless(Photographing, "Pictures are taken with ./screenshots.sh.");
        await using var tour = await Tour.StartAsync();
        await using var empty = await TestServer.StartAsync();
        foreach (var theme in Themes)
            foreach (var width in Widths)
            {
                await LookAtAllAsync(tour, theme, width, PhotographAsync);
                await using var first = await Visit.OpenAsync(empty.Address, width, theme);
                await first.Page.GotoAsync(ConsolePaths.Setup);
                await PhotographAsync("setup", first.Page);

                Task PhotographAsync(string name, IPage page) =>
                    page.ScreenshotAsync(new() { Path = $"{Repository.Root}/docs/screenshots/{name}-{theme}-{width}.png" });
            }
    }

    private static async Task LookAtAllAsync(Tour tour, string theme, int width, Func<string, IPage, Task> look)
    {
        var stranger = await tour.Console.VisitAsync(width, theme);
        foreach (var (name, path) in tour.ForAnybody)
        {
            await stranger.Page.GotoAsync(path);
            await LookAsync(name, stranger.Page);
        }
        // The portal's door asks whether the stranger has a session.
        stranger.Complaints.RemoveAll(complaint => complaint.Contains("401"));
        var administrator = await tour.Console.SignInAsync(width: width, scheme: theme);
        foreach (var (name, path) in tour.Pages)
        {
            await administrator.OpenAsync(path);
            await LookAsync(name, administrator);
        }
        var customer = await tour.Console.OpenPortalAsync(Application.DefaultUid, width, theme);
        foreach (var (name, path) in tour.InPortal)
        {
            await customer.OpenAsync(path);
            await LookAsync(name, customer);
        }

        async Task LookAsync(string name, IPage page)
        {
            await page.GetByRole(AriaRole.Heading, new() { Level = 1 }).WaitForAsync();
            await page.Locator(".skeleton").First.WaitForAsync(new() { State = WaitForSelectorState.Detached });
            await look(name, page);
        }
    }
}
