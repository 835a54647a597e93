using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console.Support;

/// <summary>One browser window with its own cookies. Notes whatever a careful person would complain about: errors of scripts, refused loads, requests to other hosts.</summary>
internal sealed class Visit : IAsyncDisposable
{
    private const int Height = 900;
    private readonly IBrowserContext _context;
    private readonly Uri _address;
    private readonly List<string> _complaints = [];

    private Visit(IBrowserContext context, IPage page, Uri address) => (_context, Page, _address) = (context, page, address);

    public IPage Page { get; }

    /// <summary>What the browser complained about. A test that provokes an answer of 4xx clears it.</summary>
    public List<string> Complaints => _complaints;

    public static async Task<Visit> OpenAsync(Uri address, int width, string scheme)
    {
        var context = await (await Chromium.Browser).NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = address.ToString(),
            // Certificates of tests are made on the spot; who checks them is not the browser.
            IgnoreHTTPSErrors = address.Scheme == Uri.UriSchemeHttps,
            ViewportSize = new ViewportSize { Width = width, Height = Height },
            ColorScheme = scheme == "dark" ? ColorScheme.Dark : ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
            Locale = "en-GB",
            TimezoneId = "UTC",
        });
        context.SetDefaultTimeout(Chromium.Patience);
        var visit = new Visit(context, await context.NewPageAsync(), address);
        visit.Watch();
        return visit;
    }

    /// <summary>Closes the window. Set GRAPNEL_PICTURES to a folder for a last picture of it: it shows why a test went red.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Environment.GetEnvironmentVariable("GRAPNEL_PICTURES") is { Length: > 0 } folder)
            await Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{TestContext.Current.TestMethod?.MethodName}-{Guid.NewGuid():N}.png") });
        await _context.CloseAsync();
    }

    private void Watch()
    {
        Page.Console += (_, message) =>
        {
            if (message.Type == "error")
                Complain($"console: {message.Text}");
        };
        Page.PageError += (_, error) => Complain($"script: {error}");
        Page.Request += (_, request) =>
        {
            if (request.Url.StartsWith("http", StringComparison.Ordinal) && new Uri(request.Url).Authority != _address.Authority)
                Complain($"another host: {request.Url}");
        };
    }

    private void Complain(string complaint)
    {
        lock (_complaints)
            _complaints.Add(complaint);
    }
}
