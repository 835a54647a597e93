using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console.Support;

/// <summary>What every test does with a page.</summary>
internal static class PageExtensions
{
    /// <summary>Opens a page of the console and waits until it can be clicked.</summary>
    public static async Task OpenAsync(this IPage page, string path)
    {
        await page.GotoAsync(path);
        await page.UntilReadyAsync();
    }

    /// <summary>Waits until what the server rendered ahead can be clicked.</summary>
    public static Task UntilReadyAsync(this IPage page) => page.Locator("html[data-ready]").WaitForAsync(new() { State = WaitForSelectorState.Attached });

    /// <summary>Waits until the address is one whose path and query fit a pattern. Asks again and again: an address that changes twice in a moment tells of it once.</summary>
    public static Task UntilAtAsync(this IPage page, [StringSyntax(StringSyntaxAttribute.Regex)] string pattern) =>
        Assertions.Expect(page).ToHaveURLAsync(new Regex($"^https?://[^/]+(?:{pattern})$"));
}
