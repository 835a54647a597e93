using System.Diagnostics;
using Microsoft.Playwright;

namespace Grapnel.Bench.Tools;

/// <summary>The console in the system's Chromium, signed in, as a person has it open.</summary>
internal sealed class ConsoleWindow : IAsyncDisposable
{
    private const string Ready = "html[data-ready]";
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly IPage _page;
    private int _frames;

    private ConsoleWindow(IPlaywright playwright, IBrowser browser, IPage page) => (_playwright, _browser, _page) = (playwright, browser, page);

    /// <summary>Opens the browser and signs in. Home is shown.</summary>
    public static async Task<ConsoleWindow> OpenAsync(GrapnelProcess server)
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = ChildProcess.Find("chromium") ?? throw new BenchException("Chromium is missing: apt-get install chromium"),
            Args = ["--no-sandbox", "--disable-gpu"],
        });
        var page = await browser.NewPageAsync(new BrowserNewPageOptions { BaseURL = server.Url.ToString() });
        var window = new ConsoleWindow(playwright, browser, page);
        page.WebSocket += (_, socket) => socket.FrameReceived += (_, _) => Interlocked.Increment(ref window._frames);
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("Name or e-mail address").FillAsync(GrapnelProcess.Administrator);
        await page.GetByLabel("Password").FillAsync(GrapnelProcess.Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.Locator(Ready).WaitForAsync(new() { State = WaitForSelectorState.Attached });
        return window;
    }

    /// <summary>Opens a page; returns the milliseconds until it can be clicked.</summary>
    public async Task<double> GoAsync(string path)
    {
        var start = Stopwatch.GetTimestamp();
        await _page.GotoAsync(path);
        await _page.Locator(Ready).WaitForAsync(new() { State = WaitForSelectorState.Attached });
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Follows a link of the rail; returns the milliseconds until the page it leads to is there.</summary>
    public async Task<double> FollowAsync(string place)
    {
        var start = Stopwatch.GetTimestamp();
        await _page.GetByRole(AriaRole.Link, new() { Name = place, Exact = true }).ClickAsync();
        await _page.GetByRole(AriaRole.Heading, new() { Name = place, Level = 1 }).WaitForAsync();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Messages that the server sent to the page since this was last asked.</summary>
    public int TakeFrames() => Interlocked.Exchange(ref _frames, 0);

    public async ValueTask DisposeAsync()
    {
        await _browser.CloseAsync();
        _playwright.Dispose();
    }
}
