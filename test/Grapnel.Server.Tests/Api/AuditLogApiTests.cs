using System.Text.Json;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Api;

public sealed class AuditLogApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    private const string Log = "/api/v1/audit-log";

    [Fact]
    public async Task A_change_is_in_the_log_at_once_with_the_name_of_the_key()
    {
        var app = await NewApplicationAsync();
        using var client = await KeyAsync("""{"name":"CI, east"}""");
        var endpoint = await client.PostJsonAsync(app + "/endpoint", """{"url":"http://127.0.0.1:9/"}""");
        await client.PatchJsonAsync($"{app}/endpoint/{endpoint.Id}", """{"url":"http://127.0.0.1:8/"}""");

        var entries = (await Client.GetJsonAsync($"{Log}?subject={endpoint.Id}")).Json.GetProperty("data").EnumerateArray().ToList();

        entries.Select(entry => entry.GetProperty("action").GetString()).ShouldBe(["endpoint.updated", "endpoint.created"]);
        entries.ShouldAllBe(entry => entry.GetProperty("actor").GetString()!.StartsWith("key:key_") && entry.GetProperty("actor").GetString()!.EndsWith(" CI, east"));
        entries[0].GetProperty("applicationId").GetString().ShouldBe(app.Split('/')[^1]);
        entries[0].GetProperty("changes").GetRawText().ShouldBe("""{"url":{"from":"http://127.0.0.1:9/","to":"http://127.0.0.1:8/"}}""");
    }

    [Fact]
    public async Task A_token_acts_under_its_own_id()
    {
        var app = await NewApplicationAsync();
        var token = (await Client.PostJsonAsync($"/api/v1/auth/app-portal-access/{app.Split('/')[^1]}"))["token"].GetString();
        using var client = Server.CreateClient(token);

        var endpoint = await client.PostJsonAsync(app + "/endpoint", """{"url":"http://127.0.0.1:9/"}""");

        (await EntriesAsync($"subject={endpoint.Id}"))[0].GetProperty("actor").GetString().ShouldStartWith("token:");
    }

    [Fact]
    public async Task Publishing_leaves_no_entry_but_the_application_that_it_makes_does()
    {
        var (app, type) = (await NewApplicationAsync(), await NewEventTypeAsync());
        var uid = $"made-{Guid.NewGuid():N}";
        var before = (await EntriesAsync(""))[0].GetProperty("id").GetString();

        (await Client.PostJsonAsync($"/trigger/{type}", "{}")).Status.ShouldBe(202);
        (await Client.PostJsonAsync(app + "/msg", $$"""{"eventType":"{{type}}","payload":{} }""")).Status.ShouldBe(202);
        (await Client.PostJsonAsync(app + "/msg/batch", $$"""{"messages":[{"eventType":"{{type}}","payload":{} }]}""")).Status.ShouldBe(202);
        (await EntriesAsync(""))[0].GetProperty("id").GetString().ShouldBe(before);

        (await Client.PostJsonAsync($"/api/v1/app/{uid}/msg",
            $$"""{"eventType":"{{type}}","payload":{},"application":{"name":"A","uid":"{{uid}}"} }""")).Status.ShouldBe(202);
        var made = (await EntriesAsync($"app={uid}")).ShouldHaveSingleItem();
        made.GetProperty("action").GetString().ShouldBe("application.created");
        made.GetProperty("actor").GetString().ShouldStartWith("key:");
    }

    [Fact]
    public async Task The_log_is_filtered_and_read_page_by_page()
    {
        using var client = await KeyAsync("""{"name":"Pages"}""");
        var app = (await client.PostJsonAsync("/api/v1/app", """{"name":"one"}""")).Id!;
        await client.PatchJsonAsync($"/api/v1/app/{app}", """{"name":"two"}""");
        await client.DeleteJsonAsync($"/api/v1/app/{app}");
        var actor = (await EntriesAsync($"app={app}"))[0].GetProperty("actor").GetString()!;

        var query = $"{Log}?actor={Uri.EscapeDataString(actor)}&app={app}&limit=2&order=ascending";
        var first = await Client.GetJsonAsync(query);
        var second = await Client.GetJsonAsync($"{query}&iterator={first["iterator"].GetString()}");

        Actions(first).Concat(Actions(second)).ShouldBe(["application.created", "application.updated", "application.deleted"]);
        (first["done"].GetBoolean(), second["done"].GetBoolean()).ShouldBe((false, true));
        (await Client.GetJsonAsync($"{Log}?app=nobody")).Status.ShouldBe(404);
        (await Client.GetJsonAsync($"{Log}?iterator=x")).Status.ShouldBe(422);
    }

    [Theory]
    [InlineData("""{"name":"R","scope":"read"}""")]
    [InlineData("""{"name":"P","scope":"publish"}""")]
    [InlineData("""{"name":"A","application":"default"}""")]
    public async Task The_log_is_for_full_keys_of_the_whole_installation_only(string key)
    {
        using var client = await KeyAsync(key);
        (await client.GetJsonAsync(Log)).Status.ShouldBe(403);
    }

    [Fact]
    public async Task What_was_recorded_outlives_a_restart_that_came_right_after()
    {
        var folder = Directory.CreateTempSubdirectory("grapnel-test-").FullName;
        string? app;
        await using (var server = await TestServer.StartAsync(folder: folder))
            app = (await server.Client.PostJsonAsync("/api/v1/app", """{"name":"one"}""")).Id;
        await using (var server = await TestServer.StartAsync(folder: folder))
            Actions(await server.Client.GetJsonAsync($"{Log}?app={app}")).ShouldBe(["application.created"]);
        Directory.Delete(folder, recursive: true);
    }

    private static IEnumerable<string?> Actions(Reply page) => page["data"].EnumerateArray().Select(entry => entry.GetProperty("action").GetString());

    private async Task<List<JsonElement>> EntriesAsync(string query) => [.. (await Client.GetJsonAsync($"{Log}?{query}"))["data"].EnumerateArray()];

    private async Task<HttpClient> KeyAsync(string body) => Server.CreateClient((await Client.PostJsonAsync("/api/v1/api-key", body))["key"].GetString());
}
