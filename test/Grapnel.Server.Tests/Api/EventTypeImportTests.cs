using System.Text.Json;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Api;

public sealed class EventTypeImportTests(ServerFixture fixture) : ServerTest(fixture)
{
    private const string Path = "/api/v1/event-type/import/openapi";

    private const string Yaml = """
        openapi: 3.1.0
        webhooks:
          NAME.made:
            post:
              summary: Made
              deprecated: true
              requestBody:
                content:
                  application/json:
                    schema: {$ref: '#/components/schemas/Node'}
        x-webhooks:
          NAME.old:
            post:
              description: Old
              requestBody: {$ref: '#/components/requestBodies/Old'}
        components:
          requestBodies:
            Old:
              content:
                application/json; charset=utf-8:
                  schema: {type: string, nullable: true, minimum: 3, exclusiveMinimum: true}
          schemas:
            Node:
              type: object
              required: [id]
              properties:
                id: {type: string}
                next: {$ref: '#/components/schemas/Node'}
        """;

    private static string Name() => $"imp{Guid.NewGuid():N}";

    private Task<Reply> ImportAsync(string yaml, string more = "") =>
        Client.PostJsonAsync(Path, $$"""{"specRaw":{{JsonSerializer.Serialize(yaml)}}{{more}}}""");

    private static string[] Modified(Reply reply) =>
        [.. reply["data"].GetProperty("modified").EnumerateArray().Select(name => name.GetString()!)];

