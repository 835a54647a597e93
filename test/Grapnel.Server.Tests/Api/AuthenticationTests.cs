using System.Net.Http.Headers;
using Grapnel.Registry;
using Grapnel.Server.Console;
using Grapnel.Server.Tests.Support;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Grapnel.Server.Tests.Api;

public sealed class AuthenticationTests(ServerFixture fixture) : ServerTest(fixture)
{
    [Fact]
    public async Task Nothing_answers_a_stranger_but_health_documentation_test_inboxes_and_the_console()
    {
        var routes = Server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();
        routes.Count.ShouldBeGreaterThan(40);
        foreach (var route in routes.Where(route => !IsOfConsole(route)))
        {
            var path = string.Join('/', route.RoutePattern.PathSegments.Select(segment => segment.Parts[0] is RoutePatternLiteralPart literal ? literal.Content : "x"));
            foreach (var method in route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET", "POST"])
            {
                var open = route.Metadata.GetMetadata<IAllowAnonymous>() is not null;
                open.ShouldBe(path.StartsWith("health/") || path is "inbox/x/x" or "api/v1/health" or "api/v1/health/ping" or "api/v1/openapi.json"
                    || path.StartsWith("docs"), path);
                var reply = await Server.Stranger.SendAsync(new HttpMethod(method), "/" + path);
                if (!open)
                    reply.Status.ShouldBe(401, path);
            }
        }
    }

    [Fact]
    public void Every_page_of_the_console_needs_a_person_but_those_that_let_people_in()
    {
        var pages = Server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(route => route.Metadata.GetMetadata<ComponentTypeMetadata>() is not null).ToList();
        pages.Count.ShouldBeGreaterThan(10);
        pages.Where(page => page.Metadata.GetMetadata<IAllowAnonymous>() is not null).Select(page => page.RoutePattern.RawText)
            .ShouldBe(["/sign-in", "/setup", "/portal"], ignoreOrder: true);
        pages.ShouldAllBe(page => page.Metadata.GetMetadata<IAuthorizeData>() != null);
    }

    [Fact]
    public async Task A_page_of_another_origin_may_ask_if_it_has_a_key_to_show()
    {
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/api/v1/app");
        preflight.Headers.Add("Origin", "https://portal.example");
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        preflight.Headers.Add("Access-Control-Request-Headers", "authorization,content-type");

        using var allowed = await Server.Stranger.SendAsync(preflight);

        ((int)allowed.StatusCode).ShouldBe(204);
        allowed.Headers.GetValues("Access-Control-Allow-Origin").ShouldBe(["*"]);
        allowed.Headers.GetValues("Access-Control-Max-Age").ShouldBe(["600"]);
        var asked = await Client.SendAsync(HttpMethod.Get, "/api/v1/app", headers: ("Origin", "https://portal.example"));
        (asked.Status, asked.Headers.GetValues("Access-Control-Allow-Origin").Single()).ShouldBe((200, "*"));
        asked.Headers.Contains("Access-Control-Allow-Credentials").ShouldBeFalse();
        asked.Headers.GetValues("Access-Control-Expose-Headers").Single().ShouldBe("Retry-After");
        (await Server.Stranger.SendAsync(HttpMethod.Get, "/api/v1/app", headers: ("Origin", "https://portal.example"))).Status.ShouldBe(401);
    }

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/api/v1/nothing/here")]
    [InlineData("/trigger/of/nothing")]
    public async Task A_route_that_is_not_there_does_not_answer_a_stranger_either(string path) =>
        (await Server.Stranger.GetJsonAsync(path)).Status.ShouldBe(401);

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer")]
    [InlineData("Bearer wrong")]
    [InlineData("Basic YTpi")]
    [InlineData("Bearer " + TestServer.Key + "x")]
    public async Task A_wrong_key_gets_a_body_that_says_so(string? header)
    {
        using var client = Server.CreateClient(key: null);
        if (header is not null)
            client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);
        var reply = await client.GetJsonAsync("/api/v1/app");
        reply.Status.ShouldBe(401);
        reply["code"].GetString().ShouldBe("authentication_failed");
        reply["detail"].GetString().ShouldNotBeNullOrEmpty();
        reply.Headers.WwwAuthenticate.ShouldBe([new AuthenticationHeaderValue("Bearer")]);
    }

    [Fact]
    public async Task A_new_key_works_at_once_and_a_revoked_one_no_longer()
    {
        var keys = Server.Get<ApiKeyRegistry>();
        var made = await keys.CreateAsync("For a test");
        using var client = Server.CreateClient(made.Text);
        (await client.GetJsonAsync("/api/v1/app")).Status.ShouldBe(200);
        await keys.RevokeAsync(made.Key.Id);
        (await client.GetJsonAsync("/api/v1/app")).Status.ShouldBe(401);
    }

    [Fact]
    public async Task A_first_start_makes_a_key_tells_it_once_and_keeps_it_in_a_private_file()
    {
        var folder = Directory.CreateTempSubdirectory("grapnel-test-").FullName;
        try
        {
            var noKey = new Dictionary<string, string?> { ["ApiKey"] = null };
            var told = new List<string>();
            string key;
            await using (var server = await TestServer.StartAsync(noKey, folder: folder, announce: told.Add))
            {
                var file = Path.Combine(folder, "first-api-key");
                key = (await File.ReadAllTextAsync(file)).Trim();
                key.ShouldMatch("^grpk_[0-9A-Za-z]{43}$");
                told.ShouldHaveSingleItem().ShouldContain(key);
                if (!OperatingSystem.IsWindows())
                    File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
            told.Clear();
            await using var again = await TestServer.StartAsync(noKey, folder: folder, announce: told.Add);
            told.ShouldBeEmpty();
            using var client = again.CreateClient(key);
            (await client.GetJsonAsync("/api/v1/app")).Status.ShouldBe(200);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool IsOfConsole(RouteEndpoint route) =>
        route.Metadata.GetMetadata<ConsoleRoute>() is not null || route.RoutePattern.RawText!.StartsWith(ConsolePaths.Assets, StringComparison.Ordinal);
}
