using Grapnel.Server.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Grapnel.Server.Tests.Api;

public sealed class HealthApiTests
{
    [Fact]
    public async Task A_server_that_can_work_says_so_to_everybody()
    {
        await using var server = await TestServer.StartAsync();
        await CheckAsync(server, ready: true, store: "ok", deliveries: "ok");
    }

    [Fact]
    public async Task A_server_whose_store_does_not_answer_is_alive_and_not_ready_until_it_answers_again()
    {
        await using var server = await TestServer.StartAsync();
        await ChangeStoreAsync(server, "ALTER TABLE schedule RENAME TO hidden");
        await CheckAsync(server, ready: false, store: "unavailable", deliveries: "ok");
        await ChangeStoreAsync(server, "ALTER TABLE hidden RENAME TO schedule");
        await CheckAsync(server, ready: true, store: "ok", deliveries: "ok");
    }

    [Fact]
    public async Task A_server_that_makes_no_deliveries_is_alive_and_not_ready()
    {
        await using var server = await TestServer.StartAsync();
        await server.Get<Engine>().StopAsync(default);
        await CheckAsync(server, ready: false, store: "ok", deliveries: "unavailable");
    }

    [Fact]
    public async Task A_server_whose_disk_runs_low_gets_work_and_says_that_somebody_should_see_to_it()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Health:MinFreeDiskBytes"] = $"{long.MaxValue}" });
        var reply = await server.Stranger.GetJsonAsync("/health/ready");
        (reply.Status, reply["status"].GetString(), reply["store"].GetString(), reply["disk"].GetString()).ShouldBe((200, "degraded", "ok", "low"));
    }

    private static async Task CheckAsync(TestServer server, bool ready, string store, string deliveries)
    {
        (await server.Stranger.GetJsonAsync("/health/live")).Status.ShouldBe(200);
        var reply = await server.Stranger.GetJsonAsync("/health/ready");
        reply.Status.ShouldBe(ready ? 200 : 503);
        reply["status"].GetString().ShouldBe(ready ? "ok" : "unavailable");
        reply["store"].GetString().ShouldBe(store);
        reply["deliveries"].GetString().ShouldBe(deliveries);
        reply["disk"].GetString().ShouldBe("ok");
        (await server.Stranger.GetJsonAsync("/api/v1/health")).Status.ShouldBe(ready ? 204 : 503);
    }

    private static async Task ChangeStoreAsync(TestServer server, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(server.Folder, "grapnel.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
