using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Hosting;

/// <summary>No webhook goes to the server itself, its database or its queue, also where loopback is open.</summary>
public sealed class OwnAddressesTests
{
    private const string Endpoints = "/api/v1/app/default/endpoint";

    [Fact]
    public async Task Neither_the_server_nor_database_nor_queue_can_be_an_endpoint()
    {
        var (postgres, redis) = (await PostgresServer.Shared, await RedisServer.Shared);
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?>
        {
            ["Store"] = "Postgres", ["Postgres:ConnectionString"] = postgres.ConnectionString(await postgres.CreateDatabaseAsync()), ["Postgres:MaxConnections"] = "5",
            ["Queue"] = "Redis", ["Redis:ConnectionString"] = redis.ConnectionString,
        });
        foreach (var port in new[] { server.Address.Port, postgres.Port, redis.Port })
            (await server.Client.PostJsonAsync(Endpoints, $$"""{"url":"http://localhost:{{port}}/"}""")).Faults.ShouldBe(["url"]);
        (await server.Client.PostJsonAsync(Endpoints, """{"url":"http://127.0.0.1:9/"}""")).Status.ShouldBe(201);
    }

    [Fact]
    public async Task A_server_with_test_inboxes_may_send_to_itself()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Inbox:Enabled"] = "true" });
        (await server.Client.PostJsonAsync(Endpoints, $$"""{"url":"http://127.0.0.1:{{server.Address.Port}}/inbox/x"}""")).Status.ShouldBe(201);
    }
}
