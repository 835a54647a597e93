using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Api;

public sealed class SchemaValidationTests(ServerFixture fixture) : ServerTest(fixture)
{
    private const string Order =
        """{"type":"object","required":["amount"],"properties":{"amount":{"type":"number","minimum":0},"items":{"type":"array","items":{"const":1}},"a.b":{"type":"string"}}}""";

    private async Task<string> NewTypeAsync(string validation, string schemas = $$"""{"1":{{Order}}}""")
    {
        var name = $"type.{Guid.NewGuid():N}";
        var reply = await Client.PostJsonAsync("/api/v1/event-type",
            $$"""{"name":"{{name}}","description":"","schemaValidation":"{{validation}}","schemas":{{schemas}}}""");
        reply.Status.ShouldBe(201, reply.Text);
        reply["schemaValidation"].GetString().ShouldBe(validation);
        return name;
    }

    private static string[][] Locations(Reply reply) => [.. reply["detail"].EnumerateArray()
        .Select(fault => fault.GetProperty("loc").EnumerateArray().Select(step => step.GetString()!).ToArray())];

    [Fact]
    public async Task An_enforced_schema_refuses_and_names_every_path()
    {
        var type = await NewTypeAsync("enforce");
        var application = await NewApplicationAsync();
        var refused = await Client.PostJsonAsync($"{application}/msg",
            $$"""{"eventType":"{{type}}","payload":{"amount":-1,"items":[1,2],"a.b":3} }""");
        refused.Status.ShouldBe(422);
        Locations(refused).ShouldBe([["body", "payload", "amount"], ["body", "payload", "items", "1"], ["body", "payload", "a.b"]]);
        (await Client.GetJsonAsync($"{application}/msg"))["data"].GetArrayLength().ShouldBe(0);
        (await Client.PostJsonAsync($"{application}/msg", $$"""{"eventType":"{{type}}","payload":{"amount":1} }""")).Status.ShouldBe(202);

        Locations(await Client.PostJsonAsync($"/trigger/{type}", "{}")).ShouldBe([["body", "amount"]]);
        Locations(await Client.PostJsonAsync($"/trigger/{type}", "no json")).ShouldBe([["body"]]);
        (await Client.PostJsonAsync($"/trigger/{type}", """{"amount":2}""")).Status.ShouldBe(202);
    }

