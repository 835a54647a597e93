using System.Net;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Hosting;

/// <summary>What a proxy says about a request, and who is believed.</summary>
public sealed class ForwardedRequestsTests
{
    private static readonly (string, string)[] Told =
        [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "hooks.example.com")];

    [Theory]
    [InlineData("127.0.0.0/8", "https://hooks.example.com/")]
    [InlineData("10.0.0.0/8, 127.0.0.1/32", "https://hooks.example.com/")]
    [InlineData("10.0.0.0/8", null)]
    [InlineData(null, null)]
    public async Task Only_a_proxy_in_a_trusted_network_can_say_how_a_request_came(string? trusted, string? expected)
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Proxy:TrustedNetworks"] = trusted });

        var access = await server.Client.SendAsync(HttpMethod.Post, "/api/v1/auth/app-portal-access/default", "{}"u8.ToArray(), headers: Told);

        access.Status.ShouldBe(200);
        access["url"].GetString()!.ShouldStartWith(expected ?? server.Address.ToString());
    }

    [Fact]
    public async Task Of_several_hosts_that_are_told_the_one_that_the_trusted_proxy_added_counts()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Proxy:TrustedNetworks"] = "127.0.0.0/8" });

        var access = await server.Client.SendAsync(HttpMethod.Post, "/api/v1/auth/app-portal-access/default", "{}"u8.ToArray(), headers:
            [("X-Forwarded-For", "198.51.100.1, 203.0.113.7"), ("X-Forwarded-Proto", "http, https"), ("X-Forwarded-Host", "forged.example, hooks.example.com")]);

        access["url"].GetString()!.ShouldStartWith("https://hooks.example.com/");
    }

    [Fact]
    public async Task All_cookies_are_secure_where_a_trusted_proxy_was_asked_over_https()
    {
        await using var console = await ConsoleServer.StartAsync(new Dictionary<string, string?> { ["Proxy:TrustedNetworks"] = "127.0.0.0/8" });
        (await CookiesAsync(console, "https")).ShouldAllBe(cookie => cookie.Secure);
        (await CookiesAsync(console, "http")).ShouldAllBe(cookie => !cookie.Secure);
    }

    private static async Task<IReadOnlyList<Cookie>> CookiesAsync(ConsoleServer console, string scheme)
    {
        // A name of its own for the proxy: a client of this machine would not send secure cookies back over plain http.
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = console.Server.Address };
        http.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.7");
        http.DefaultRequestHeaders.Add("X-Forwarded-Proto", scheme);
        using var page = await http.GetAsync("/sign-in");
        var jar = new CookieContainer();
        foreach (var cookie in page.Headers.GetValues("Set-Cookie"))
            jar.SetCookies(console.Server.Address, cookie);
        return [.. jar.GetAllCookies().Cast<Cookie>()];
    }
}
