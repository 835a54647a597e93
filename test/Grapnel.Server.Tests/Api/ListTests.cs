using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Api;

/// <summary>The contract that every list keeps, held against three of them.</summary>
public sealed class ListTests(ServerFixture fixture) : ServerTest(fixture)
{
    [Fact]
    public async Task Endpoints_are_paged_in_both_directions_and_both_orders()
    {
        var path = await NewApplicationAsync() + "/endpoint";
        var ids = new List<string>();
        for (var i = 0; i < 10; i++)
            ids.Add((await Client.PostJsonAsync(path, $$"""{"url":"http://127.0.0.1:9/{{i}}"}""")).Id);

        (await IdsAsync(path)).ShouldBe(Enumerable.Reverse(ids));
        await HoldsAsync(path, "order=ascending", ids);
        await HoldsAsync(path, "order=descending", [.. Enumerable.Reverse(ids)]);
    }

    [Fact]
    public async Task Event_types_are_paged_by_name_and_archived_ones_are_hidden()
    {
        await using var server = await TestServer.StartAsync();
        var names = Enumerable.Range(0, 10).Select(i => $"list.{i}").ToList();
        foreach (var name in names)
            (await server.Client.PostJsonAsync("/api/v1/event-type", $$"""{"name":"{{name}}","description":""}""")).Status.ShouldBe(201);
        await HoldsAsync("/api/v1/event-type", "", names, "name", server.Client);

        (await server.Client.DeleteJsonAsync("/api/v1/event-type/list.3")).Status.ShouldBe(204);
        (await IdsAsync("/api/v1/event-type", "name", server.Client)).ShouldNotContain("list.3");
        (await IdsAsync("/api/v1/event-type?include_archived=true", "name", server.Client)).ShouldContain("list.3");
    }

    [Fact]
    public async Task Messages_are_paged_newest_first()
    {
        var path = await NewApplicationAsync() + "/msg";
        var ids = new List<string>();
        for (var i = 0; i < 10; i++)
            ids.Add((await Client.PostJsonAsync(path, """{"eventType":"x","payload":{}}""")).Id);
        await HoldsAsync(path, "", [.. Enumerable.Reverse(ids)]);
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=251", "limit")]
    [InlineData("limit=x", "limit")]
    [InlineData("iterator=nonsense", "iterator")]
    [InlineData("iterator=-app_0", "iterator")]
    [InlineData("order=sideways", "order")]
    public async Task A_query_that_does_not_fit_is_refused(string query, string fault)
    {
        var reply = await Client.GetJsonAsync("/api/v1/app?" + query);
        reply.Status.ShouldBe(422);
        reply.Faults.ShouldBe([fault]);
        reply["detail"][0].GetProperty("loc")[0].GetString().ShouldBe("query");
    }

    [Theory]
    [InlineData("after=0001-01-01T00:00:00Z", 1)]
    [InlineData("before=0001-01-01T00:00:00Z", 0)]
    [InlineData("after=9999-12-31T23:59:59.9999999Z", 0)]
    [InlineData("before=9999-12-31T23:59:59.9999999Z", 1)]
    public async Task The_ends_of_the_calendar_are_times_like_others(string query, int found)
    {
        var path = await NewApplicationAsync() + "/msg";
        await Client.PostJsonAsync(path, """{"eventType":"x","payload":{}}""");
        var reply = await Client.GetJsonAsync($"{path}?{query}");
        reply.Status.ShouldBe(200);
        reply["data"].GetArrayLength().ShouldBe(found);
    }

    private async Task HoldsAsync(string path, string query, List<string> expected, string key = "id", HttpClient? client = null)
    {
        client ??= Client;
        Task<Reply> Page(string more) => client.GetJsonAsync($"{path}?{query}&{more}");
        (await Page("limit=1"))["done"].GetBoolean().ShouldBeFalse();
        (await Page("limit=10"))["done"].GetBoolean().ShouldBeTrue();
        (await Page("limit=50"))["done"].GetBoolean().ShouldBeTrue();

        var first = await Page("limit=6");
        Ids(first, key).ShouldBe(expected[..6]);
        var second = await Page($"limit=6&iterator={first["iterator"].GetString()}");
        Ids(second, key).ShouldBe(expected[6..]);
        second["done"].GetBoolean().ShouldBeTrue();
        var back = await Page($"limit=6&iterator={second["prevIterator"].GetString()}");
        Ids(back, key).ShouldBe(expected[..6]);
    }

    private async Task<IEnumerable<string>> IdsAsync(string path, string key = "id", HttpClient? client = null) =>
        Ids(await (client ?? Client).GetJsonAsync(path), key);

    private static IEnumerable<string> Ids(Reply reply, string key) =>
        reply["data"].EnumerateArray().Select(item => item.GetProperty(key).GetString()!).ToList();
}
