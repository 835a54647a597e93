using System.Net;
using System.Security.Claims;
using System.Text.Json;
using Grapnel.Server.Auth;
using Grapnel.Server.Console;
using Grapnel.Server.Tests.Console.Support;
using Grapnel.Server.Tests.Support;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Microsoft.Playwright;

namespace Grapnel.Server.Tests.Console;

public sealed class PortalTests
{
    private const string NoLongerHolds = "This link no longer holds";

    [Fact]
    public async Task A_link_opens_the_portal_of_its_application_and_shows_nothing_of_others()
    {
        await using var server = await StartAsync();
        var page = (await server.VisitAsync()).Page;

        await OpenAsync(page, await LinkAsync(server));

        new Uri(page.Url).AbsolutePath.ShouldBe("/portal/home");
        await page.GetByText("Your webhook is healthy").WaitForAsync();
        (await page.Locator(".topbar .portal-mark").InnerTextAsync()).ShouldContain("Northwind Traders");
        (await page.TitleAsync()).ShouldContain("Northwind Traders");
        var text = await page.Locator("body").InnerTextAsync();
        text.ShouldNotContain("secret.type", Case.Insensitive);
        text.ShouldContain("order.created");
        (await page.GetByRole(AriaRole.Button, new() { Name = "Your account" }).CountAsync()).ShouldBe(0);
        (await page.GetByRole(AriaRole.Link, new() { Name = "Settings" }).CountAsync()).ShouldBe(0);
        (await Axe.CheckAsync(page)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_key_stays_out_of_the_address_the_history_what_is_requested_and_what_scripts_can_read()
    {
        await using var server = await StartAsync();
        var page = (await server.VisitAsync()).Page;
        var requested = new List<string>();
        page.Request += (_, request) => requested.Add($"{request.Url} {string.Join(' ', request.Headers.GetValueOrDefault("referer"))}");
        var link = await LinkAsync(server);
        var key = link[(link.IndexOf('=') + 1)..];

        await page.GotoAsync("/docs");
        await OpenAsync(page, link);

        page.Url.ShouldNotContain(key);
        requested.ShouldNotContain(request => request.Contains(key));
        (await page.EvaluateAsync<string>("document.cookie")).ShouldNotContain(key);
        (await page.ContentAsync()).ShouldNotContain(key);
        await page.GoBackAsync();
        page.Url.ShouldNotContain("portal", Case.Insensitive);
    }

    [Theory]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.e30.c2ln")]
    [InlineData("nonsense")]
    [InlineData("%22%3E%3Cscript%3E")]
    public async Task A_link_that_never_held_is_refused_in_a_sentence(string key)
    {
        await using var server = await StartAsync();
        var visit = await server.VisitAsync();

        await visit.Page.GotoAsync($"/portal#key={key}");

        await visit.Page.GetByText(NoLongerHolds).WaitForAsync();
        visit.Page.Url.ShouldNotContain("key=");
        visit.Complaints.RemoveAll(IsRefusal);
    }

    [Fact]
    public async Task A_link_that_was_taken_back_is_refused_in_a_sentence()
    {
        await using var server = await StartAsync();
        var visit = await server.VisitAsync();
        var link = await LinkAsync(server);
        await ExpireAllAsync(server);

        await visit.Page.GotoAsync(link);

        await visit.Page.GetByText(NoLongerHolds).WaitForAsync();
        (await Axe.CheckAsync(visit.Page)).ShouldBeEmpty();
        visit.Complaints.RemoveAll(IsRefusal);
    }

    [Fact]
    public async Task Without_a_link_the_portal_says_that_it_needs_one()
    {
        await using var server = await StartAsync();
        var visit = await server.VisitAsync();

        await visit.Page.GotoAsync("/portal/home");

        await visit.Page.GetByText("Open this page by its link").WaitForAsync();
        visit.Complaints.RemoveAll(IsRefusal);
    }

    [Fact]
    public async Task An_open_page_ends_with_a_sentence_once_its_link_was_taken_back()
    {
        await using var server = await StartAsync();
        var page = (await server.VisitAsync()).Page;
        await OpenAsync(page, await LinkAsync(server));
        await ExpireAllAsync(server);

        await page.GetByRole(AriaRole.Link, new() { Name = "Overview" }).First.ClickAsync();

        await page.GetByText("This page has ended").WaitForAsync();
        (await page.GetByText("Events you can get").CountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task An_open_page_ends_by_itself_when_the_time_of_its_link_is_over()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2040, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var server = await StartAsync(services: services => services.AddSingleton<TimeProvider>(time));
        var page = (await server.VisitAsync()).Page;
        await OpenAsync(page, await LinkAsync(server));

        time.Advance(TimeSpan.FromSeconds(3600 - 1));
        time.Advance(TimeSpan.FromSeconds(1));

        await page.GetByText("This page has ended").WaitForAsync();
    }

    [Fact]
    public async Task Nothing_more_is_done_on_an_open_page_once_its_link_was_taken_back()
    {
        await using var server = await StartAsync();
        await using var visitor = await VisitorAsync(server, "{}");
        var acts = visitor.ServiceProvider.GetRequiredService<Acts>();
        var done = 0;
        (await acts.RunAsync(Rights.ManageEndpoints, () => Task.FromResult(done++))).ShouldBeTrue();

        await ExpireAllAsync(server);

        (await acts.RunAsync(Rights.ManageEndpoints, () => Task.FromResult(done++))).ShouldBeFalse();
        done.ShouldBe(1);
        visitor.ServiceProvider.GetRequiredService<Viewer>().May(Rights.Read).ShouldBeFalse();
    }

    [Fact]
    public async Task Nothing_more_is_done_on_an_open_page_once_its_application_was_deleted()
    {
        await using var server = await StartAsync();
        await using var visitor = await VisitorAsync(server, "{}");
        (await server.Client.SendAsync(HttpMethod.Delete, "/api/v1/app/northwind")).Status.ShouldBe(204);
        (await visitor.ServiceProvider.GetRequiredService<Acts>().RunAsync(Rights.ManageEndpoints, () => throw new InvalidOperationException())).ShouldBeFalse();
        visitor.ServiceProvider.GetRequiredService<Viewer>().HasEnded.ShouldBeTrue();
    }

    [Theory]
    [InlineData("""{"readOnly":true}""", Rights.Read)]
    [InlineData("""{"capabilities":["CreateAttempts"]}""", Rights.Read | Rights.CreateAttempts)]
    [InlineData("{}", Rights.Portal)]
    internal async Task A_link_allows_what_its_capabilities_say_and_nothing_else(string access, Rights rights)
    {
        await using var server = await StartAsync();
        await using var visitor = await VisitorAsync(server, access);
        var acts = visitor.ServiceProvider.GetRequiredService<Acts>();
        foreach (var right in Enum.GetValues<Rights>().Where(right => right != Rights.None))
            (await acts.RunAsync(right, () => Task.CompletedTask)).ShouldBe(rights.HasFlag(right), right.ToString());
        var viewer = visitor.ServiceProvider.GetRequiredService<Viewer>();
        (viewer.IsOperator, viewer.IsAdministrator, viewer.Application.Uid).ShouldBe((false, false, "northwind"));
    }

    [Fact]
    public async Task Feature_flags_of_a_link_decide_which_event_types_are_seen()
    {
        await using var server = await StartAsync();
        await using var plain = await VisitorAsync(server, "{}");
        await using var beta = await VisitorAsync(server, """{"featureFlags":["beta"]}""");
        (await TypesAsync(plain)).ShouldBe(["order.created"]);
        (await TypesAsync(beta)).ShouldBe(["order.created", "secret.type"]);
    }

    [Fact]
    public async Task The_console_never_becomes_a_portal_nor_one_portal_another()
    {
        await using var server = await StartAsync();
        await using var visitor = await VisitorAsync(server, "{}");
        var viewer = visitor.ServiceProvider.GetRequiredService<Viewer>();
        var other = await server.Client.PostJsonAsync("/api/v1/auth/app-portal-access/default", "{}");

        await Should.ThrowAsync<InvalidOperationException>(() => server.Server.Get<PortalSession>().OpenAsync(viewer, other["token"].GetString()!, CancellationToken.None));
        await Should.ThrowAsync<InvalidOperationException>(() => viewer.SetAsync(new ClaimsPrincipal(), null, CancellationToken.None));
        viewer.Application.Uid.ShouldBe("northwind");
    }

    [Fact]
    public async Task The_portal_and_the_console_stay_apart_in_one_browser()
    {
        await using var server = await StartAsync();
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await OpenAsync(page, await LinkAsync(server));

        // The portal does not know the operator.
        (await page.GetByRole(AriaRole.Button, new() { Name = "Your account" }).CountAsync()).ShouldBe(0);
        (await page.GetByRole(AriaRole.Link, new() { Name = "Applications" }).CountAsync()).ShouldBe(0);

        // The console's own address is the console, as the operator, although the portal's page leads there without loading anew.
        await page.EvaluateAsync("Blazor.navigateTo('/applications')");
        await page.GetByRole(AriaRole.Button, new() { Name = "Your account" }).WaitForAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Applications" }).WaitForAsync();

        // And the portal's is the portal.
        await page.UntilReadyAsync();
        await page.EvaluateAsync("Blazor.navigateTo('/portal/home')");
        await page.GetByText("Your webhook is healthy").WaitForAsync();
        (await page.GetByRole(AriaRole.Button, new() { Name = "Your account" }).CountAsync()).ShouldBe(0);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/applications")]
    [InlineData("/applications/northwind")]
    public async Task A_portal_opens_no_page_of_the_console(string path)
    {
        await using var server = await StartAsync();
        var page = (await server.VisitAsync()).Page;
        await OpenAsync(page, await LinkAsync(server));

        await page.EvaluateAsync($"Blazor.navigateTo('{path}')");

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).WaitForAsync();
    }

    [Fact]
    public async Task Only_our_own_page_opens_a_portal()
    {
        await using var server = await StartAsync();
        var link = await LinkAsync(server);
        var body = JsonSerializer.Serialize(new { key = link[(link.IndexOf('=') + 1)..] });

        (await OpenAsync(server, body)).ShouldBe(403);
        (await OpenAsync(server, body, ("Sec-Fetch-Site", "cross-site"))).ShouldBe(403);
        (await OpenAsync(server, body, ("Sec-Fetch-Site", "same-site"))).ShouldBe(403);
        (await OpenAsync(server, body, ("Sec-Fetch-Site", "none"))).ShouldBe(403);
        (await OpenAsync(server, body, ("Origin", "https://evil.example"))).ShouldBe(403);
        (await OpenAsync(server, body, ("Origin", "null"))).ShouldBe(403);
        (await OpenAsync(server, body, ("Origin", Origin(server)))).ShouldBe(204);
        (await OpenAsync(server, body, ("Sec-Fetch-Site", "same-origin"))).ShouldBe(204);
    }

    [Fact]
    public async Task Who_has_neither_signed_in_nor_a_link_gets_no_connection()
    {
        await using var server = await StartAsync();
        (await server.Server.Stranger.PostJsonAsync("/_blazor/negotiate?negotiateVersion=1", "{}")).Status.ShouldBe(401);
    }

    [Fact]
    public async Task The_cookie_lasts_as_long_as_the_key_and_is_for_iframes_where_there_is_tls()
    {
        await using (var plain = await StartAsync())
        {
            var cookie = await CookieAsync(plain);
            cookie.ShouldContain("httponly", Case.Insensitive);
            cookie.ShouldContain("samesite=lax", Case.Insensitive);
            var expires = DateTimeOffset.Parse(cookie.Split(';').Single(part => part.Trim().StartsWith("expires="))[9..], System.Globalization.CultureInfo.InvariantCulture);
            (expires - TimeProvider.System.GetUtcNow()).TotalSeconds.ShouldBeInRange(3500, 3601);
        }
        await using var secure = await StartAsync(new() { ["Api:PublicUrl"] = "https://hooks.example.com" });
        var own = await CookieAsync(secure);
        foreach (var part in (string[])["httponly", "samesite=none", "secure", "partitioned"])
            own.ShouldContain(part, Case.Insensitive);
    }

    [Fact]
    public async Task Only_pages_of_the_portal_may_be_framed_and_only_where_the_operator_said()
    {
        await using var host = await FramingPage.StartAsync();
        await using var other = await FramingPage.StartAsync();
        await using var server = await StartAsync(new() { ["Portal:FrameOrigins"] = host.Origin });
        var link = await LinkAsync(server);

        var visit = await server.VisitAsync(width: 600);
        await visit.Page.GotoAsync(host.Framing(link));
        await visit.Page.FrameLocator("iframe").GetByText("Your webhook is healthy").WaitForAsync();
        visit.Complaints.RemoveAll(complaint => complaint.StartsWith("another host: " + host.Origin));
        visit.Complaints.ShouldBeEmpty();

        var refused = await server.VisitAsync(width: 600);
        var told = refused.Page.WaitForConsoleMessageAsync(new() { Predicate = message => message.Text.Contains("frame-ancestors") });
        await refused.Page.GotoAsync(other.Framing(link));
        await told;
        (await refused.Page.FrameLocator("iframe").GetByText("Your webhook is healthy").CountAsync()).ShouldBe(0);
        refused.Complaints.Clear();

        (await PolicyAsync(server, "/portal")).ShouldEndWith($"frame-ancestors {host.Origin}");
        (await PolicyAsync(server, "/sign-in")).ShouldEndWith("frame-ancestors 'none'");
    }

    [Fact]
    public async Task Unless_the_operator_said_otherwise_nobody_frames_the_portal()
    {
        await using var server = await StartAsync();
        (await PolicyAsync(server, "/portal")).ShouldEndWith("frame-ancestors 'none'");
    }

    [Fact]
    public async Task The_operators_name_logo_and_colour_are_on_the_portals_pages_alone()
    {
        await using var server = await StartAsync(new()
        {
            ["Portal:Name"] = "Initech <b>", ["Portal:LogoUrl"] = "/assets/grapnel.svg", ["Portal:Colour"] = "#ffdd00",
        });
        foreach (var scheme in (string[])["light", "dark"])
        {
            var page = (await server.VisitAsync(scheme: scheme)).Page;
            await OpenAsync(page, await LinkAsync(server));
            await page.GetByText("Initech <b>").First.WaitForAsync();
            await page.Locator(".topbar").GetByText("Northwind Traders").WaitForAsync();
            (await page.Locator("img.portal-logo").First.GetAttributeAsync("src")).ShouldBe("/assets/grapnel.svg");
            (await Axe.CheckAsync(page)).ShouldBeEmpty();
        }
        using var response = await server.Server.Stranger.GetAsync("/sign-in");
        (await response.Content.ReadAsStringAsync()).ShouldNotContain("portal.css");
    }

    [Fact]
    public async Task The_policy_lets_in_pictures_from_the_logos_host_on_the_portals_pages_alone()
    {
        await using var server = await StartAsync(new() { ["Portal:LogoUrl"] = "https://cdn.example.com/logo.svg?v=2" });
        (await PolicyAsync(server, "/portal")).ShouldContain("img-src 'self' data: https://cdn.example.com;");
        (await PolicyAsync(server, "/sign-in")).ShouldContain("img-src 'self' data:;");
    }

    [Fact]
    public async Task A_link_may_say_which_theme_the_page_has_that_it_is_shown_in()
    {
        await using var server = await StartAsync();
        var page = (await server.VisitAsync()).Page;

        await OpenAsync(page, (await LinkAsync(server)).Replace("/portal#", "/portal?theme=dark#"));

        (await page.Locator("html").GetAttributeAsync("data-theme")).ShouldBe("dark");
        await page.GotoAsync("/sign-in");
        (await page.Locator("html").GetAttributeAsync("data-theme")).ShouldBe("light");
    }

    [Fact]
    public async Task An_operator_makes_a_link_that_only_reads()
    {
        await using var server = await StartAsync();
        var page = await server.SignInAsync(ConsoleServer.Operator);
        await page.OpenAsync("/applications/northwind");
        await page.GetByLabel("They may").SelectOptionAsync("only look");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make a portal link" }).ClickAsync();
        var link = await page.Locator(".portal-link code").InnerTextAsync();

        var portal = (await server.VisitAsync()).Page;
        await OpenAsync(portal, link);

        await portal.GetByText("this link does not allow changes").WaitForAsync();
    }

    private static async Task<ConsoleServer> StartAsync(Dictionary<string, string?>? settings = null, Action<IServiceCollection>? services = null)
    {
        var server = await ConsoleServer.StartAsync(settings, services: services);
        await server.Client.PostJsonAsync("/api/v1/app", """{"name":"Northwind Traders","uid":"northwind"}""");
        await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"order.created","description":"Somebody ordered"}""");
        await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"secret.type","description":"Not for everybody","featureFlags":["beta"]}""");
        await server.Client.PostJsonAsync("/api/v1/app/northwind/endpoint", """{"url":"http://127.0.0.1:9/northwind"}""");
        await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", """{"url":"http://127.0.0.1:9/default"}""");
        await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", """{"url":"http://127.0.0.1:9/default/2"}""");
        return server;
    }

    private static async Task<string> LinkAsync(ConsoleServer server)
    {
        var access = await server.Client.PostJsonAsync("/api/v1/auth/app-portal-access/northwind", """{"expiry":3600}""");
        var url = new Uri(access["url"].GetString()!);
        return server.Server.Address.GetLeftPart(UriPartial.Authority) + url.AbsolutePath + url.Fragment;
    }

    /// <summary>What stands behind the page of somebody who opened such a link.</summary>
    private static async Task<AsyncServiceScope> VisitorAsync(ConsoleServer server, string access)
    {
        var made = await server.Client.PostJsonAsync("/api/v1/auth/app-portal-access/northwind", access);
        var scope = server.Server.Get<IServiceScopeFactory>().CreateAsyncScope();
        ((IHostEnvironmentNavigationManager)scope.ServiceProvider.GetRequiredService<NavigationManager>())
            .Initialize(server.Server.Address.ToString(), new Uri(server.Server.Address, "/portal/home").ToString());
        var viewer = scope.ServiceProvider.GetRequiredService<Viewer>();
        (await server.Server.Get<PortalSession>().OpenAsync(viewer, made["token"].GetString()!, CancellationToken.None)).ShouldBeTrue();
        return scope;
    }

    private static async Task<IEnumerable<string>> TypesAsync(AsyncServiceScope visitor) =>
        (await visitor.ServiceProvider.GetRequiredService<VisibleEventTypes>().ReadAllAsync(CancellationToken.None)).Select(type => type.Name);

    private static async Task OpenAsync(IPage page, string link)
    {
        await page.GotoAsync(link);
        await page.UntilAtAsync("/portal/home");
        await page.UntilReadyAsync();
    }

    private static async Task ExpireAllAsync(ConsoleServer server) =>
        (await server.Client.PostJsonAsync("/api/v1/auth/app/northwind/expire-all", "{}")).Status.ShouldBe(204);

    private static async Task<int> OpenAsync(ConsoleServer server, string body, params (string Name, string Value)[] headers)
    {
        using var response = await PostAsync(server, body, headers);
        return (int)response.StatusCode;
    }

    private static async Task<HttpResponseMessage> PostAsync(ConsoleServer server, string body, params (string Name, string Value)[] headers)
    {
        using var client = new HttpClient { BaseAddress = server.Server.Address };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/portal/session") { Content = new StringContent(body) };
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        return await client.SendAsync(request);
    }

    private static async Task<string> CookieAsync(ConsoleServer server)
    {
        var link = await LinkAsync(server);
        using var response = await PostAsync(server, JsonSerializer.Serialize(new { key = link[(link.IndexOf('=') + 1)..] }), ("Sec-Fetch-Site", "same-origin"));
        response.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        return response.Headers.GetValues("Set-Cookie").Single(cookie => cookie.StartsWith(PortalSession.Cookie));
    }

    private static async Task<string> PolicyAsync(ConsoleServer server, string path)
    {
        using var client = new HttpClient { BaseAddress = server.Server.Address };
        using var response = await client.GetAsync(path);
        response.Headers.Contains("X-Frame-Options").ShouldBeFalse();
        return response.Headers.GetValues("Content-Security-Policy").Single();
    }

    private static string Origin(ConsoleServer server) => server.Server.Address.GetLeftPart(UriPartial.Authority);

    // The browser tells of every answer of 401.
    private static bool IsRefusal(string complaint) => complaint.Contains("401");
}
