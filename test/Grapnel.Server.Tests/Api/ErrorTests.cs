using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Grapnel.Server.Tests.Support;
using Grapnel.Storage;
using Grapnel.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace Grapnel.Server.Tests.Api;

public sealed class ErrorTests(ServerFixture fixture) : ServerTest(fixture)
{
    [Fact]
    public async Task Every_error_has_a_JSON_body()
    {
        var missing = await Client.GetJsonAsync("/api/v1/no/such/thing");
        (missing.Status, missing.ContentType, missing["code"].GetString()).ShouldBe((404, "application/json", "not_found"));
        var method = await Client.DeleteJsonAsync("/api/v1/app");
        (method.Status, method["code"].GetString()).ShouldBe((405, "method_not_allowed"));
        var unknown = await Client.GetJsonAsync("/api/v1/app/nobody");
        (unknown.Status, unknown["code"].GetString()).ShouldBe((404, "not_found"));
        unknown["detail"].GetString()!.ShouldContain("nobody");
    }

    [Fact]
    public async Task Who_accepts_problem_details_gets_them()
    {
        var missing = await AskAsync(HttpMethod.Get, "/api/v1/app/nobody");
        (missing.Status, missing.ContentType).ShouldBe((404, "application/problem+json"));
        (missing["type"].GetString(), missing["title"].GetString(), missing["status"].GetInt32(), missing["code"].GetString())
            .ShouldBe(("about:blank", "Not Found", 404, "not_found"));
        missing["detail"].GetString()!.ShouldContain("nobody");

        var invalid = await AskAsync(HttpMethod.Post, "/api/v1/app", """{"name":"","uid":"a b"}""");
        (invalid.Status, invalid["detail"].ValueKind).ShouldBe((422, JsonValueKind.String));
        invalid["errors"].EnumerateArray().Select(fault => fault.GetProperty("loc")[1].GetString()).ShouldBe(["name", "uid"], ignoreOrder: true);
    }

    private Task<Reply> AskAsync(HttpMethod method, string path, string? body = null) => Client.SendAsync(
        method, path, body is null ? null : Encoding.UTF8.GetBytes(body), headers: ("Accept", "application/problem+json, application/json"));

    [Theory]
    [InlineData("/api/v1/app", """{"name":"x","\ud800name":1}""", 422)]
    [InlineData("/api/v1/app", """{"name":"x","metadata":{"\ud800":"x"}}""", 422)]
    [InlineData("/api/v1/app", """{"name":"x","metadata":{"x":"\udc00"}}""", 422)]
    [InlineData("/api/v1/event-type", """{"name":"half.pair","description":"","schemas":{"\ud800":{"x":"\ud800"}}}""", 422)]
    [InlineData("/api/v1/app/default/msg", """{"eventType":"x","\ud800ayload":1,"payload":{"\ud800":1}}""", 422)]
    [InlineData("/api/v1/app/default/msg", """{"eventType":"x","payload":{},"transformationsParams":{"\ud800awPayload":1,"headers":{"\ud800":"x"}}}""", 422)]
    [InlineData("/api/v1/app/default/msg", """{"eventType":"x","payload":{},"transformationsParams":{"rawPayload":"\ud800"}}""", 422)]
    [InlineData("/api/v1/auth/app-portal-access/default", """{"application":{"\ud800ame":1,"name":"x"}}""", 422)]
    public async Task Half_a_surrogate_pair_anywhere_gets_a_clean_answer(string path, string body, int status) =>
        (await Client.PostJsonAsync(path, body)).Status.ShouldBe(status);

    [Theory]
    [InlineData("/trigger/{0}", "application/json")]
    [InlineData("/api/v1/app", "application/json")]
    [InlineData("/api/v1/app/default/msg", "application/json")]
    [InlineData("/api/v1/app/default/msg/batch", "application/json")]
    [InlineData("/api/v1/app/default/msg/batch", "application/x-ndjson")]
    public async Task A_body_that_is_compressed_is_refused_because_nothing_here_decompresses_and_no_receiver_would_be_told(string path, string contentType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, string.Format(CultureInfo.InvariantCulture, path, await NewEventTypeAsync()));
        request.Content = new ByteArrayContent([0x1f, 0x8b, 0x08]) { Headers = { { "Content-Type", contentType }, { "Content-Encoding", "gzip" } } };

        using var reply = await Client.SendAsync(request);

        ((int)reply.StatusCode, reply.Content.Headers.ContentType?.MediaType).ShouldBe((415, "application/json"));
        reply.Headers.GetValues("Accept-Encoding").ShouldBe(["identity"]);
        (await reply.Content.ReadAsStringAsync()).ShouldContain("unsupported_media_type");
    }

    [Fact]
    public async Task A_body_that_says_it_is_not_compressed_is_taken()
    {
        using var content = new StringContent("""{"name":"Plain"}""") { Headers = { { "Content-Encoding", "identity" } } };

        ((int)(await Client.PostAsync("/api/v1/app", content)).StatusCode).ShouldBe(201);
    }

    [Fact]
    public async Task A_body_that_is_not_UTF8_is_refused() =>
        (await Client.SendAsync(HttpMethod.Post, "/api/v1/app", [.. "{\"name\":\""u8, 0xff, .. "\"}"u8])).Status.ShouldBe(422);

    [Theory]
    [InlineData("/api/v1/app/")]
    [InlineData("//api/v1/app")]
    [InlineData("//api/v1/app/")]
    public async Task A_slash_too_many_does_no_harm(string path)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync(Server.Address.Host, Server.Address.Port);
        var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TestServer.Key}\r\n\r\n"));
        var head = new byte[15];
        await stream.ReadExactlyAsync(head);
        Encoding.ASCII.GetString(head).ShouldBe("HTTP/1.1 200 OK");
    }

    [Fact]
    public async Task A_store_that_takes_no_writes_is_answered_with_503_and_when_to_try_again()
    {
        await using var server = await TestServer.StartAsync(services: services =>
        {
            var real = services.Last(service => service.ServiceType == typeof(IDeliveryStore)).ImplementationFactory!;
            services.AddSingleton<IDeliveryStore>(provider => new ChaosStore((IDeliveryStore)real(provider))
            {
                Before = verb => verb == "Accept" ? throw new StoreUnavailableException("The disk is full.") : Task.CompletedTask,
            });
        });
        var reply = await server.Client.PostJsonAsync("/api/v1/app/default/msg", """{"eventType":"x","payload":{}}""");
        reply.Status.ShouldBe(503);
        reply["code"].GetString().ShouldBe("unavailable");
        reply.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task The_server_does_not_tell_its_make() =>
        (await Client.GetJsonAsync("/api/v1/app")).Headers.Server.ShouldBeEmpty();
}