    [Fact]
    public async Task Webhooks_become_event_types_whose_schemas_stand_for_themselves()
    {
        var name = Name();
        var reply = await ImportAsync(Yaml.Replace("NAME", name));
        reply.Status.ShouldBe(200, reply.Text);
        Modified(reply).ShouldBe([$"{name}.made", $"{name}.old"]);
        var made = await Client.GetJsonAsync($"/api/v1/event-type/{name}.made");
        (made["description"].GetString(), made["deprecated"].GetBoolean()).ShouldBe(("Made", true));
        made["schemas"].GetProperty("1").GetProperty("$ref").GetString().ShouldBe("#/$defs/Node");
        var old = await Client.GetJsonAsync($"/api/v1/event-type/{name}.old");
        old["schemas"].GetRawText().ShouldBe("""{"1":{"type":["string","null"],"exclusiveMinimum":3}}""");

        await Client.PatchJsonAsync($"/api/v1/event-type/{name}.made", """{"schemaValidation":"enforce"}""");
        (await Client.PostJsonAsync($"/trigger/{name}.made", """{"id":"a","next":{}}""")).Faults.ShouldBe(["next.id"]);
        // What did not change is not modified, and what an import says nothing about stays.
        Modified(await ImportAsync(Yaml.Replace("NAME", name))).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_dry_run_only_tells()
    {
        var name = Name();
        var reply = await ImportAsync(Yaml.Replace("NAME", name), ",\"dryRun\":true");
        reply["data"].GetProperty("to_modify")[0].GetProperty("name").GetString().ShouldBe($"{name}.made");
        (await Client.GetJsonAsync($"/api/v1/event-type/{name}.made")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Replacing_all_archives_the_rest()
    {
        await using var server = await TestServer.StartAsync();
        await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"rest","description":""}""");
        const string Spec = """{"webhooks":{"one":{"post":{"description":"d"}}}}""";
        var reply = await server.Client.PostJsonAsync(Path, $$"""{"spec":{{Spec}},"replaceAll":true}""");
        Modified(reply).ShouldBe(["one", "rest"]);
        (await server.Client.GetJsonAsync("/api/v1/event-type/rest"))["archived"].GetBoolean().ShouldBeTrue();
        (await server.Client.GetJsonAsync("/api/v1/event-type/one"))["archived"].GetBoolean().ShouldBeFalse();
    }

    [Theory]
    [InlineData("webhooks: {}", "1 to 1000")]
    [InlineData("webhooks: {a: {get: {}}}", "no 'post'")]
    [InlineData("webhooks: {a: {$ref: 'https://example.com/x'}}", "leads out")]
    [InlineData("webhooks: {a: {$ref: '#/webhooks/a'}}", "circle")]
    [InlineData("webhooks: [", "is not YAML")]
    [InlineData("webhooks: \"\\U99999999\"", "is not YAML")]
    [InlineData("webhooks: {a: {post: {}}, a: {post: {}}}", "given twice")]
    [InlineData("webhooks: {a: {post: {requestBody: {content: {application/json: 5}}}}}", "media type")]
    [InlineData("- 1", "must be an OpenAPI document")]
    [InlineData("webhooks: {a: {post: {requestBody: {content: {application/json: {schema: {type: x}}}}}}}", "must be one of")]
    [InlineData("webhooks: {'a b': {post: {}}}", "256 characters")]
    public async Task A_document_that_does_not_fit_changes_nothing(string yaml, string reason)
    {
        var reply = await ImportAsync(yaml);
        reply.Status.ShouldBe(422);
        reply["detail"][0].GetProperty("msg").GetString()!.ShouldContain(reason);
    }

    [Theory]
    [InlineData("""{"webhooks":{"a.b":{"post":{}}},"webhooks":{}}""")]
    [InlineData("""{"webhooks":{"a.b":{"post":{"requestBody":{"content":{"application/json":{"schema":{"type":"object","type":"string"}}}}}}}}""")]
    [InlineData("""{"\ud800":1,"webhooks":{"a.b":{"post":{}}}}""")]
    [InlineData("""{"webhooks":{"a.\ud800":{"post":{}}}}""")]
    [InlineData("""{"webhooks":{"a.b":{"post":{"description":"\ud800"}}}}""")]
    [InlineData("""{"webhooks":{"a.b":{"post":{"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/\ud800"}}}}}}}}""")]
    public async Task A_document_with_a_name_twice_or_half_a_character_is_refused(string spec)
    {
        var reply = await Client.PostJsonAsync(Path, $$"""{"spec":{{spec}}}""");
        reply.Status.ShouldBe(422);
        reply.Faults.ShouldBe(["spec"]);
    }

    [Fact]
    public async Task A_chain_of_references_as_long_as_a_body_can_hold_is_documentation_at_most_and_the_server_lives()
    {
        const int Length = 30_000;
        var schemas = Enumerable.Range(0, Length).Select(n => $$"""
            "S{{n}}":{"$ref":"#/components/schemas/S{{(n + 1) % Length}}"}
            """);
        const string Webhooks = """{"a":{"post":{"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/S0"}}}}}}}""";
        var spec = $$"""{"webhooks":{{Webhooks}},"components":{"schemas":{ {{string.Join(',', schemas)}} } } }""";

        var reply = await Client.PostJsonAsync(Path, $$"""{"dryRun":true,"spec":{{spec}} }""");

        reply.Status.ShouldBe(200, reply.Text[..Math.Min(500, reply.Text.Length)]);
        var schema = $$"""{"$ref":"#/components/schemas/S0","components":{"schemas":{ {{string.Join(',', schemas)}} } } }""";
        (await Client.PostJsonAsync("/api/v1/event-type", $$"""{"name":"{{Name()}}","description":"","schemaValidation":"enforce","schemas":{"1":{{schema}} } }"""))
            .Faults.ShouldBe(["schemas.1"]);
    }

    [Fact]
    public async Task Webhooks_that_all_share_a_large_schema_do_not_make_a_small_document_a_huge_one()
    {
        const string Post = """{"post":{"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Large"}}}}}}""";
        var webhooks = string.Join(',', Enumerable.Range(0, 300).Select(n => $"\"share{n}\":{Post}"));
        var large = $$"""{"description":"{{new string('x', 100_000)}}"}""";

        var reply = await Client.PostJsonAsync(Path, $$$"""{"dryRun":true,"spec":{"webhooks":{ {{{webhooks}}} },"components":{"schemas":{"Large":{{{large}}} } } } }""");

        (reply.Status, reply.Text.Contains("stands for more than")).ShouldBe((422, true), reply.Text[..Math.Min(500, reply.Text.Length)]);
    }

    [Fact]
    public async Task References_that_come_to_the_same_name_are_told_apart()
    {
        var name = Name();
        const string Schemas = """{"ä":{"type":"string"},"ö":{"type":"number"},"ü":{"type":"boolean"}}""";
        const string Properties = """{"a":{"$ref":"#/components/schemas/ä"},"o":{"$ref":"#/components/schemas/ö"},"u":{"$ref":"#/components/schemas/ü"}}""";
        var content = $$$"""{"application/json":{"schema":{"properties":{{{Properties}}} } } }""";
        await Client.PostJsonAsync(Path, $$$"""{"spec":{"webhooks":{"{{{name}}}":{"post":{"requestBody":{"content":{{{content}}} } } } },"components":{"schemas":{{{Schemas}}} } } }""");

        await Client.PatchJsonAsync($"/api/v1/event-type/{name}", """{"schemaValidation":"enforce"}""");
        (await Client.PostJsonAsync($"/trigger/{name}", """{"a":"x","o":1,"u":true}""")).Status.ShouldBe(202);
        (await Client.PostJsonAsync($"/trigger/{name}", """{"a":1,"o":true,"u":"x"}""")).Faults.ShouldBe(["a", "o", "u"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_document_that_stands_for_billions_of_values_is_refused()
    {
        var levels = Enumerable.Range(1, 12).Select(n => $"x{n}: &x{n} [{string.Join(',', Enumerable.Repeat($"*x{n - 1}", 10))}]");
        var reply = await ImportAsync("x0: &x0 [1]\n" + string.Join('\n', levels));
        (reply.Status, reply.Text.Contains("stands for more than")).ShouldBe((422, true));
        (await ImportAsync("a: &a [*a]")).Status.ShouldBe(422);
        (await ImportAsync(new string('[', 5_000))).Status.ShouldBe(422);
        (await Client.PostJsonAsync(Path, "{}")).Faults.ShouldBe(["spec"]);
    }
}
