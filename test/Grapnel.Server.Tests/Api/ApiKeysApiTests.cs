using System.Text.Json;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Api;

public sealed class ApiKeysApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    private const string Path = "/api/v1/api-key";

    [Fact]
    public async Task A_key_works_from_the_answer_that_made_it_until_the_one_that_revoked_it()
    {
        var made = await CreateAsync("For a test");
        var key = made["key"].GetString()!;
        key.ShouldMatch("^grpk_[0-9A-Za-z]{43}$");
        key.ShouldStartWith(made["hint"].GetString()!);
        using var client = Server.CreateClient(key);
        (await client.GetJsonAsync("/api/v1/app")).Status.ShouldBe(200);

        (await Client.DeleteJsonAsync($"{Path}/{made.Id}")).Status.ShouldBe(204);

        (await client.GetJsonAsync("/api/v1/app")).Status.ShouldBe(401);
        (await ListedAsync(made.Id)).GetProperty("revokedAt").GetDateTime().ShouldBeGreaterThanOrEqualTo(made["createdAt"].GetDateTime());
    }

    [Fact]
    public async Task The_list_shows_neither_a_key_nor_its_hash()
    {
        var made = await CreateAsync("Listed");

        var shown = await ListedAsync(made.Id);

        shown.EnumerateObject().Select(field => field.Name).ShouldBe(
            ["id", "name", "hint", "scope", "application", "createdAt", "expiresAt", "lastUsedAt", "revokedAt"]);
        (shown.GetProperty("name").GetString(), shown.GetProperty("revokedAt").ValueKind).ShouldBe(("Listed", JsonValueKind.Null));
        (await Client.GetJsonAsync(Path + "?limit=250")).Text.ShouldNotContain(made["key"].GetString()!);
    }

    [Fact]
    public async Task Keys_are_paged_oldest_first_in_both_directions_and_both_orders()
    {
        await using var server = await TestServer.StartAsync();
        var ids = new List<string> { (await server.Client.GetJsonAsync(Path))["data"][0].GetProperty("id").GetString()! };
        for (var i = 1; i < 10; i++)
            ids.Add((await server.Client.PostJsonAsync(Path, """{"name":"One of ten"}""")).Id);
        await HoldsAsync("", ids);
        await HoldsAsync("order=descending", [.. Enumerable.Reverse(ids)]);

        async Task HoldsAsync(string query, List<string> expected)
        {
            Task<Reply> Page(string more) => server.Client.GetJsonAsync($"{Path}?{query}&{more}");
            Ids(await Page("limit=50")).ShouldBe(expected);
            (await Page("limit=10"))["done"].GetBoolean().ShouldBeTrue();
            var first = await Page("limit=6");
            (Ids(first).SequenceEqual(expected[..6]), first["done"].GetBoolean()).ShouldBe((true, false));
            var second = await Page($"limit=6&iterator={first["iterator"].GetString()}");
            (Ids(second).SequenceEqual(expected[6..]), second["done"].GetBoolean()).ShouldBe((true, true));
            var back = await Page($"limit=3&iterator={second["prevIterator"].GetString()}");
            (Ids(back).SequenceEqual(expected[3..6]), back["done"].GetBoolean()).ShouldBe((true, false));
        }
    }

    [Fact]
    public async Task Nobody_revokes_the_key_he_comes_with()
    {
        var made = await CreateAsync("Own");
        using var client = Server.CreateClient(made["key"].GetString());

        var refused = await client.DeleteJsonAsync($"{Path}/{made.Id}");

        refused.Status.ShouldBe(409);
        refused["code"].GetString().ShouldBe("own_key");
        refused["detail"].GetString()!.ShouldContain("with another one");
        (await client.GetJsonAsync(Path)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task A_key_that_is_unknown_or_revoked_already_is_not_found()
    {
        var made = await CreateAsync("Twice");
        (await Client.DeleteJsonAsync($"{Path}/{made.Id}")).Status.ShouldBe(204);
        var revokedAt = (await ListedAsync(made.Id)).GetProperty("revokedAt").GetString();

        foreach (var id in new[] { made.Id, "key_0000000000000000000000", "app_0000000000000000000000", "nonsense" })
            (await Client.DeleteJsonAsync($"{Path}/{id}")).Status.ShouldBe(404, id);

        (await ListedAsync(made.Id)).GetProperty("revokedAt").GetString().ShouldBe(revokedAt);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"name":""}""")]
    [InlineData("""{"name":null}""")]
    [InlineData("""{"name":7}""")]
    [InlineData("""{"name":"bell\u0007"}""")]
    public async Task A_name_that_does_not_fit_is_named(string body)
    {
        var reply = await Client.PostJsonAsync(Path, body);

        reply.Status.ShouldBe(422);
        reply.Faults.ShouldBe(["name"]);
    }

    [Theory]
    [InlineData("publish,read")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("2")]
    [InlineData(" read")]
    public async Task A_scope_is_one_of_the_words_for_it_and_nothing_that_could_be_computed_from_them(string scope)
    {
        var reply = await Client.PostJsonAsync(Path, $$"""{"name":"Odd","scope":"{{scope}}"}""");

        reply.Status.ShouldBe(422);
        reply.Faults.ShouldBe(["scope"]);
    }

    private async Task<Reply> CreateAsync(string name)
    {
        var made = await Client.PostJsonAsync(Path, $$"""{"name":"{{name}}"}""");
        made.Status.ShouldBe(201);
        made["name"].GetString().ShouldBe(name);
        return made;
    }

    private async Task<JsonElement> ListedAsync(string id) =>
        (await Client.GetJsonAsync(Path + "?limit=250"))["data"].EnumerateArray().Single(key => key.GetProperty("id").GetString() == id);

    private static IEnumerable<string> Ids(Reply reply) => [.. reply["data"].EnumerateArray().Select(key => key.GetProperty("id").GetString()!)];
}