    [Fact]
    public async Task A_warning_accepts_and_says_what_does_not_fit_also_to_a_repeat()
    {
        var type = await NewTypeAsync("warn");
        var application = await NewApplicationAsync();
        var body = System.Text.Encoding.UTF8.GetBytes($$"""{"eventType":"{{type}}","payload":{"items":[1,2]} }""");
        for (var i = 0; i < 2; i++)
        {
            var reply = await Client.SendAsync(HttpMethod.Post, $"{application}/msg", body, headers: ("Idempotency-Key", "again"));
            reply.Status.ShouldBe(202);
            reply["schemaErrors"].EnumerateArray().Select(e => e.GetProperty("path").GetString()).ShouldBe(["/amount", "/items/1"]);
        }
        (await Client.PostJsonAsync($"/trigger/{type}", "{}"))["schemaErrors"].GetArrayLength().ShouldBe(1);
        (await Client.PostJsonAsync($"/trigger/{type}", """{"amount":2}""")).Json.TryGetProperty("schemaErrors", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task The_newest_version_counts_and_a_change_holds_for_the_next_message()
    {
        var type = await NewTypeAsync("enforce", """{"2":{"required":["b"]},"10":{"required":["c"]},"draft":{"required":["d"]}}""");
        string[] Missing(Reply reply) => [.. reply.Faults];
        Missing(await Client.PostJsonAsync($"/trigger/{type}", "{}")).ShouldBe(["c"]);
        await Client.PatchJsonAsync($"/api/v1/event-type/{type}", """{"schemas":{"a":{"required":["x"]},"b":{"required":["y"]}}}""");
        Missing(await Client.PostJsonAsync($"/trigger/{type}", "{}")).ShouldBe(["y"]);
        await Client.PatchJsonAsync($"/api/v1/event-type/{type}", """{"schemaValidation":"off"}""");
        (await Client.PostJsonAsync($"/trigger/{type}", "{}")).Status.ShouldBe(202);
    }

    [Theory]
    [InlineData("""{"1":{"$ref":"https://example.com/schema.json"}}""", "schemas.1", "part of this schema")]
    [InlineData("""{"1":{"properties":{"a":{"$ref":"file:///etc/passwd"}}}}""", "schemas.1", "part of this schema")]
    [InlineData("""{"1":{"$ref":"#/$defs/none"}}""", "schemas.1", "'#/$defs/none' leads nowhere")]
    [InlineData("""{"1":{"$ref":"#"}}""", "schemas.1", "Cycle")]
    [InlineData("""{"1":{"properties":{"a":{"type":"objekt"}}}}""", "schemas.1", "#/properties/a/type")]
    [InlineData("""{"1":{"minLength":-1}}""", "schemas.1", "minLength")]
    [InlineData("""{"1":{"pattern":"("}}""", "schemas.1", "pattern '('")]
    [InlineData("""{"1":{"$ref":"#/x","x":{"pattern":"("}}}""", "schemas.1", "pattern '('")]
    [InlineData("""{"1":{"patternProperties":{"(a)\\1":true}}}""", "schemas.1", "bounded time")]
    [InlineData("""{"1":{"pattern":"(a)\\1"}}""", "schemas.1", "bounded time")]
    [InlineData("""{"1":{"prefixItems":[true]}}""", "schemas.1", "name that as '$schema'")]
    [InlineData("""{"1":{"$recursiveRef":"#"}}""", "schemas.1", "cannot be held against")]
    [InlineData("""{"1":{"$schema":"http://json-schema.org/draft-04/schema#"}}""", "schemas.1", "must be one of http://json-schema.org/draft-06")]
    [InlineData("""{"1":5}""", "schemas.1", "no JSON Schema")]
    [InlineData("""[]""", "schemas", "object from version")]
    [InlineData("""{"1":{"type":"string","type":"number"} }""", "schemas", "no name twice")]
    [InlineData("""null""", "schemaValidation", "at least one schema")]
    public async Task A_schema_that_cannot_be_used_is_refused(string schemas, string field, string reason)
    {
        var reply = await Client.PostJsonAsync("/api/v1/event-type",
            $$"""{"name":"bad.{{Guid.NewGuid():N}}","description":"","schemaValidation":"enforce","schemas":{{schemas}}}""");
        (reply.Status, string.Join(',', reply.Faults)).ShouldBe((422, field));
        reply["detail"][0].GetProperty("msg").GetString()!.ShouldContain(reason);
    }

    [Fact]
    public async Task A_schema_that_is_only_documentation_may_use_what_cannot_be_checked() =>
        await NewTypeAsync("off", """{"1":{"pattern":"(a)\\1","$recursiveRef":"#","$ref":"https://example.com/schema.json"}}""");

    [Fact]
    public async Task The_deepest_schema_that_a_body_can_have_is_survived()
    {
        var deep = string.Concat(Enumerable.Repeat("""{"not":""", 60)) + "{}" + new string('}', 60);
        var type = await NewTypeAsync("enforce", $$"""{"1":{{deep}}}""");
        (await Client.PostJsonAsync($"/trigger/{type}", "1")).Status.ShouldBe(202);
    }

    [Fact]
    public async Task An_example_is_sent_to_one_endpoint_whatever_it_subscribed_to()
    {
        var application = await NewApplicationAsync();
        var other = await NewEventTypeAsync();
        var type = await NewTypeAsync("off", """{"1":{"examples":[{"old":1}]},"2":{"examples":[{"n":1},{"n":2}]}}""");
        const string Url = "\"url\":\"http://127.0.0.1:9/\",\"retrySchedule\":[]";
        var endpoint = (await Client.PostJsonAsync($"{application}/endpoint", $$"""{ {{Url}},"eventTypes":["{{other}}"]}""")).Id;
        var all = (await Client.PostJsonAsync($"{application}/endpoint", $$"""{ {{Url}} }""")).Id;
        using var settled = new Settled(Server, application);
        var sent = await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/send-example", $$"""{"eventType":"{{type}}","exampleIndex":1}""");
        (sent.Status, sent["payload"].GetRawText()).ShouldBe((202, """{"n":2}"""));
        await settled.NextAsync();
        var attempts = await Client.GetJsonAsync($"{application}/attempt/msg/{sent.Id}");
        attempts["data"].EnumerateArray().Single().GetProperty("endpointId").GetString().ShouldBe(endpoint);
        (await Client.GetJsonAsync($"{application}/msg/{sent.Id}/endpoint/{all}/why"))["reason"].GetString().ShouldBe("notAddressed");

        foreach (var ping in new[] { "svix.ping", "grapnel.ping" })
            (await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/send-example", $$"""{"eventType":"{{ping}}"}"""))["payload"]
                .GetRawText().ShouldBe("""{"success":true}""");
        (await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/send-example", $$"""{"eventType":"{{type}}","exampleIndex":2}""")).Status.ShouldBe(400);
        (await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/send-example", """{"eventType":"unknown"}""")).Status.ShouldBe(400);
        await Client.PatchJsonAsync($"{application}/endpoint/{endpoint}", """{"disabled":true}""");
        (await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/send-example", """{"eventType":"svix.ping"}""")).Status.ShouldBe(409);
    }

    [Fact]
    public async Task Precheck_tells_whether_anybody_would_be_owed_it()
    {
        var application = await NewApplicationAsync();
        var type = await NewEventTypeAsync();
        async Task<bool> ActiveAsync(string more = "") =>
            (await Client.PostJsonAsync($"{application}/msg/precheck/active", $$"""{"eventType":"{{type}}"{{more}}}"""))["active"].GetBoolean();
        (await ActiveAsync()).ShouldBeFalse();
        await Client.PostJsonAsync($"{application}/endpoint", """{"url":"http://127.0.0.1:9/","channels":["eu:1"],"filter":"no"}""");
        (await ActiveAsync()).ShouldBeFalse();
        (await ActiveAsync(""","channels":["eu:1"]""")).ShouldBeTrue();
        (await Client.PostJsonAsync($"{application}/msg/precheck/active", """{"eventType":"a b","channels":["ä"]}""")).Faults.ShouldBe(["eventType", "channels.0"]);
        (await Client.PostJsonAsync("/api/v1/app/none/msg/precheck/active", """{"eventType":"a"}""")).Status.ShouldBe(404);
    }
}
