using System.Net;
using Grapnel.Server.Auth;
using Grapnel.Server.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Grapnel.Server.Tests.Telemetry;

public sealed class PrometheusTests
{
    [Fact]
    public async Task Metrics_are_for_the_machine_itself_or_for_a_key_that_may_read_and_for_nobody_behind_a_proxy()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Telemetry:Prometheus"] = "true" });
        var reading = (await server.Client.PostJsonAsync("/api/v1/api-key", """{"name":"R","scope":"read"}"""))["key"].GetString();
        var publishing = (await server.Client.PostJsonAsync("/api/v1/api-key", """{"name":"P","scope":"publish"}"""))["key"].GetString();
        var ofOne = (await server.Client.PostJsonAsync("/api/v1/api-key", """{"name":"A","application":"default"}"""))["key"].GetString();

        (await AskAsync(server, key: null, proxied: false)).ShouldBe(HttpStatusCode.OK);
        (await AskAsync(server, key: null, proxied: true)).ShouldBe(HttpStatusCode.Unauthorized);
        (await AskAsync(server, reading, proxied: true)).ShouldBe(HttpStatusCode.OK);
        (await AskAsync(server, publishing, proxied: true)).ShouldBe(HttpStatusCode.Forbidden);
        (await AskAsync(server, ofOne, proxied: true)).ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task From_other_networks_than_those_that_are_named_a_key_is_needed()
    {
        await using var server = await TestServer.StartAsync(
            new Dictionary<string, string?> { ["Telemetry:Prometheus"] = "true", ["Telemetry:PrometheusNetworks"] = "10.0.0.0/8" });

        (await AskAsync(server, key: null, proxied: false)).ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task There_are_no_metrics_unless_they_are_asked_for()
    {
        await using var server = await TestServer.StartAsync();
        (await AskAsync(server, TestServer.Key, proxied: false)).ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("11.1.2.3", false)]
    [InlineData("::1", false)]
    public void An_address_of_the_old_kind_is_the_same_in_the_form_of_the_new_one(string address, bool open)
    {
        var http = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(address) } };
        new RouteAccess(Rights.Read, ForApplications: false) { OpenTo = [IPNetwork.Parse("10.0.0.0/8")] }.IsOpenTo(http).ShouldBe(open);
    }

    private static async Task<HttpStatusCode> AskAsync(TestServer server, string? key, bool proxied)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address, "/metrics"));
        if (key is not null)
            request.Headers.Add("Authorization", $"Bearer {key}");
        if (proxied)
            request.Headers.Add("X-Forwarded-For", "203.0.113.7");
        using var reply = await client.SendAsync(request);
        return reply.StatusCode;
    }
}
