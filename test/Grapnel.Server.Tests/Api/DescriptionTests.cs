using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Grapnel.Server.Api.Description;
using Grapnel.Server.Console;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Microsoft.AspNetCore.Routing;

namespace Grapnel.Server.Tests.Api;

/// <summary>The OpenAPI document is true. That answers are what it says is checked with every request that any test makes.</summary>
public sealed class DescriptionTests(ServerFixture fixture) : ServerTest(fixture)
{
    [Fact]
    public async Task Every_route_is_in_the_document()
    {
        var described = (await Server.Document).Operations.Select(operation => $"{operation.Method} {operation.Path}").ToHashSet();
        var routes = Server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<ConsoleRoute>() is null && !route.RoutePattern.RawText!.StartsWith(ConsolePaths.Assets, StringComparison.Ordinal))
            .SelectMany(route => (route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []).Where(method => method != "HEAD")
                .Select(method => $"{method} /{route.RoutePattern.RawText!.Trim('/')}"))
            .Where(route => !route.Contains("/docs") && !route.EndsWith("openapi.json", StringComparison.Ordinal))
            .ToHashSet();

        routes.Count.ShouldBeGreaterThan(90);
        described.ShouldBe(routes, ignoreOrder: true);
    }

    [Fact]
    public async Task A_stock_validator_takes_the_document_as_OpenAPI_3_1()
    {
        Directory.Exists(Path.Combine(StockLibrary.Folder, "node_modules")).ShouldBeTrue("Run 'npm ci --prefix test/node' first.");
        using var node = Process.Start(new ProcessStartInfo("node", "openapi.mjs")
        {
            WorkingDirectory = StockLibrary.Folder, RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        var verdict = node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);

        await node.StandardInput.WriteAsync((await Server.Document).Root.GetRawText());
        node.StandardInput.Close();

        (await verdict).Trim().ShouldBe("valid 3.1");
    }

    [Fact]
    public async Task Every_operation_has_an_id_of_its_own_a_summary_and_a_success()
    {
        var operations = (await Server.Document).Operations.ToList();

        operations.Select(operation => operation.Operation.GetProperty("operationId").GetString()).ShouldBeUnique();
        foreach (var (method, path, operation) in operations)
        {
            operation.GetProperty("summary").GetString().ShouldNotBeNullOrEmpty($"{method} {path}");
            operation.GetProperty("responses").EnumerateObject().ShouldContain(answer => answer.Name.StartsWith('2'), $"{method} {path}");
        }
    }

    [Fact]
    public async Task The_fields_of_a_body_are_those_that_the_server_reads()
    {
        // A body that has every field of the schema with a value of a kind that none of them takes: the server must complain about each.
        var document = await Server.Document;
        var silent = new List<string>();
        foreach (var (method, path, operation) in document.Operations.Where(operation => operation.Operation.TryGetProperty("requestBody", out _)))
        {
            if (!operation.GetProperty("requestBody").GetProperty("content").TryGetProperty("application/json", out var content)
                || !content.TryGetProperty("schema", out var reference))
                continue;
            foreach (var property in document.Resolve(reference).GetProperty("properties").EnumerateObject().Where(property => IsChecked(path, property.Name)))
            {
                var reply = await SendAsync(method, path, $$"""{"{{property.Name}}":{{WrongKind(document.Resolve(property.Value))}}}""");
                if (reply.Status != 422 || !reply.Text.Contains($"\"{Canonical(property.Name)}\""))
                    silent.Add($"{method} {path}: {property.Name}");
            }
        }

        silent.ShouldBeEmpty("these fields are in the document, but the server does not read them");
    }

    [Fact]
    public async Task The_limits_of_a_field_are_those_that_the_server_keeps()
    {
        // The example with one field beyond its limit: the server must complain about that field.
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Network:AllowNet"] = "203.0.113.0/24" });
        var document = await server.Document;
        var context = await ExampleContext.MakeAsync(server.Client);
        await server.Client.PutJsonAsync("/api/v1/event-type/order.placed", """{"description":""}""");
        var (tried, silent) = (0, new List<string>());
        foreach (var (method, path, operation) in document.Operations.Where(operation => operation.Operation.TryGetProperty("requestBody", out _)))
        {
            var content = operation.GetProperty("requestBody").GetProperty("content").GetProperty("application/json");
            if (!content.TryGetProperty("schema", out var reference))
                continue;
            foreach (var property in document.Resolve(reference).GetProperty("properties").EnumerateObject().Where(property => IsChecked(path, property.Name)))
                foreach (var value in Beyond(document.Resolve(property.Value)))
                {
                    var body = JsonNode.Parse(content.GetProperty("example").GetRawText())!.AsObject();
                    body.Remove(Canonical(property.Name));
                    GiveInterval(body, property.Name);
                    body[property.Name] = JsonNode.Parse(value);
                    var reply = await server.Client.SendAsync(new HttpMethod(method), context.Fill(path), Encoding.UTF8.GetBytes(body.ToJsonString()));
                    tried++;
                    if (reply.Status != 422 || !Culprits(property.Name).Any(name => reply.Text.Contains($"\"{name}\"")))
                        silent.Add($"{method} {path}: {property.Name} = {value[..Math.Min(value.Length, 40)]}: {reply.Status}");
                }
        }

        tried.ShouldBeGreaterThan(100);
        silent.ShouldBeEmpty("these limits are in the document, but the server does not keep them");
    }

    [Fact]
    public async Task Every_example_is_accepted_as_it_stands()
    {
        // In the order of the document's headings: what a later example names, an earlier one has made.
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Network:AllowNet"] = "203.0.113.0/24" });
        var document = await server.Document;
        var context = await ExampleContext.MakeAsync(server.Client);
        var refused = new List<string>();
        foreach (var (method, path, operation) in document.Operations.Where(operation => operation.Operation.TryGetProperty("requestBody", out _)))
        {
            foreach (var kind in operation.GetProperty("requestBody").GetProperty("content").EnumerateObject())
            {
                var example = kind.Value.GetProperty("example");
                var body = Encoding.UTF8.GetBytes(kind.Name == "application/json" ? example.GetRawText() : example.GetString()!);
                var reply = await server.Client.SendAsync(
                    new HttpMethod(method), context.Fill(path), body, kind.Name == "*/*" ? "text/plain" : kind.Name);
                if (reply.Status is < 200 or > 299)
                    refused.Add($"{method} {path} {kind.Name} {reply.Status} {reply.Text}");
            }
        }

        refused.ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_answer_has_an_example_that_its_schema_allows()
    {
        var document = await Server.Document;
        var unfit = new List<string>();
        foreach (var (method, path, operation) in document.Operations)
            foreach (var answer in operation.GetProperty("responses").EnumerateObject())
                if (document.Resolve(answer.Value).TryGetProperty("content", out var content))
                    unfit.AddRange(content.EnumerateObject().SelectMany(kind => FaultsOfExample(document, kind.Value))
                        .Select(fault => $"{method} {path} {answer.Name}: {fault}"));

        unfit.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_parameters_of_a_query_are_those_that_the_server_reads()
    {
        // A number, a flag, a time, or a word out of several: what is none of them must be complained about.
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Network:AllowNet"] = "203.0.113.0/24" });
        var document = await server.Document;
        var context = await ExampleContext.MakeAsync(server.Client);
        var silent = new List<string>();
        foreach (var (method, path, operation) in document.Operations.Where(operation => operation.Method == "GET"))
            foreach (var name in NarrowParameters(operation).Except(["expanded_statuses"]))
            {
                var reply = await server.Client.SendAsync(HttpMethod.Get, $"{context.Fill(path)}?{name}=no-such");
                if (reply.Status != 422 || !reply.Text.Contains($"\"{name}\""))
                    silent.Add($"{method} {path}: {name} {reply.Status}");
            }

        silent.ShouldBeEmpty("these parameters are in the document, but the server does not read them");
    }

    [Fact]
    public async Task Limits_defaults_and_choices_stand_where_programs_find_them()
    {
        var document = await Server.Document;
        var schemas = document.Root.GetProperty("components").GetProperty("schemas");
        var limit = ParameterOf(document, "/api/v1/app", "limit");
        var order = ParameterOf(document, "/api/v1/app", "order");

        (limit.GetProperty("minimum").GetInt32(), limit.GetProperty("maximum").GetInt32(), limit.GetProperty("default").GetInt32()).ShouldBe((1, 250, 50));
        order.GetProperty("enum").EnumerateArray().Select(word => word.GetString()).ShouldBe(["ascending", "descending"]);
        schemas.GetProperty("ApiKeyIn").GetProperty("properties").GetProperty("scope").GetProperty("enum").GetArrayLength().ShouldBe(4);
        schemas.GetProperty("EndpointIn").GetProperty("properties").GetProperty("filterTypes").GetProperty("deprecated").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task The_document_names_the_server_that_was_asked_or_the_address_that_people_reach_it_at()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Api:PublicUrl"] = "https://hooks.example.com/" });

        (await ServersAsync(Server)).ShouldBe([Server.Address.ToString().TrimEnd('/')]);
        (await ServersAsync(Server, "grapnel.example:81")).ShouldBe(["http://grapnel.example:81"]);
        (await ServersAsync(server)).ShouldBe(["https://hooks.example.com"]);
    }

    [Fact]
    public async Task The_page_asks_the_browser_to_reach_no_other_host()
    {
        using var page = await Server.Stranger.GetAsync("/docs/");

        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        policy.ShouldContain("default-src 'self'");
        policy.ShouldContain("connect-src 'self'");
    }

    [Fact]
    public async Task The_page_to_read_it_fetches_nothing_from_elsewhere()
    {
        var page = await Server.Stranger.GetStringAsync("/docs/");

        page.ShouldContain(ApiDescription.DocumentPath.TrimStart('/'));
        page.ShouldNotContain("https://");
        page.ShouldNotContain("//cdn");
        (await Server.Stranger.GetStringAsync("/docs/scalar.js")).Length.ShouldBeGreaterThan(100_000);
    }

    [Fact]
    public async Task That_page_is_found_without_a_slash_at_its_end() =>
        (await Server.Stranger.GetStringAsync("/docs")).ShouldContain(ApiDescription.DocumentPath.TrimStart('/'));

    private static async Task<IEnumerable<string?>> ServersAsync(TestServer server, string? host = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, ApiDescription.DocumentPath) { Headers = { Host = host } };
        using var response = await server.Stranger.SendAsync(request);
        var document = new ApiDocument(await response.Content.ReadAsStringAsync());
        return document.Root.GetProperty("servers").EnumerateArray().Select(one => one.GetProperty("url").GetString()).ToList();
    }

    private static List<string> FaultsOfExample(ApiDocument document, JsonElement kind) => (kind.TryGetProperty("schema", out var schema), kind.TryGetProperty("example", out var example)) switch
    {
        (true, true) => document.FaultsOf(schema, example),
        (false, true) => [],
        // An error that is not shared tells its meaning in its description; and there is nothing to show of nothing.
        _ => NeedNoExample.Any(name => schema.GetRawText().Contains($"/{name}\"")) ? [] : ["has no example"],
    };

    private static readonly string[] NeedNoExample = [nameof(ErrorOut), nameof(ProblemOut), nameof(EmptyOut)];

    private static IEnumerable<string> NarrowParameters(JsonElement operation) =>
        from parameter in operation.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray().ToArray() : []
        where parameter.GetProperty("in").GetString() == "query" && !IsAnyText(parameter.GetProperty("schema"))
        select parameter.GetProperty("name").GetString();

    private static bool IsAnyText(JsonElement schema) =>
        schema.GetProperty("type").GetString() == "string" && !schema.TryGetProperty("format", out _) && !schema.TryGetProperty("enum", out _);

    private static JsonElement ParameterOf(ApiDocument document, string path, string name) => document.Operations
        .Single(operation => (operation.Method, operation.Path) == ("GET", path)).Operation.GetProperty("parameters").EnumerateArray()
        .Single(parameter => parameter.GetProperty("name").GetString() == name).GetProperty("schema");

    // The name in the path counts; deep fields and those that any kind of value fits are looked at elsewhere.
    private static bool IsChecked(string path, string name) =>
        !(path.Contains("/event-type/") && name == "name") && !(path.Contains("/schedule") && name == "payload")
        && name is not ("messages" or "spec" or "transformationsParams" or "featureFlag");

    private static string Canonical(string name) => name switch
    {
        "rateLimit" => "throttleRate",
        "filterTypes" => "eventTypes",
        _ => name,
    };

    private static string WrongKind(JsonElement schema) =>
        schema.TryGetProperty("type", out var type) && type.ToString().Contains("string") ? "[[]]" : "\"no such kind\"";

    // What keeps the shortest interval below its limit is the longest one.
    private static string[] Culprits(string field) => field == "minInterval" ? [field, "maxInterval"] : [Canonical(field)];

    /// <summary>A schedule has a cron expression, as in the examples, or an interval.</summary>
    private static void GiveInterval(JsonObject body, string field)
    {
        if (field is "minInterval" or "maxInterval")
            (body["cron"], body["minInterval"], body["maxInterval"]) = (null, 1, 31622400);
    }

    /// <summary>Values just outside of what a schema allows.</summary>
    private static IEnumerable<string> Beyond(JsonElement schema)
    {
        if (schema.TryGetProperty("minimum", out var least))
            yield return (least.GetDecimal() - 1).ToString(CultureInfo.InvariantCulture);
        if (schema.TryGetProperty("maximum", out var most) && most.GetDecimal() < int.MaxValue)
            yield return (most.GetDecimal() + 1).ToString(CultureInfo.InvariantCulture);
        if (schema.TryGetProperty("minLength", out _))
            yield return "\"\"";
        if (schema.TryGetProperty("maxLength", out var length))
            yield return $"\"{new string('x', length.GetInt32() + 1)}\"";
        if (schema.TryGetProperty("minItems", out _))
            yield return "[]";
        if (schema.TryGetProperty("maxItems", out var count))
            yield return "[" + string.Join(',', Enumerable.Range(1, count.GetInt32() + 1).Select(number => ItemOf(schema, number))) + "]";
        if (schema.TryGetProperty("enum", out _) || schema.TryGetProperty("pattern", out _))
            yield return "\"no such word\"";
    }

    private static string ItemOf(JsonElement list, int number) =>
        list.GetProperty("items").GetProperty("type").ToString().Contains("string") ? $"\"a{number}\"" : number.ToString(CultureInfo.InvariantCulture);

    private async Task<Reply> SendAsync(string method, string path, string body)
    {
        var application = (await NewApplicationAsync())["/api/v1/app/".Length..];
        var endpoint = (await Client.PostJsonAsync($"/api/v1/app/{application}/endpoint", """{"url":"http://127.0.0.1:9/"}""")).Id;
        var type = await NewEventTypeAsync();
        var schedule = (await Client.PostJsonAsync($"/api/v1/app/{application}/schedule", $$"""{"eventType":"{{type}}","cron":"0 0 1 1 *"}""")).Id;
        var key = (await Client.PostJsonAsync("/api/v1/api-key", """{"name":"A test"}""")).Id;
        var own = path.Contains("/operational-webhook/") ? (await Client.PostJsonAsync("/api/v1/operational-webhook/endpoint", """{"url":"http://127.0.0.1:9/"}""")).Id : endpoint;
        return await Client.SendAsync(new HttpMethod(method), path.Replace("{app}", application).Replace("{endpoint}", own).Replace("{name}", type)
            .Replace("{schedule}", schedule).Replace("{id}", key), Encoding.UTF8.GetBytes(body));
    }
}

/// <summary>The things that the examples of the document are about.</summary>
internal sealed record ExampleContext(string Application, string Endpoint, string Message, string Operational, string Schedule, string Key)
{
    public static async Task<ExampleContext> MakeAsync(HttpClient client)
    {
        await client.PostJsonAsync("/api/v1/event-type", """{"name":"order.placed","description":""}""");
        await client.DeleteJsonAsync("/api/v1/event-type/order.placed");
        var application = (await client.PostJsonAsync("/api/v1/app", """{"name":"Examples"}""")).Id;
        var endpoint = (await client.PostJsonAsync($"/api/v1/app/{application}/endpoint", """{"url":"https://203.0.113.10/"}""")).Id;
        var message = (await client.PostJsonAsync($"/api/v1/app/{application}/msg", """{"eventType":"order.placed","payload":{}}""")).Id;
        var operational = (await client.PostJsonAsync("/api/v1/operational-webhook/endpoint", """{"url":"https://203.0.113.10/"}""")).Id;
        await client.PostJsonAsync("/api/v1/event-type", """{"name":"for.schedules","description":""}""");
        var schedule = (await client.PostJsonAsync($"/api/v1/app/{application}/schedule", """{"eventType":"for.schedules","cron":"0 0 1 1 *"}""")).Id;
        var key = (await client.PostJsonAsync("/api/v1/api-key", """{"name":"Examples"}""")).Id;
        return new ExampleContext(application, endpoint, message, operational, schedule, key);
    }

    public string Fill(string path) => path
        .Replace("{app}", Application).Replace("{endpoint}", path.Contains("operational") ? Operational : Endpoint).Replace("{schedule}", Schedule)
        .Replace("{msg}", Message).Replace("{name}", "order.placed").Replace("{event}", "order.placed").Replace("{id}", Key);
}
