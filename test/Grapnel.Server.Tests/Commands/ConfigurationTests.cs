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
    public async Task An_event_type_without_a_description_and_an_archived_one_that_is_used_are_made_elsewhere()
    {
        await using var one = await TestServer.StartAsync();
        await using var other = await TestServer.StartAsync();
        await PostAsync(one, "/api/v1/event-type", """{"name":"order.plain","description":""}""");
        await PostAsync(one, "/api/v1/event-type", """{"name":"order.old","description":"Gone by"}""");
        await PostAsync(one, $"{App}/default/endpoint", """{"uid":"shop","url":"http://127.0.0.1:9/","eventTypes":["order.old"]}""");
        await PostAsync(one, $"{App}/default/schedule", """{"eventType":"order.old","cron":"0 3 * * *"}""");
        (await one.Client.DeleteAsync(new Uri("/api/v1/event-type/order.old", UriKind.Relative))).EnsureSuccessStatusCode();
        var exported = await ExportAsync(one);

        var told = await ImportAsync(other, exported, dryRun: true);
        var done = await ImportAsync(other, exported);

        told.Changes.Select(Told).ShouldBe(done.Changes.Select(Told));
        JsonYaml.Write(await ExportAsync(other)).ShouldBe(JsonYaml.Write(exported));
        (await ImportAsync(other, exported)).Changes.ShouldBeEmpty();

        static string Told(Change change) => $"{change.Kind} {change.What} {change.Key} {string.Join(',', change.Members)}";
    }

    [Fact]
    public async Task An_endpoint_of_an_event_type_that_is_not_in_the_document_is_named_with_what_is_missing()
    {
        await using var server = await TestServer.StartAsync();
        var document = Parse("""{"grapnel":1,"applications":{"default":{"endpoints":{"shop":{"url":"http://127.0.0.1:9/","eventTypes":["order.deleted"]}}}}}""");
        (await Should.ThrowAsync<CommandException>(ImportAsync(server, document))).Message.ShouldMatch("^endpoint of default shop: .*there is no event type 'order.deleted'");
    }

    [Fact]
    public async Task A_header_may_be_spelt_in_another_case_and_stays()
    {
        await using var server = await TestServer.StartAsync();
        await FillAsync(server);
        foreach (var (name, credentials) in new[] { ("x-region", true), ("X-REGION", false) })
        {
            if (!credentials)
                (await server.Client.PatchJsonAsync($"{App}/shop/endpoint/orders/headers", """{"headers":{"Authorization":null}}""")).Status.ShouldBe(204);
            var document = await ExportAsync(server);
            document["applications"]!["shop"]!["endpoints"]!["orders"]!["headers"] = new JsonObject { [name] = "eu" };

            (await ImportAsync(server, document)).Changes.ShouldHaveSingleItem().Members.ShouldBe(["headers"]);

            var sensitive = credentials ? "\"Authorization\"" : "";
            (await server.Client.GetJsonAsync($"{App}/shop/endpoint/orders/headers")).Text.ShouldBe($$"""{"headers":{"{{name}}":"eu"},"sensitive":[{{sensitive}}]}""");
            (await ImportAsync(server, document)).Changes.ShouldBeEmpty();
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"X-Api-Key":"another"}""")]
    public async Task An_endpoint_moves_from_a_header_with_credentials_to_OAuth_and_back(string others)
    {
        await using var server = await TestServer.StartAsync();
        await PostAsync(server, $"{App}/default/endpoint", """{"uid":"shop","url":"http://127.0.0.1:9/","headers":{"Authorization":"hush"}}""");
        (await server.Client.PatchJsonAsync($"{App}/default/endpoint/shop/headers", $$"""{"headers":{{others}}}""")).Status.ShouldBe(204);
        var document = Parse("""{"grapnel":1,"applications":{"default":{"endpoints":{}}}}""");
        var endpoints = document["applications"]!["default"]!["endpoints"]!;
        endpoints["shop"] = Parse("""{"url":"http://127.0.0.1:9/","oauth":{"tokenUrl":"http://127.0.0.1:9/","clientId":"me","clientSecret":"very-secret"}}""");

        (await ImportAsync(server, document)).Changes.Last().Members.ShouldBe(["headers", "oauth"], ignoreOrder: true);
        (await HeadersAsync()).ShouldNotContain("Authorization");
        (await server.Client.GetJsonAsync($"{App}/default/endpoint/shop"))["oauth"].GetProperty("clientId").GetString().ShouldBe("me");
        (await ImportAsync(server, document)).Changes.ShouldBeEmpty();

        endpoints["shop"] = Parse("""{"url":"http://127.0.0.1:9/","headers":{"Authorization":"hush again"}}""");
        (await ImportAsync(server, document)).Changes.ShouldHaveSingleItem();
        (await HeadersAsync()).ShouldContain("Authorization");
        (await HeadersAsync()).Contains("X-Api-Key").ShouldBe(others.Contains("X-Api-Key"), "nothing was said of it");
        (await server.Client.GetJsonAsync($"{App}/default/endpoint/shop"))["oauth"].ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);

        async Task<string> HeadersAsync() => (await server.Client.GetJsonAsync($"{App}/default/endpoint/shop/headers")).Text;
    }

    [Theory]
    [InlineData("""{"tokenUrl":"http://127.0.0.1:9/","clientId":"me"}""", "http://127.0.0.1:9/", "oauth.clientSecret is needed")]
    [InlineData("""{"tokenUrl":"http://127.0.0.1:9/","clientId":"me","clientSecret":"very-secret"}""", "http://10.0.0.1/", "url")]
    public async Task A_header_with_credentials_outlives_a_document_that_is_refused(string grant, string url, string reason)
    {
        await using var server = await TestServer.StartAsync();
        await PostAsync(server, $"{App}/default/endpoint", """{"uid":"shop","url":"http://127.0.0.1:9/","headers":{"Authorization":"hush","X-Api-Key":"another","X-Open":"1"}}""");
        var before = (await server.Client.GetJsonAsync($"{App}/default/endpoint/shop/headers")).Text;
        var document = Parse($$$"""{"grapnel":1,"applications":{"default":{"endpoints":{"shop":{"url":"{{{url}}}","oauth":{{{grant}}} } } } } }""");

        (await Should.ThrowAsync<CommandException>(() => ImportAsync(server, document))).Message.ShouldContain(reason);

        (await server.Client.GetJsonAsync($"{App}/default/endpoint/shop/headers")).Text.ShouldBe(before);
    }

    [Fact]
    public async Task A_header_that_is_null_in_a_document_goes_and_is_not_made()
    {
        await using var server = await TestServer.StartAsync();
        await FillAsync(server);
        var document = await ExportAsync(server);
        document["applications"]!["shop"]!["endpoints"]!["orders"]!["headers"]!["authorization"] = null;
        document["applications"]!["shop"]!["endpoints"]!["new"] = Parse("""{"url":"http://127.0.0.1:9/","headers":{"Authorization":null}}""");

        (await ImportAsync(server, document)).Changes.Select(change => change.Key).ShouldBe(["new", "orders"], ignoreOrder: true);

        (await server.Client.GetJsonAsync($"{App}/shop/endpoint/orders/headers")).Text.ShouldBe("""{"headers":{"X-Region":"eu"},"sensitive":[]}""");
        (await ImportAsync(server, document)).Changes.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_application_may_be_named_twice_by_uid_and_by_id()
    {
        await using var server = await TestServer.StartAsync();
        await FillAsync(server);
        using var client = new ApiClient(server.Address, TestServer.Key);
        var id = (await server.Client.GetJsonAsync($"{App}/shop")).Id;

        foreach (var names in new string[][] { ["shop", "shop"], ["shop", id] })
            (await new ConfigurationReader(client, default).ReadAsync(names))["applications"]!.AsObject().Select(pair => pair.Key).ShouldBe(["shop"]);
        (await Should.ThrowAsync<CommandException>(new ConfigurationReader(client, default).ReadAsync(["shop", id, "nobody"]))).Message.ShouldContain("'nobody'");
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_is_told_in_a_sentence()
    {
        await using var server = await TestServer.StartAsync();
        using var folder = new TemporaryFolder();
        foreach (var file in new[] { Path.Combine(folder.Path, "not", "there.yaml"), folder.Path })
        {
            var (exitCode, _, errors) = await GrapnelProcess.RunAsync(folder.Path, "export", "-o", file, "--url", server.Address.ToString(), "--key", TestServer.Key);
            exitCode.ShouldBe(1);
            errors.Trim().ShouldContain(folder.Path);
            errors.Trim().ShouldNotContain('\n');
        }
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
    [InlineData("grapnel: 1\neventTypes: [a]", "eventTypes \\(it must have members\\)")]
    [InlineData("grapnel: 1\neventTypes:", "eventTypes \\(it must have members\\)")]
    [InlineData("grapnel: 1\noperationalWebhooks: x", "operationalWebhooks \\(it must have members\\)")]
    [InlineData("grapnel: 1\napplications: [{name: shop}]", "applications \\(it must have members\\)")]
    [InlineData("grapnel: 1\napplications: {shop: {endpoints: [{url: x}]}}", "applications.shop.endpoints \\(it must have members\\)")]
    [InlineData("grapnel: 1\napplications: {shop: {schedules: {a: {cron: x}}}}", "applications.shop.schedules \\(it must be a list\\)")]
    [InlineData("grapnel: 1\napplications: {shop: {endpoints: {a: {headers: [x]}}}}", "applications.shop.endpoints.a.headers \\(it must have members\\)")]
    [InlineData("grapnel: 1\napplications: {shop: {endpoints: {a: {tls: {authority: x}}}}}", "applications.shop.endpoints.a.tls.authority")]
    [InlineData("grapnel: 1\noperationalWebhooks: {a: {oauth: {scopes: x}}}", "operationalWebhooks.a.oauth.scopes")]
    [InlineData("grapnel: [", "is not YAML")]
    public async Task What_is_no_configuration_is_refused_with_every_name_that_means_nothing(string text, string message)
    {
        using var file = new TemporaryFile(text);
        (await Should.ThrowAsync<CommandException>(ConfigurationFile.ReadAsync(file.Path, _ => null, default))).Message.ShouldMatch(message);
    }

    [Theory]
    [InlineData("""{"endpoints":{"shop":{"url":"ftp://x"}}}""", "url", "shop")]
    [InlineData("""{"schedules":[{"eventType":"a.b","cron":"nonsense"}]}""", "cron", "a.b nonsense")]
    public async Task A_fault_that_the_server_finds_is_told_and_what_came_before_it_stays_and_is_all_that_is_told_as_done(string application, string fault, string refused)
    {
        await using var server = await TestServer.StartAsync();
        using var client = new ApiClient(server.Address, TestServer.Key);
        var import = new ConfigurationImport(client, dryRun: false, prune: false, default);
        var document = Parse($$$"""{"grapnel":1,"eventTypes":{"a.b":{"description":"x"}},"applications":{"default":{{{application}}}}}""");

        (await Should.ThrowAsync<CommandException>(import.RunAsync(document))).Message.ShouldContain(fault);

        (await server.Client.GetJsonAsync("/api/v1/event-type/a.b")).Status.ShouldBe(200);
        import.Changes.ShouldContain(change => change.Key == "a.b");
        import.Changes.ShouldNotContain(change => change.Key == refused);
    }

    [Fact]
    public void Tls_and_OAuth_of_an_endpoint_may_carry_their_secrets()
    {
        using var file = new TemporaryFile("grapnel: 1\napplications: {a: {endpoints: {b: {url: x, tls: {clientCertificate: x, clientKey: x}, oauth: {clientSecret: x}}, c: {tls: null}}}}");
        Should.NotThrow(() => ConfigurationFile.ReadAsync(file.Path, _ => null, default));
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
            await PostAsync(server, path, body);
    }

    private static async Task PostAsync(TestServer server, string path, string body) =>
        (await server.Client.PostJsonAsync(path, body)).Status.ShouldBe(201, path);

    private static JsonObject Parse(string json) => (JsonObject)JsonNode.Parse(json)!;

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
