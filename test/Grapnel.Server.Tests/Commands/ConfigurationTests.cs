using System.Text.Json.Nodes;
using CsCheck;
using Grapnel.Server.Api.Import;
using Grapnel.Server.Commands;
using Grapnel.Server.Commands.Client;
using Grapnel.Server.Commands.Configurations;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Commands;

/// <summary>The configuration of a server as a document, and back.</summary>
public sealed class ConfigurationTests
{
    private const string App = "/api/v1/app";

    [Fact]
    public async Task What_one_server_exports_makes_another_one_the_same_and_a_second_import_changes_nothing()
    {
        await using var one = await TestServer.StartAsync();
        await using var other = await TestServer.StartAsync();
        await FillAsync(one);

        var exported = await ExportAsync(one);
        var first = await ImportAsync(other, exported);
        var second = await ImportAsync(other, exported);

        first.Changes.ShouldAllBe(change => change.Kind == ChangeKind.Made || change.Key == "default");
        (second.Changes.Count, second.Unchanged).ShouldBe((0, 8), string.Join(", ", second.Changes));
        // What had no uid got one, so that it is found again.
        JsonYaml.Write(await ExportAsync(other)).Replace("from-", "").ShouldBe(JsonYaml.Write(exported));
    }

    [Fact]
    public async Task A_document_tells_no_secret()
    {
        await using var server = await TestServer.StartAsync();
        await FillAsync(server);

        var text = JsonYaml.Write(await ExportAsync(server));

        foreach (var secret in new[] { "whsec_", "hush", "very-secret" })
            text.ShouldNotContain(secret);
        text.ShouldContain("X-Region: eu");
    }

    [Fact]
    public async Task Only_what_differs_is_written_and_secrets_and_credentials_stay()
    {
        await using var server = await TestServer.StartAsync();
        await FillAsync(server);
        var document = await ExportAsync(server);
        var secret = (await server.Client.GetJsonAsync($"{App}/shop/endpoint/orders/secret")).Text;
        var endpoint = document["applications"]!["shop"]!["endpoints"]!["orders"]!;
        endpoint["throttleRate"] = 7;
        endpoint["headers"]!.AsObject().Remove("X-Region");

        var told = await ImportAsync(server, document, dryRun: true);
        var unchanged = await server.Client.GetJsonAsync($"{App}/shop/endpoint/orders");
        var done = await ImportAsync(server, document);

        foreach (var import in new[] { told, done })
        {
            var change = import.Changes.ShouldHaveSingleItem();
            (change.Kind, change.Key, string.Join(',', change.Members.Order())).ShouldBe((ChangeKind.Changed, "orders", "headers,throttleRate"));
        }
        unchanged["throttleRate"].ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
        (await server.Client.GetJsonAsync($"{App}/shop/endpoint/orders"))["throttleRate"].GetInt32().ShouldBe(7);
        (await server.Client.GetJsonAsync($"{App}/shop/endpoint/orders/secret")).Text.ShouldBe(secret);
        (await server.Client.GetJsonAsync($"{App}/shop/endpoint/orders/headers")).Text.ShouldBe("""{"headers":{},"sensitive":["Authorization"]}""");
    }

    [Fact]
    public async Task Pruning_deletes_what_the_document_does_not_name_and_never_an_application()
    {
        await using var server = await TestServer.StartAsync();
        await FillAsync(server);
        var document = await ExportAsync(server);
        document["applications"]!["shop"]!["endpoints"]!.AsObject().Remove("orders");
        document["applications"]!["shop"]!.AsObject().Remove("schedules");
        document["eventTypes"]!.AsObject().Remove("order.paid");
        document["applications"]!.AsObject().Remove("default");

        (await ImportAsync(server, document)).Changes.ShouldBeEmpty();
        var pruned = await ImportAsync(server, document, prune: true);

        pruned.Changes.Select(change => (change.Kind, change.Key)).ShouldBe([(ChangeKind.Deleted, "order.paid"), (ChangeKind.Deleted, "orders")], ignoreOrder: true);
        (await server.Client.GetJsonAsync($"{App}/default")).Status.ShouldBe(200);
        (await server.Client.GetJsonAsync($"{App}/shop/schedule"))["data"].GetArrayLength().ShouldBe(1, "there was no such section");
    }

