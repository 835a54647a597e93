using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Auth;

public sealed class RequestLimitTests
{
    private const int Burst = 2;

    [Fact]
    public async Task A_key_that_asks_too_often_is_told_when_to_come_back_and_no_other_is()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Api:RequestsPerSecond"] = "1" });

        var refused = await ExhaustAsync(server.Client, "/api/v1/app");

        refused["code"].GetString().ShouldBe("rate_limited");
        refused["detail"].GetString().ShouldNotBeNullOrEmpty();
        refused.Headers.RetryAfter!.Delta!.Value.ShouldBeInRange(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        using var other = server.CreateClient((await server.Get<Registry.ApiKeyRegistry>().CreateAsync("Other")).Text);
        (await other.GetJsonAsync("/api/v1/app")).Status.ShouldBe(200);
        (await server.Stranger.GetJsonAsync("/health/live")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task All_tokens_of_an_application_share_its_limit_and_keys_and_other_applications_do_not()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Api:TokenRequestsPerSecond"] = "1" });
        (await server.Client.PostJsonAsync("/api/v1/app", """{"name":"Acme","uid":"acme"}""")).Status.ShouldBe(201);
        using var one = await TokenAsync(server, "acme");
        using var two = await TokenAsync(server, "acme");
        using var elsewhere = await TokenAsync(server, "default");

        // What is not there counts as well: nobody tries names for nothing.
        await ExhaustAsync(one, "/api/v1/app/nobody");

        (await ExhaustAsync(two, "/api/v1/app/acme")).Status.ShouldBe(429);
        (await elsewhere.GetJsonAsync("/api/v1/app/default")).Status.ShouldBe(200);
        for (var request = 0; request < 5 * Burst; request++)
            (await server.Client.GetJsonAsync("/api/v1/app/acme")).Status.ShouldBe(200);
    }

    /// <summary>Asks until it is refused, which it must be long before a slow machine has earned so many tokens.</summary>
    private static async Task<Reply> ExhaustAsync(HttpClient client, string path)
    {
        for (var request = 0; request < 200; request++)
            if (await client.GetJsonAsync(path) is { Status: 429 } refused)
                return refused;
        throw new ShouldAssertException("200 requests were answered at a limit of one per second");
    }

    private static async Task<HttpClient> TokenAsync(TestServer server, string application) =>
        server.CreateClient((await server.Client.PostJsonAsync($"/api/v1/auth/app-portal-access/{application}"))["token"].GetString());
}
