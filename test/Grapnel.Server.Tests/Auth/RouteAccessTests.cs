using Grapnel.Server.Auth;
using Grapnel.Server.Tests.Support;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Server.Tests.Auth;

/// <summary>Walks every route that the server has, those that are added tomorrow included.</summary>
public sealed class RouteAccessTests(ServerFixture fixture) : ServerTest(fixture)
{
    private static readonly string[] OpenToApplicationsWithoutTheirName =
        ["GET /api/v1/event-type", "GET /api/v1/event-type/x", "POST /api/v1/auth/logout", "POST /trigger/x"];

    private static readonly string[] Publishing =
    [
        "/trigger/x", "/api/v1/app/{app}/msg", "/api/v1/app/{app}/msg/batch", "/api/v1/app/{app}/msg/precheck/active",
        "/api/v1/broadcast", "/api/v1/msg/broadcast",
    ];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Another_application_is_to_a_caller_of_one_as_if_it_were_not_there_on_every_route(bool token)
    {
        var (own, other) = (await NewApplicationAsync(), await NewApplicationAsync());
        using var client = await CallerAsync(own, token);
        var there = await AskAllAsync(client, Id(other));
        (await Client.DeleteJsonAsync(other)).Status.ShouldBe(204);

        var gone = await AskAllAsync(client, Id(other));

        there.Count.ShouldBeGreaterThan(30);
        foreach (var (route, reply) in there)
        {
            reply.Status.ShouldBe(404, route);
            reply["code"].GetString().ShouldBe("not_found", route);
            (reply.Status, reply.Text, reply.ContentType).ShouldBe((gone[route].Status, gone[route].Text, gone[route].ContentType), route);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_belongs_to_no_application_is_not_for_a_caller_of_one(bool token)
    {
        using var client = await CallerAsync(await NewApplicationAsync(), token);
        foreach (var (method, path) in Routes().Where(route => !route.Path.Contains("{app}") && !OpenToApplicationsWithoutTheirName.Contains($"{route.Method} {route.Path}")))
        {
            var reply = await AskAsync(client, method, path);
            (reply.Status, reply["code"].GetString()).ShouldBe((403, "forbidden"), path);
        }
    }

    [Fact]
    public async Task An_application_does_not_do_with_itself_what_only_the_operator_does()
    {
        var own = await NewApplicationAsync();
        using var client = await CallerAsync(own, token: false);
        string[] operators =
        [
            "PUT ", "PATCH ", "DELETE ", "POST /auth/app-portal-access", "POST /auth/dashboard-access", "POST /auth/expire-all",
        ];
        foreach (var route in operators)
        {
            var (method, action) = (route.Split(' ')[0], route.Split(' ')[1]);
            var path = action switch
            {
                "" => own,
                "/auth/expire-all" => $"/api/v1/auth/app/{Id(own)}/expire-all",
                _ => $"/api/v1{action}/{Id(own)}",
            };
            var reply = await AskAsync(client, method, path);
            (reply.Status, reply["code"].GetString()).ShouldBe((403, "forbidden"), route);
        }
        (await client.GetJsonAsync(own)).Status.ShouldBe(200);
        (await client.PostJsonAsync(own + "/endpoint", """{"url":"http://127.0.0.1:9/"}""")).Status.ShouldBe(201);
    }

    [Fact]
    public async Task A_key_that_reads_may_read_everything_but_secrets_and_change_nothing()
    {
        using var client = await KeyAsync("""{"name":"R","scope":"read"}""");
        await HoldsAsync(client, (method, path) => method is "GET" or "HEAD" && !path.EndsWith("/secret") && !path.StartsWith("/api/v1/api-key") && path != "/api/v1/audit-log");
    }

    [Fact]
    public async Task A_key_that_publishes_may_publish_and_nothing_else()
    {
        using var client = await KeyAsync("""{"name":"P","scope":"publish"}""");
        await HoldsAsync(client, (method, path) => method == "POST" && Publishing.Contains(path));
    }

    [Fact]
    public async Task A_key_with_full_scope_may_do_everything() => await HoldsAsync(Client, (_, path) => !path.EndsWith("/logout"));

    [Fact]
    public void Every_route_that_is_not_open_to_all_says_who_may_call_it() =>
        Server.Get<EndpointDataSource>().Endpoints.Where(route => !IsOpen(route)).ShouldAllBe(route => route.Metadata.GetMetadata<RouteAccess>() != null);

    [Fact]
    public async Task The_api_does_not_pay_for_the_cookies_of_the_console()
    {
        var asked = 0;
        await using var server = await TestServer.StartAsync(services: services => services.AddScoped<IAuthenticationHandlerProvider>(provider =>
        {
            Interlocked.Increment(ref asked);
            return ActivatorUtilities.CreateInstance<AuthenticationHandlerProvider>(provider);
        }));

        (await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"order.created","description":""}""")).Status.ShouldBe(201);
        (await server.Client.PostJsonAsync("/trigger/order.created", "{}")).Status.ShouldBe(202);
        (await server.Client.GetJsonAsync("/api/v1/app/default/msg")).Status.ShouldBe(200);
        asked.ShouldBe(0);

        using var page = await server.Client.GetAsync("/applications");
        asked.ShouldBeGreaterThan(0);
    }

    private async Task HoldsAsync(HttpClient client, Func<string, string, bool> allowed)
    {
        foreach (var (method, path) in Routes())
        {
            var reply = await AskAsync(client, method, path.Replace("{app}", "app_0000000000000000000000"));
            if (allowed(method, path))
                reply.Status.ShouldNotBeOneOf(401, 403);
            else
                reply.Status.ShouldBe(403, $"{method} {path}");
        }
    }

    private async Task<Dictionary<string, Reply>> AskAllAsync(HttpClient client, string application)
    {
        var replies = new Dictionary<string, Reply>();
        foreach (var (method, path) in Routes().Where(route => route.Path.Contains("{app}")))
            replies[$"{method} {path}"] = await AskAsync(client, method, path.Replace("{app}", application));
        return replies;
    }

    private static Task<Reply> AskAsync(HttpClient client, string method, string path) =>
        client.SendAsync(new HttpMethod(method), path, method is "GET" or "HEAD" ? null : "{}"u8.ToArray());

    private IEnumerable<(string Method, string Path)> Routes() =>
        from route in Server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        where !IsOpen(route)
        let path = "/" + string.Join('/', route.RoutePattern.PathSegments.Select(segment => Show(segment.Parts[0])))
        from method in route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
        select (method, path);

    // Pages are open to all here: who may see them is asked by cookie, and held by the tests of the console.
    private static bool IsOpen(Microsoft.AspNetCore.Http.Endpoint route) =>
        route.Metadata.GetMetadata<IAllowAnonymous>() is not null || route.Metadata.GetMetadata<RouteAccess>() is { Open: true };

    private static string Show(RoutePatternPart part) => part switch
    {
        RoutePatternLiteralPart literal => literal.Content,
        RoutePatternParameterPart { Name: "app" } => "{app}",
        _ => "x",
    };

    private async Task<HttpClient> CallerAsync(string application, bool token) => token
        ? Server.CreateClient((await Client.PostJsonAsync($"/api/v1/auth/app-portal-access/{Id(application)}"))["token"].GetString())
        : await KeyAsync($$"""{"name":"A","application":"{{Id(application)}}"}""");

    private async Task<HttpClient> KeyAsync(string body) => Server.CreateClient((await Client.PostJsonAsync("/api/v1/api-key", body))["key"].GetString());

    private static string Id(string application) => application.Split('/')[^1];
}
