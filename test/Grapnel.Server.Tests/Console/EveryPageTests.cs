using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console;

/// <summary>What is true of every page.</summary>
public sealed class EveryPageTests
{
    private static readonly bool Photographing = Environment.GetEnvironmentVariable("GRAPNEL_SCREENSHOTS") is "1";
    private static readonly string[] Themes = ["light", "dark"];
    private static readonly int[] Widths = [1440, 390];

    [Fact]
    public async Task Everybody_can_use_every_page()
    {
        await using var tour = await Tour.StartAsync();
        var faults = new List<string>();
        foreach (var theme in Themes)
        {
            var page = await tour.Console.SignInAsync(scheme: theme);
            foreach (var (name, path) in tour.Pages)
            {
                await OpenAsync(page, path);
                faults.AddRange((await Axe.CheckAsync(page)).Select(fault => $"{name}, {theme}: {fault}"));
            }
        }
        faults.ShouldBeEmpty();
    }

    /// <summary>Set GRAPNEL_SCREENSHOTS=1 to have the pictures of docs/screenshots taken anew; ./screenshots.sh does.</summary>
    [Fact]
    public async Task Every_page_has_its_picture_taken()
    {
        Assert.SkipUnless(Photographing, "Pictures are taken with ./screenshots.sh.");
        await using var tour = await Tour.StartAsync();
        foreach (var theme in Themes)
            foreach (var width in Widths)
            {
                var page = await tour.Console.SignInAsync(width: width, scheme: theme);
                foreach (var (name, path) in tour.Pages)
                {
                    await OpenAsync(page, path);
                    await page.ScreenshotAsync(new() { Path = $"{Repository.Root}/docs/screenshots/{name}-{theme}-{width}.png" });
                }
            }
    }

    private static async Task OpenAsync(IPage page, string path)
    {
        await page.OpenAsync(path);
        await page.GetByRole(AriaRole.Heading, new() { Level = 1 }).WaitForAsync();
        await page.Locator(".skeleton").First.WaitForAsync(new() { State = WaitForSelectorState.Detached });
    }
}