    [Fact]
    public async Task Secrets_come_from_the_environment()
    {
        await using var server = await TestServer.StartAsync();
        using var file = new TemporaryFile("""
            grapnel: 1
            applications:
              default:
                endpoints:
                  shop:
                    url: http://127.0.0.1:9/
                    secret: ${SHOP_SECRET}
                    description: costs $${FIVE} or ${5}
                    headers: {Authorization: "Bearer ${SHOP_TOKEN}"}
            """);
        var missing = await Should.ThrowAsync<CommandException>(ConfigurationFile.ReadAsync(file.Path, name => name == "SHOP_TOKEN" ? "x" : null, default));
        missing.Message.ShouldEndWith("not set: SHOP_SECRET.");

        await ImportAsync(server, await ConfigurationFile.ReadAsync(
            file.Path, name => name == "SHOP_SECRET" ? "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" : "token", default));

        (await server.Client.GetJsonAsync($"{App}/default/endpoint/shop/secret")).Text.ShouldContain("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
        (await server.Client.GetJsonAsync($"{App}/default/endpoint/shop"))["description"].GetString().ShouldBe("costs ${FIVE} or ${5}");
    }

    [Fact]
    public async Task A_text_that_looks_like_a_variable_comes_back_as_it_was()
    {
        using var file = new TemporaryFile(JsonYaml.Write(ConfigurationFile.Escape(new JsonObject
        {
            ["grapnel"] = 1, ["applications"] = new JsonObject { ["default"] = new JsonObject { ["name"] = "a ${B} $${C} $5" } },
        })!));
        var read = await ConfigurationFile.ReadAsync(file.Path, _ => null, default);
        read["applications"]!["default"]!["name"]!.GetValue<string>().ShouldBe("a ${B} $${C} $5");
    }

    [Theory]
    [InlineData("grapnel: 2", "must begin with 'grapnel: 1'")]
    [InlineData("hello", "must begin with 'grapnel: 1'")]
    [InlineData("grapnel: 1\napplication: {}", "means? nothing here: application")]
    [InlineData("grapnel: 1\napplications: {shop: {endpoints: {a: {uri: x}}}}", "applications.shop.endpoints.a.uri")]
    [InlineData("grapnel: 1\neventTypes: {a: {archive: true}}", "eventTypes.a.archive")]
    [InlineData("grapnel: [", "is not YAML")]
    public async Task What_is_no_configuration_is_refused_with_every_name_that_means_nothing(string text, string message)
    {
        using var file = new TemporaryFile(text);
        (await Should.ThrowAsync<CommandException>(ConfigurationFile.ReadAsync(file.Path, _ => null, default))).Message.ShouldMatch(message);
    }

    [Fact]
    public async Task A_fault_that_the_server_finds_is_told_and_what_came_before_it_stays()
    {
        await using var server = await TestServer.StartAsync();
        var document = (JsonObject)JsonNode.Parse("""
            {"grapnel":1,"eventTypes":{"a.b":{"description":"x"}},"applications":{"default":{"endpoints":{"shop":{"url":"ftp://x"}}}}}
            """)!;
        (await Should.ThrowAsync<CommandException>(ImportAsync(server, document))).Message.ShouldContain("url");
        (await server.Client.GetJsonAsync("/api/v1/event-type/a.b")).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("")]
    [InlineData("~")]
    [InlineData("NULL")]
    [InlineData("True")]
    [InlineData("yes")]
    [InlineData("NO")]
    [InlineData("On")]
    [InlineData("off")]
    [InlineData("y")]
    [InlineData("N")]
    [InlineData("12")]
    [InlineData("-1.5e3")]
    [InlineData("+.5")]
    [InlineData("1_000")]
    [InlineData("017")]
    [InlineData("0o17")]
    [InlineData("0x1f")]
    [InlineData("-0b1")]
    [InlineData("190:20:30")]
    [InlineData("2001-12-14")]
    [InlineData("2001-12-14 21:59:43.10 -5")]
    [InlineData(".inf")]
    [InlineData("-.INF")]
    [InlineData(".NaN")]
    [InlineData("<<")]
    [InlineData("=")]
    public void A_text_that_some_reader_of_YAML_would_take_for_something_else_stands_in_quotes(string text) =>
        JsonYaml.Write(new JsonObject { ["a"] = text, [text.Length > 0 ? text : "b"] = text })
            .ShouldBe($"a: \"{text}\"\n{(text.Length > 0 ? $"\"{text}\"" : "b")}: \"{text}\"\n");

    [Theory]
    [InlineData("order.created")]
    [InlineData("https://shop.example.com/hooks")]
    [InlineData("The null of them all")]
    [InlineData("nothing")]
    public void Any_other_text_stands_plain(string text) => JsonYaml.Write(new JsonObject { ["a"] = text }).ShouldBe($"a: {text}\n");

    [Fact]
    public void Whatever_is_written_as_YAML_is_read_back_as_it_was()
    {
        var text = Gen.OneOf(Gen.String[Gen.Char['\u0020', '\u007e'], 0, 12], Gen.String[Gen.Char[" \n\r\t\0*:#-aé\u0085\u2028\ufeff"], 0, 6], Gen.Const("null"), Gen.Const("1.0"), Gen.Const("~"), Gen.Const("a\nb\n"), Gen.Const("- x"), Gen.Const("0x1f"), Gen.Const("é: #"));
        var scalar = Gen.OneOf(text.Select(t => (JsonNode?)JsonValue.Create(t)), Gen.Long.Select(n => (JsonNode?)JsonValue.Create(n)), Gen.Bool.Select(b => (JsonNode?)JsonValue.Create(b)), Gen.Const((JsonNode?)null));
        Gen.Dictionary(text.Where(t => t.Length > 0), scalar.List[0, 3])[0, 4].Sample(map =>
        {
            var node = new JsonObject(map.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)new JsonArray([.. pair.Value.Select(value => value?.DeepClone())]))));
            JsonNode.DeepEquals(YamlJson.Read(JsonYaml.Write(node), "yaml"), node).ShouldBeTrue(JsonYaml.Write(node));
        }, iter: 2_000);
    }

    private static async Task FillAsync(TestServer server)
    {
        var client = server.Client;
        foreach (var (path, body) in new[]
        {
            ("/api/v1/event-type", """{"name":"order.created","description":"Placed","schemas":{"1":{"type":"object"}},"schemaValidation":"warn"}"""),
            ("/api/v1/event-type", """{"name":"order.paid","description":"Paid"}"""),
            (App, """{"uid":"shop","name":"The shop","metadata":{"b":"2","a":"1"}}"""),
            ($"{App}/shop/endpoint", """
                {"uid":"orders","url":"http://127.0.0.1:9/","eventTypes":["order.created"],"headers":{"Authorization":"hush","X-Region":"eu"},"retrySchedule":[1,2.5],
                 "oauth":null,"secret":"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
                """),
            ($"{App}/shop/endpoint", """
                {"url":"http://127.0.0.1:10/","format":"github","oauth":{"tokenUrl":"http://127.0.0.1:9/","clientId":"me","clientSecret":"very-secret"},"disabled":true}
                """),
            ($"{App}/shop/schedule", """{"eventType":"order.created","cron":"0 3 * * *","payload":{"n":1}}"""),
            ("/api/v1/operational-webhook/endpoint", """{"uid":"ops","url":"http://127.0.0.1:9/ops","eventTypes":["endpoint.disabled"]}"""),
        })
            (await client.PostJsonAsync(path, body)).Status.ShouldBe(201, path);
    }

    private static async Task<JsonObject> ExportAsync(TestServer server)
    {
        using var client = new ApiClient(server.Address, TestServer.Key);
        return await new ConfigurationReader(client, default).ReadAsync([]);
    }

    private static async Task<ConfigurationImport> ImportAsync(TestServer server, JsonObject document, bool dryRun = false, bool prune = false)
    {
        using var client = new ApiClient(server.Address, TestServer.Key);
        var import = new ConfigurationImport(client, dryRun, prune, default);
        // A client secret that a new endpoint needs is not in what was exported.
        foreach (var endpoint in document["applications"]?["shop"]?["endpoints"]?.AsObject().Select(pair => pair.Value!) ?? [])
            if (endpoint["oauth"] is JsonObject grant)
                grant["clientSecret"] = "very-secret";
        var given = (JsonObject)document.DeepClone();
        foreach (var endpoint in document["applications"]?["shop"]?["endpoints"]?.AsObject().Select(pair => pair.Value!) ?? [])
            (endpoint["oauth"] as JsonObject)?.Remove("clientSecret");
        await import.RunAsync(given);
        return import;
    }

    private sealed class TemporaryFile : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public TemporaryFile(string text) => File.WriteAllText(Path, text);

        public string Path => System.IO.Path.Combine(_folder.Path, "configuration.yaml");

        public void Dispose() => _folder.Dispose();
    }
}
