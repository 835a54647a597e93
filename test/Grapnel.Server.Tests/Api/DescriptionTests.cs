using System.Text;
using System.Text.Json;
using Grapnel.Server.Api.Description;
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
            .SelectMany(route => route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Where(method => method != "HEAD")
                .Select(method => $"{method} /{route.RoutePattern.RawText!.Trim('/')}"))
            .Where(route => !route.Contains("/docs") && !route.EndsWith("openapi.json", StringComparison.Ordinal))
            .ToHashSet();

        routes.Count.ShouldBeGreaterThan(90);
        described.ShouldBe(routes, ignoreOrder: true);
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
    public async Task Every_example_is_accepted_as_it_stands()
    {
        // In the order of the document's headings: what a later example names, an earlier one has made.
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Network:AllowNet"] = "203.0.113.0/24" });
        var document = await server.Document;
        var context = await ExampleContext.MakeAsync(server.Client);
        var refused = new List<string>();
        foreach (var (method, path, operation) in document.Operations.Where(operation => operation.Operation.TryGetProperty("requestBody", out _)))
        {
            var body = operation.GetProperty("requestBody").GetProperty("content").EnumerateObject().Single().Value.GetProperty("example");
            var reply = await server.Client.SendAsync(
                new HttpMethod(method), context.Fill(path), Encoding.UTF8.GetBytes(body.GetRawText()));
            if (reply.Status is < 200 or > 299)
                refused.Add($"{method} {path} {reply.Status} {reply.Text}");
        }

        refused.ShouldBeEmpty();
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
internal sealed record ExampleContext(string Application, string Endpoint, string Operational, string Schedule, string Key)
{
    public static async Task<ExampleContext> MakeAsync(HttpClient client)
    {
        await client.PostJsonAsync("/api/v1/event-type", """{"name":"order.placed","description":""}""");
        await client.DeleteJsonAsync("/api/v1/event-type/order.placed");
        var application = (await client.PostJsonAsync("/api/v1/app", """{"name":"Examples"}""")).Id;
        var endpoint = (await client.PostJsonAsync($"/api/v1/app/{application}/endpoint", """{"url":"https://203.0.113.10/"}""")).Id;
        var operational = (await client.PostJsonAsync("/api/v1/operational-webhook/endpoint", """{"url":"https://203.0.113.10/"}""")).Id;
        await client.PostJsonAsync("/api/v1/event-type", """{"name":"for.schedules","description":""}""");
        var schedule = (await client.PostJsonAsync($"/api/v1/app/{application}/schedule", """{"eventType":"for.schedules","cron":"0 0 1 1 *"}""")).Id;
        var key = (await client.PostJsonAsync("/api/v1/api-key", """{"name":"Examples"}""")).Id;
        return new ExampleContext(application, endpoint, operational, schedule, key);
    }

    public string Fill(string path) => path
        .Replace("{app}", Application).Replace("{endpoint}", path.Contains("operational") ? Operational : Endpoint).Replace("{schedule}", Schedule)
        .Replace("{name}", "order.placed").Replace("{event}", "order.placed").Replace("{id}", Key);
}
