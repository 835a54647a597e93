using System.Text.Json;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Faults;

/// <summary>What nodes say of themselves while the database or Redis is away.</summary>
[Collection(WaitingProcesses.Name)]
public sealed class HealthTests
{
    [Fact]
    public async Task Each_node_says_what_is_away_and_only_one_that_can_do_none_of_its_work_wants_none()
    {
        await using var database = await PostgresServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        var settings = new Dictionary<string, string?>
        {
            ["Store"] = "Postgres", ["Postgres:ConnectionString"] = database.ConnectionString(await database.CreateDatabaseAsync()) + ";Password=not-told",
            ["Queue"] = "Redis", ["Redis:ConnectionString"] = redis.ConnectionString, ["Redis:Timeout"] = "1s", ["Node:Heartbeat"] = "200ms", ["Node:ExpelAfter"] = "2s",
        };
        await using var all = await TestServer.StartAsync(settings);
        await using var sender = await TestServer.StartAsync(new Dictionary<string, string?>(settings) { ["Node:Roles"] = "Dispatch" });
        await SaysAsync(all, 200, """{"status":"ok","store":"ok","queue":"ok","deliveries":"ok"}""");
        await SaysAsync(sender, 200, """{"status":"ok","store":"ok","queue":"ok","deliveries":"ok"}""");

        await redis.StopAsync();
        await SaysAsync(all, 200, """{"status":"degraded","store":"ok","queue":"unavailable","deliveries":"unavailable"}""");
        await SaysAsync(sender, 503, """{"status":"unavailable","store":"ok","queue":"unavailable","deliveries":"unavailable"}""");
        await redis.StartAgainAsync();
        await SaysAsync(sender, 200, """{"status":"ok","store":"ok","queue":"ok","deliveries":"ok"}""");

        await database.StopAsync("fast");
        await SaysAsync(all, 503, """{"status":"unavailable","store":"unavailable","queue":"ok","deliveries":"unavailable"}""");
        await database.StartAgainAsync();
        await SaysAsync(all, 200, """{"status":"ok","store":"ok","queue":"ok","deliveries":"ok"}""");
    }

    [Fact]
    public async Task A_database_that_answers_and_takes_no_writes_is_not_available()
    {
        await using var database = await PostgresServer.StartAsync();
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?>
        {
            ["Store"] = "Postgres", ["Postgres:ConnectionString"] = database.ConnectionString(await database.CreateDatabaseAsync()),
            ["Node:Heartbeat"] = "200ms", ["Node:ExpelAfter"] = "1s",
        });
        await SaysAsync(server, 200, """{"status":"ok","store":"ok","deliveries":"ok"}""");

        await database.RunSqlAsync("ALTER SYSTEM SET default_transaction_read_only = on");
        await database.RunSqlAsync("SELECT pg_reload_conf()");
        await SaysAsync(server, 503, """{"status":"unavailable","store":"unavailable","deliveries":"unavailable"}""");
    }

    // Not the client that holds answers against the document: a node that only sends has none.
    private static async Task SaysAsync(TestServer server, int status, string said)
    {
        using var client = new HttpClient { BaseAddress = server.Address };
        var last = "";
        try
        {
            await Eventually.IsTrueAsync("the node says what it should", async () =>
            {
                using var reply = await client.GetAsync("/health/ready");
                last = $"{(int)reply.StatusCode} {await reply.Content.ReadAsStringAsync()}";
                return (int)reply.StatusCode == status && JsonElement.DeepEquals(JsonElement.Parse(last[4..]), JsonElement.Parse(said));
            }, TimeSpan.FromSeconds(30));
        }
        catch (TimeoutException)
        {
            last.ShouldBe($"{status} {said}");
        }
    }
}
