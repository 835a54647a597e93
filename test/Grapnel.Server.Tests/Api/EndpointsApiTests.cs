using System.Text.Json;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Api;

public sealed class EndpointsApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    private const string Url = "http://127.0.0.1:9/hook";

    [Fact]
    public async Task An_endpoint_is_created_read_changed_and_deleted()
    {
        var type = await NewEventTypeAsync();
        var endpoints = await NewApplicationAsync() + "/endpoint";
        var created = await Client.PostJsonAsync(endpoints, $$$"""
            {"url":"{{{Url}}}","uid":"mine","description":"d","filterTypes":["{{{type}}}"],"channels":["eu"],"rateLimit":7,"metadata":{"a":"b"},
             "ordered":true,"onExhausted":"pause","retrySchedule":[0,1.5,60],"timeoutSeconds":2.5,"maxConcurrency":3}
            """);
        created.Status.ShouldBe(201);
        created["eventTypes"].GetRawText().ShouldBe($"[\"{type}\"]");
        created["filterTypes"].GetRawText().ShouldBe($"[\"{type}\"]");
        created["throttleRate"].GetInt32().ShouldBe(7);
        created["version"].GetInt32().ShouldBe(1);
        created["disabled"].GetBoolean().ShouldBeFalse();
        created["onExhausted"].GetString().ShouldBe("pause");
        created["retrySchedule"].GetRawText().ShouldBe("[0,1.5,60]");
        created["timeoutSeconds"].GetDouble().ShouldBe(2.5);
        (await Client.GetJsonAsync($"{endpoints}/mine")).Text.ShouldBe(created.Text);

        (await Client.PutJsonAsync($"{endpoints}/{created.Id}", $$"""{"url":"{{Url}}/2"}""")).Status.ShouldBe(200);
        var replaced = await Client.GetJsonAsync($"{endpoints}/{created.Id}");
        replaced["eventTypes"].ValueKind.ShouldBe(JsonValueKind.Null);
        replaced["ordered"].GetBoolean().ShouldBeFalse();
        (await Client.GetJsonAsync($"{endpoints}/mine")).Status.ShouldBe(404);

        (await Client.DeleteJsonAsync($"{endpoints}/{created.Id}")).Status.ShouldBe(204);
        (await Client.GetJsonAsync($"{endpoints}/{created.Id}")).Status.ShouldBe(404);
        (await Client.PutJsonAsync($"{endpoints}/{created.Id}", $$"""{"url":"{{Url}}"}""")).Status.ShouldBe(201);
    }

    [Fact]
    public async Task A_patch_changes_what_it_names_and_null_is_not_absent()
    {
        var type = await NewEventTypeAsync();
        var endpoints = await NewApplicationAsync() + "/endpoint";
        var path = $"{endpoints}/{(await Client.PostJsonAsync(endpoints, $$"""{"url":"{{Url}}","channels":["eu"],"eventTypes":["{{type}}"],"retrySchedule":[1]}""")).Id}";
        (await Client.PatchJsonAsync(path, """{"eventTypes":null,"disabled":true,"retrySchedule":[]}""")).Status.ShouldBe(200);
        var changed = await Client.GetJsonAsync(path);
        changed["eventTypes"].ValueKind.ShouldBe(JsonValueKind.Null);
        changed["channels"].GetRawText().ShouldBe("[\"eu\"]");
        changed["disabled"].GetBoolean().ShouldBeTrue();
        changed["retrySchedule"].GetRawText().ShouldBe("[]");
    }

    [Fact]
    public async Task A_type_that_was_archived_since_does_not_stand_in_the_way_of_other_changes()
    {
        var type = await NewEventTypeAsync();
        var endpoints = await NewApplicationAsync() + "/endpoint";
        var path = $"{endpoints}/{(await Client.PostJsonAsync(endpoints, $$"""{"url":"{{Url}}","eventTypes":["{{type}}"]}""")).Id}";
        await Client.DeleteJsonAsync($"/api/v1/event-type/{type}");
        (await Client.PatchJsonAsync(path, """{"description":"still fine"}""")).Status.ShouldBe(200);
        (await Client.PostJsonAsync(endpoints, $$"""{"url":"{{Url}}","eventTypes":["{{type}}"]}""")).Faults.ShouldBe(["eventTypes.0"]);
    }

    [Fact]
    public async Task A_uid_is_taken_once_within_an_application_and_free_in_others()
    {
        var one = await NewApplicationAsync() + "/endpoint";
        var other = await NewApplicationAsync() + "/endpoint";
        var body = $$"""{"url":"{{Url}}","uid":"u"}""";
        (await Client.PostJsonAsync(one, body)).Status.ShouldBe(201);
        (await Client.PostJsonAsync(one, body)).Status.ShouldBe(409);
        (await Client.PatchJsonAsync($"{one}/u", """{"uid":"u"}""")).Status.ShouldBe(200);
        (await Client.PostJsonAsync(other, body)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task An_endpoint_of_one_application_does_not_exist_in_another()
    {
        var mine = await NewApplicationAsync();
        var other = await NewApplicationAsync();
        var id = (await Client.PostJsonAsync(mine + "/endpoint", $$"""{"url":"{{Url}}"}""")).Id;
        foreach (var path in new[] { "", "/secret", "/headers" })
            (await Client.GetJsonAsync($"{other}/endpoint/{id}{path}")).Status.ShouldBe(404);
        (await Client.PatchJsonAsync($"{other}/endpoint/{id}", "{}")).Status.ShouldBe(404);
        (await Client.DeleteJsonAsync($"{other}/endpoint/{id}")).Status.ShouldBe(404);
        (await Client.GetJsonAsync($"/api/v1/app/nobody/endpoint/{id}")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Every_field_at_fault_is_named_at_once()
    {
        var endpoints = await NewApplicationAsync() + "/endpoint";
        var reply = await Client.PostJsonAsync(endpoints, """
            {"url":"ftp://x","uid":"ep_1","eventTypes":["none.such"],"channels":[],"throttleRate":0,"maxConcurrency":2000,"timeoutSeconds":61,
             "retrySchedule":[-1,9999999],"secret":"whsec_c2hvcnQ=","headers":{"Host":"evil"}}
            """);
        reply.Status.ShouldBe(422);
        reply.Faults.ShouldBe(
            ["url", "uid", "eventTypes.0", "channels", "throttleRate", "maxConcurrency", "timeoutSeconds", "retrySchedule.0", "retrySchedule.1", "headers.Host", "secret"],
            ignoreOrder: true);
    }

    [Theory]
    [InlineData("""{"eventTypes":[]}""", "eventTypes")]
    [InlineData("""{"onExhausted":"explode"}""", "onExhausted")]
    [InlineData("""{"retrySchedule":["1s"]}""", "retrySchedule")]
    [InlineData("""{"disabled":"yes"}""", "disabled")]
    [InlineData("""{"url":null}""", "url")]
    [InlineData("""{"retrySchedule":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}""", "retrySchedule")]
    public async Task A_field_that_does_not_fit_is_refused_and_nothing_changes(string patch, string fault)
    {
        var endpoints = await NewApplicationAsync() + "/endpoint";
        var created = await Client.PostJsonAsync(endpoints, $$"""{"url":"{{Url}}"}""");
        var reply = await Client.PatchJsonAsync($"{endpoints}/{created.Id}", patch);
        reply.Status.ShouldBe(422);
        reply.Faults.ShouldBe([fault]);
        (await Client.GetJsonAsync($"{endpoints}/{created.Id}")).Text.ShouldBe(created.Text);
    }

    [Theory]
    [InlineData("http://10.0.0.1/")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://[::1]/")]
    [InlineData("http://2130706433/")]
    [InlineData("http://user:secret@example.com/")]
    [InlineData("/relative")]
    public async Task A_target_that_is_not_open_is_refused_at_registration(string url)
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Network:AllowNet"] = null });
        var reply = await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", $$"""{"url":"{{url}}"}""");
        reply.Status.ShouldBe(422);
        reply.Faults.ShouldBe(["url"]);
    }

    [Fact]
    public async Task Two_patches_of_different_fields_at_once_both_hold()
    {
        var endpoints = await NewApplicationAsync() + "/endpoint";
        var path = $"{endpoints}/{(await Client.PostJsonAsync(endpoints, $$"""{"url":"{{Url}}"}""")).Id}";
        for (var i = 1; i <= 5; i++)
        {
            await Task.WhenAll(
                Client.PatchJsonAsync(path, $$"""{"description":"{{i}}"}"""),
                Client.PatchJsonAsync(path, $$"""{"throttleRate":{{i}}}"""),
                Client.PatchJsonAsync(path, $$$"""{"metadata":{"i":"{{{i}}}"}}"""));
            var read = await Client.GetJsonAsync(path);
            (read["description"].GetString(), read["throttleRate"].GetInt32()).ShouldBe(($"{i}", i));
        }
    }
}
