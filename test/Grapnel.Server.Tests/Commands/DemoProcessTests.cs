using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Grapnel.Server.Tests.Console.Support;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Commands;

public sealed partial class DemoProcessTests
{
    [Fact]
    public async Task The_demo_delivers_retries_takes_the_curl_line_it_shows_and_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        await using var demo = new GrapnelProcess(folder.Path, "demo", "--port", "0", "--consumer-port", "0");

        var curl = CurlLine().Match(await demo.WaitForLineAsync(line => CurlLine().IsMatch(line)));
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, curl.Groups["url"].Value) { Content = new StringContent(curl.Groups["body"].Value, null, curl.Groups["type"].Value) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", curl.Groups["key"].Value);
        using var answer = await http.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);

        // The body has no type, unlike those of the sample events: the lines of this message show a dash.
        await demo.WaitForLineAsync(line => OwnEvent(line, "503", 1));
        await demo.WaitForLineAsync(line => OwnEvent(line, "503", 2));
        await demo.WaitForLineAsync(line => OwnEvent(line, "200", 3));

        demo.Interrupt();
        (await demo.WaitForExitAsync()).ShouldBe(0);
        Directory.EnumerateDirectories(folder.Path, "grapnel-demo-*").ShouldBeEmpty();
    }

    [Fact]
    public async Task The_demo_keeps_its_data_in_a_folder_that_was_named()
    {
        using var folder = new TemporaryFolder();
        var consumerPort = "0";
        for (var run = 0; run < 2; run++)
        {
            await using var demo = new GrapnelProcess(folder.Path, "demo", "--port", "0", "--consumer-port", consumerPort, "--data", "kept");
            var console = await demo.WaitForLineAsync(line => line.StartsWith("  Console   http://127.0.0.1:"));
            console.ShouldContain(run == 0 ? "sign in as demo, password demo-" : "sign in with an account of this folder");
            consumerPort = ConsumerPort().Match(await demo.WaitForLineAsync(line => ConsumerPort().IsMatch(line))).Groups["port"].Value;
            await demo.WaitForLineAsync(line => line.Contains("POST /analytics") && line.Contains("  verified"));
            demo.Interrupt();
            (await demo.WaitForExitAsync()).ShouldBe(0);
        }

        File.Exists(Path.Combine(folder.Path, "kept", "first-api-key")).ShouldBeTrue();
    }

    [Fact]
    public async Task The_demo_tells_an_account_that_its_console_lets_in()
    {
        using var folder = new TemporaryFolder();
        await using var demo = new GrapnelProcess(folder.Path, "demo", "--port", "0", "--consumer-port", "0");
        var told = SignIn().Match(await demo.WaitForLineAsync(line => SignIn().IsMatch(line)));
        await using var visit = await Visit.OpenAsync(new Uri(told.Groups["url"].Value), 1440, "light");

        await visit.Page.GotoAsync("/sign-in");
        await visit.Page.GetByLabel("Name or e-mail address").FillAsync(told.Groups["name"].Value);
        await visit.Page.GetByLabel("Password").FillAsync(told.Groups["password"].Value);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();

        await visit.Page.UntilReadyAsync();
        visit.Complaints.ShouldBeEmpty();
    }

    [GeneratedRegex("Console   (?<url>\\S+)   sign in as (?<name>\\w+), password (?<password>demo(-[2-9a-z]{4}){2})$")]
    private static partial Regex SignIn();

    [GeneratedRegex("""curl -X POST (?<url>\S+) -H "Authorization: Bearer (?<key>\S+)" -H "Content-Type: (?<type>\S+)" -d '(?<body>.*)'""")]
    private static partial Regex CurlLine();

    [GeneratedRegex(@"Consumer  http://127\.0\.0\.1:(?<port>\d+)")]
    private static partial Regex ConsumerPort();

    private static bool OwnEvent(string line, string status, int attempt) =>
        line.Contains($"  {status}  POST /flaky ") && line.Contains("  -  ") && line.Contains($"attempt {attempt}") && line.Contains("verified");
}
