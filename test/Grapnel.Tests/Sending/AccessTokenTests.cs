using System.Text;
using Grapnel.Sending;
using Grapnel.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Tests.Sending;

/// <summary>Receivers that want an access token, and authorization servers that give one, or do not.</summary>
public sealed class AccessTokenTests
{
    [Fact]
    public async Task A_token_is_asked_for_once_and_goes_with_every_request_until_shortly_before_its_end()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var server = new ScriptedReceiver(Issue("first", "second"));
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture(time: time);
        var endpoint = fixture.Sender.Prepare(Wanting(server, receiver));

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => SendAsync(fixture, endpoint)));
        time.Advance(TimeSpan.FromSeconds(89));
        await SendAsync(fixture, endpoint);
        time.Advance(TimeSpan.FromSeconds(2));
        await SendAsync(fixture, endpoint);

        receiver.Requests.Select(request => request.Header("Authorization"))
            .ShouldBe([.. Enumerable.Repeat("Bearer first", 6), "Bearer second"]);
        server.Requests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_token_outlives_the_lane_it_was_asked_for_and_not_the_settings_it_was_asked_with()
    {
        await using var server = new ScriptedReceiver(Issue("first", "second"));
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture();
        var endpoint = Wanting(server, receiver);
        var changed = endpoint with { OAuth = endpoint.OAuth! with { ClientSecret = "another"u8.ToArray() } };

        await SendAsync(fixture, fixture.Sender.Prepare(endpoint));
        await SendAsync(fixture, fixture.Sender.Prepare(endpoint with { OAuth = endpoint.OAuth with { ClientSecret = [.. endpoint.OAuth.ClientSecret] } }));
        await SendAsync(fixture, fixture.Sender.Prepare(changed));

        receiver.Requests.Select(request => request.Header("Authorization")).ShouldBe(["Bearer first", "Bearer first", "Bearer second"]);
    }

    [Fact]
    public async Task A_token_that_the_receiver_refuses_is_replaced_for_the_next_attempt()
    {
        await using var server = new ScriptedReceiver(Issue("stale", "fresh"));
        await using var receiver = new ScriptedReceiver(async c =>
        {
            while (await c.ReadRequestAsync() is { } request)
                await c.WriteAsync($"HTTP/1.1 {(request.Header("Authorization") == "Bearer fresh" ? 200 : 401)} X\r\nContent-Length: 0\r\n\r\n");
        });
        using var fixture = new SendFixture();
        var endpoint = fixture.Sender.Prepare(Wanting(server, receiver));

        (await SendAsync(fixture, endpoint)).StatusCode.ShouldBe(401);
        (await SendAsync(fixture, endpoint)).StatusCode.ShouldBe(200);
    }

    [Theory]
    [InlineData(ClientAuthentication.Basic), InlineData(ClientAuthentication.Post)]
    public async Task Id_and_secret_stand_where_the_server_wants_them(ClientAuthentication way)
    {
        await using var server = new ScriptedReceiver(Issue("token"));
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture();
        var endpoint = Wanting(server, receiver);
        endpoint = endpoint with { OAuth = endpoint.OAuth! with { ClientAuthentication = way, Scope = "a b", Audience = "https://api.example" } };

        await fixture.SendAsync(endpoint, SendFixture.Delivery("{}"u8.ToArray()));

        var asked = await server.NextRequestAsync();
        var form = Encoding.UTF8.GetString(asked.Body).Split('&').Order();
        string[] rest = ["audience=https%3A%2F%2Fapi.example", "grant_type=client_credentials", "scope=a+b"];
        if (way == ClientAuthentication.Post)
            form.ShouldBe(rest.Concat(["client_id=me%3Ayou", "client_secret=s%26cret"]).Order());
        else
            form.ShouldBe(rest);
        asked.Header("Authorization").ShouldBe(way == ClientAuthentication.Post ? null : "Basic " + Convert.ToBase64String("me%3Ayou:s%26cret"u8));
    }

    [Theory]
    [InlineData("HTTP/1.1 401 No\r\nContent-Length: 26\r\n\r\n{\"error\":\"invalid_client\"}", "No access token: the authorization server answered 401 (invalid_client).")]
    [InlineData("HTTP/1.1 500 No\r\nContent-Length: 29\r\n\r\n{\"error\":\"<script>not a code\"}", "No access token: the authorization server answered 500.")]
    [InlineData("HTTP/1.1 302 No\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "No access token: the authorization server answered 302.")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "No access token: there is none in the authorization server's answer.")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{\"access_token\":\"a\\r\\nX: y\"}", "No access token: there is none in the authorization server's answer.")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "No access token: there is none in the authorization server's answer.")]
    public async Task Without_a_token_nothing_is_sent_and_the_reason_is_told(string answer, string reason)
    {
        await using var server = new ScriptedReceiver(Scripts.Answer(answer));
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        using var fixture = new SendFixture();

        var result = await fixture.SendAsync(Wanting(server, receiver), SendFixture.Delivery("{}"u8.ToArray()));

        (result.Outcome, result.Blame, result.Error).ShouldBe((SendOutcome.AuthorizationFailed, Blame.Receiver, reason));
        receiver.ConnectionCount.ShouldBe(0);
    }

    [Fact]
    public async Task An_authorization_server_inside_a_network_that_is_not_open_is_not_connected_to()
    {
        await using var server = new ScriptedReceiver(Issue("token"));
        using var fixture = new SendFixture(allow: []);

        var result = await fixture.SendAsync(
            SendFixture.Endpoint("http://93.184.216.34/") with { OAuth = Grant(server) }, SendFixture.Delivery("{}"u8.ToArray()));

        result.Error.ShouldBe("No access token: at the authorization server, the URL leads to an address that webhooks may not be sent to.");
        server.ConnectionCount.ShouldBe(0);
    }

    private static Func<ReceiverConnection, Task> Issue(params string[] tokens)
    {
        var issued = 0;
        return async connection =>
        {
            while (await connection.ReadRequestAsync() is not null)
            {
                var body = $"{{\"access_token\":\"{tokens[Math.Min(issued++, tokens.Length - 1)]}\",\"token_type\":\"Bearer\",\"expires_in\":100}}";
                await connection.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}");
            }
        };
    }

    private static Endpoint Wanting(ScriptedReceiver server, ScriptedReceiver receiver) => SendFixture.Endpoint(receiver.Url) with { OAuth = Grant(server) };

    private static EndpointOAuth Grant(ScriptedReceiver server) =>
        new() { TokenUrl = server.Url, ClientId = "me:you", ClientSecret = "s&cret"u8.ToArray() };

    private static Task<SendResult> SendAsync(SendFixture fixture, PreparedEndpoint endpoint) =>
        fixture.Sender.SendAsync(endpoint, SendFixture.Delivery("{}"u8.ToArray()), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));
}
