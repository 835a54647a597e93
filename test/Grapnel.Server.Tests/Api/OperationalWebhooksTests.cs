using System.Text.Json;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Api;

public sealed class OperationalWebhooksTests
{
    private const string Path = "/api/v1/operational-webhook/endpoint";

    private static async Task<JsonElement> NextAsync(ScriptedReceiver operators) =>
        JsonDocument.Parse((await operators.NextRequestAsync()).Body).RootElement;

    [Fact]
    public async Task Endpoints_of_the_operator_have_all_that_others_have_under_a_path_of_their_own()
    {
        await using var server = await TestServer.StartAsync();
        var made = await server.Client.PostJsonAsync(Path, """{"url":"http://127.0.0.1:9/","uid":"ops","eventTypes":["endpoint.created"],"metadata":{"a":"b"}}""");
        made.Status.ShouldBe(201, made.Text);
        (await server.Client.GetJsonAsync(Path))["data"][0].GetProperty("id").GetString().ShouldBe(made.Id);
        (await server.Client.GetJsonAsync($"/api/v1/app/operational/endpoint/{made.Id}")).Status.ShouldBe(200);
        (await server.Client.PatchJsonAsync($"{Path}/ops", """{"description":"d"}"""))["description"].GetString().ShouldBe("d");
        (await server.Client.PutJsonAsync($"{Path}/ops", """{"url":"http://127.0.0.1:9/x","uid":"ops"}""")).Status.ShouldBe(200);
        (await server.Client.PutJsonAsync($"{Path}/ops/headers", """{"headers":{"x-a":"b"}}""")).Status.ShouldBe(204);
        (await server.Client.GetJsonAsync($"{Path}/ops/headers"))["headers"].GetProperty("x-a").GetString().ShouldBe("b");
        var secret = (await server.Client.GetJsonAsync($"{Path}/ops/secret"))["key"].GetString();
        (await server.Client.PostJsonAsync($"{Path}/ops/secret/rotate", "{}")).Status.ShouldBe(204);
        (await server.Client.GetJsonAsync($"{Path}/ops/secret"))["key"].GetString().ShouldNotBe(secret);
        (await server.Client.DeleteJsonAsync($"{Path}/ops")).Status.ShouldBe(204);
        (await server.Client.GetJsonAsync($"{Path}/ops")).Status.ShouldBe(404);
        (await server.Stranger.GetJsonAsync(Path)).Status.ShouldBe(401);
    }

    [Fact]
    public async Task They_know_the_built_in_event_types_and_no_others()
    {
        await using var server = await TestServer.StartAsync();
        await server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"order.paid","description":""}""");
        const string All = """["endpoint.created","endpoint.updated","endpoint.deleted","endpoint.enabled","endpoint.disabled","message.attempt.failing","message.attempt.exhausted","message.attempt.recovered","background_task.finished"]""";
        (await server.Client.PostJsonAsync(Path, $$"""{"url":"http://127.0.0.1:9/","eventTypes":{{All}}}""")).Status.ShouldBe(201);
        (await server.Client.PostJsonAsync(Path, """{"url":"http://127.0.0.1:9/","eventTypes":["order.paid"]}""")).Faults.ShouldBe(["eventTypes.0"]);
        (await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", """{"url":"http://127.0.0.1:9/","eventTypes":["endpoint.created"]}"""))
            .Faults.ShouldBe(["eventTypes.0"]);
    }

    [Fact]
    public async Task The_operator_hears_of_every_edit_of_an_endpoint_but_not_of_their_own()
    {
        await using var operators = new ScriptedReceiver(Scripts.Status(204));
        await using var server = await TestServer.StartAsync();
        await server.Client.PostJsonAsync(Path, $$"""{"url":"{{operators.Url}}","ordered":true}""");
        await server.Client.PatchJsonAsync($"{Path}/{(await server.Client.GetJsonAsync(Path))["data"][0].GetProperty("id").GetString()}", """{"description":"own"}""");
        var application = (await server.Client.PostJsonAsync("/api/v1/app", """{"name":"a","uid":"acme"}""")).Id;
        var endpoint = (await server.Client.PostJsonAsync("/api/v1/app/acme/endpoint", """{"url":"http://127.0.0.1:9/","uid":"e"}""")).Id;
        await server.Client.PatchJsonAsync("/api/v1/app/acme/endpoint/e", """{"disabled":true}""");
        await server.Client.PatchJsonAsync("/api/v1/app/acme/endpoint/e", """{"disabled":false}""");
        await server.Client.DeleteJsonAsync("/api/v1/app/acme/endpoint/e");

        string[] expected = ["endpoint.created", "endpoint.updated", "endpoint.disabled", "endpoint.updated", "endpoint.enabled", "endpoint.deleted"];
        foreach (var type in expected)
        {
            var told = await NextAsync(operators);
            told.GetProperty("type").GetString().ShouldBe(type);
            var data = told.GetProperty("data");
            (data.GetProperty("appId").GetString(), data.GetProperty("appUid").GetString()).ShouldBe((application, "acme"));
            (data.GetProperty("endpointId").GetString(), data.GetProperty("endpointUid").GetString()).ShouldBe((endpoint, "e"));
            if (type == "endpoint.disabled")
                data.GetProperty("trigger").GetString().ShouldBe("manual");
        }
    }

    [Fact]
    public async Task The_fourth_failure_is_told_once_and_before_the_last()
    {
        await using var operators = new ScriptedReceiver(Scripts.Status(204));
        await using var broken = new ScriptedReceiver(Scripts.Status(500));
        await using var server = await TestServer.StartAsync();
        await server.Client.PostJsonAsync(Path,
            $$"""{"url":"{{operators.Url}}","ordered":true,"eventTypes":["message.attempt.failing","message.attempt.exhausted"]}""");
        await server.Client.PostJsonAsync("/api/v1/app/default/endpoint", $$"""{"url":"{{broken.Url}}","uid":"e","retrySchedule":[0,0,0,0,0]}""");
        var message = await server.Client.PostJsonAsync("/api/v1/app/default/msg", """{"eventType":"a","eventId":"mine","payload":{}}""");
        foreach (var (type, number) in new[] { ("message.attempt.failing", 4), ("message.attempt.exhausted", 6) })
        {
            var told = await NextAsync(operators);
            told.GetProperty("type").GetString().ShouldBe(type);
            var data = told.GetProperty("data");
            (data.GetProperty("appUid").GetString(), data.GetProperty("endpointUid").GetString()).ShouldBe(("default", "e"));
            (data.GetProperty("msgId").GetString(), data.GetProperty("msgEventId").GetString()).ShouldBe((message.Id, "mine"));
            var last = data.GetProperty("lastAttempt");
            (last.GetProperty("number").GetInt32(), last.GetProperty("responseStatusCode").GetInt32()).ShouldBe((number, 500));
        }
    }
}
