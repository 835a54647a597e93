using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console.Support;

/// <summary>The system's Chromium, started once for all tests that look at pages.</summary>
internal static class Chromium
{
    // Chromium without the parts of a window takes half the time of a whole one.
    private static readonly string[] Places = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    private static readonly Lazy<Task<IBrowser>> Started = new(StartAsync);

    public static Task<IBrowser> Browser => Started.Value;

    /// <summary>How long a page may take for anything, in milliseconds: machines that run tests are busy.</summary>
    public const float Patience = 15_000;

    private static async Task<IBrowser> StartAsync()
    {
        var executable = Array.Find(Places, File.Exists);
        executable.ShouldNotBeNull("Chromium is missing; ./test.sh installs it.");
        Assertions.SetDefaultExpectTimeout(Patience);
        var playwright = await Playwright.CreateAsync();
        return await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = executable, Headless = true, Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        });
    }
}
