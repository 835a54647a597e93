using Grapnel.Server.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Server.Tests.Auth;

/// <summary>Application tokens: what a customer's own people look after their webhooks with.</summary>
public sealed class ApplicationTokenTests : IAsyncLifetime
{
    private const string Base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly string _folder = Directory.CreateTempSubdirectory("grapnel-test-").FullName;
    private TestServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        await StartAsync();
        (await _server.Client.PostJsonAsync("/api/v1/app", """{"name":"Acme","uid":"acme"}""")).Status.ShouldBe(201);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_token_lets_into_its_own_application_for_seven_days_and_past_a_restart()
    {
        var access = await AccessAsync("""{}""");
        access["url"].GetString().ShouldBe($"{_server.Address}portal#key={access["token"].GetString()}");
        (await AskAsync(access)).ShouldBe(200);

        _time.Advance(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));
        await RestartAsync();
        (await AskAsync(access)).ShouldBe(200);
        _time.Advance(TimeSpan.FromSeconds(1));
        (await AskAsync(access)).ShouldBe(401);
    }

    [Fact]
    public async Task A_token_lives_as_long_as_was_asked_for()
    {
        var access = await AccessAsync("""{"expiry":3600}""");
        _time.Advance(TimeSpan.FromSeconds(3599));
        (await AskAsync(access)).ShouldBe(200);
        _time.Advance(TimeSpan.FromSeconds(1));
        (await AskAsync(access)).ShouldBe(401);
    }

    [Fact]
    public async Task Logging_out_ends_that_token_for_good_and_no_other()
    {
        var (one, other) = (await AccessAsync("{}"), await AccessAsync("{}"));
        using var client = ClientOf(one);

        (await client.PostJsonAsync("/api/v1/auth/logout")).Status.ShouldBe(204);

        (await AskAsync(one), await AskAsync(other)).ShouldBe((401, 200));
        await RestartAsync();
        (await AskAsync(one), await AskAsync(other)).ShouldBe((401, 200));
    }

    [Fact]
    public async Task A_token_that_was_logged_out_is_not_revived_by_another_spelling_of_its_signature()
    {
        var access = await AccessAsync("{}");
        var token = access["token"].GetString()!;
        using (var client = ClientOf(access))
            await client.PostJsonAsync("/api/v1/auth/logout");

        // Padding, and the bits of the last character that mean nothing: 43 characters carry two bits more than 32 bytes have.
        foreach (var spelling in Base64Letters.Select(last => token[..^1] + last).Append(token + "="))
        {
            using var client = _server.CreateClient(spelling);
            (await client.GetJsonAsync("/api/v1/app/acme")).Status.ShouldBe(401);
        }
    }

    [Fact]
    public async Task An_api_key_is_not_logged_out()
    {
        (await _server.Client.PostJsonAsync("/api/v1/auth/logout")).Status.ShouldBe(403);
        (await _server.Client.GetJsonAsync("/api/v1/app")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Expire_all_ends_what_was_issued_before_and_not_what_is_issued_after()
    {
        var (before, elsewhere) = (await AccessAsync("{}"), await AccessAsync("{}", "default"));
        (await ExpireAsync("{}")).ShouldBe(204);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        var after = await AccessAsync("{}");

        (await AskAsync(before), await AskAsync(after), await AskAsync(elsewhere, "default")).ShouldBe((401, 200, 200));
        await RestartAsync();
        (await AskAsync(before), await AskAsync(after), await AskAsync(elsewhere, "default")).ShouldBe((401, 200, 200));
    }

    [Fact]
    public async Task Expire_all_with_a_delay_lets_tokens_live_that_long_and_does_not_revive_what_ended_already()
    {
        var first = await AccessAsync("{}");
        await ExpireAsync("{}");
        _time.Advance(TimeSpan.FromMilliseconds(1));
        var second = await AccessAsync("{}");

        (await ExpireAsync("""{"expiry":60}""")).ShouldBe(204);

        (await AskAsync(first), await AskAsync(second)).ShouldBe((401, 200));
        await RestartAsync();
        _time.Advance(TimeSpan.FromSeconds(59));
        (await AskAsync(first), await AskAsync(second)).ShouldBe((401, 200));
        _time.Advance(TimeSpan.FromSeconds(1));
        (await AskAsync(first), await AskAsync(second)).ShouldBe((401, 401));
    }

    [Fact]
    public async Task Expire_all_of_a_session_ends_the_tokens_of_that_session_only()
    {
        var (anna, bert, none) = (await AccessAsync("""{"sessionId":"anna@acme"}"""), await AccessAsync("""{"sessionId":"bert"}"""), await AccessAsync("{}"));

        (await ExpireAsync("""{"sessionIds":["anna@acme","nobody"]}""")).ShouldBe(204);

        (await AskAsync(anna), await AskAsync(bert), await AskAsync(none)).ShouldBe((401, 200, 200));
    }

    [Theory]
    [InlineData("""{"readOnly":true}""", 200, 403, 403, 403, 403)]
    [InlineData("""{"readOnly":true,"capabilities":["ManageEndpoint"]}""", 200, 403, 403, 403, 403)]
    [InlineData("""{"capabilities":["ViewBase","ViewEndpointSecret"]}""", 200, 200, 403, 403, 403)]
    [InlineData("""{"capabilities":["ViewBase","ManageEndpointSecret"]}""", 200, 200, 204, 403, 403)]
    [InlineData("""{"capabilities":["ViewBase","ManageEndpoint"]}""", 200, 200, 204, 200, 403)]
    [InlineData("""{}""", 200, 200, 204, 200, 403)]
    public async Task A_token_can_do_what_its_capabilities_say_and_never_publishes(string body, int read, int secret, int rotate, int edit, int publish)
    {
        var endpoint = "/api/v1/app/acme/endpoint/" + (await _server.Client.PostJsonAsync("/api/v1/app/acme/endpoint", """{"url":"http://127.0.0.1:9/"}""")).Id;
        using var client = ClientOf(await AccessAsync(body));

        (await client.GetJsonAsync(endpoint)).Status.ShouldBe(read);
        (await client.GetJsonAsync(endpoint + "/secret")).Status.ShouldBe(secret);
        (await client.PostJsonAsync(endpoint + "/secret/rotate")).Status.ShouldBe(rotate);
        (await client.PatchJsonAsync(endpoint, """{"description":"New"}""")).Status.ShouldBe(edit);
        (await client.PostJsonAsync("/api/v1/app/acme/msg", """{"eventType":"a","payload":{}}""")).Status.ShouldBe(publish);
        (await client.PostJsonAsync("/api/v1/app/acme/schedule", "{}")).Status.ShouldBe(403);
    }

    [Fact]
    public async Task Event_types_with_feature_flags_are_visible_to_tokens_that_carry_one_of_them_and_to_keys()
    {
        foreach (var (name, flags) in new[] { ("open", "null"), ("beta", """["beta"]"""), ("both", """["beta","gold"]"""), ("gold", """["gold"]""") })
            await _server.Client.PostJsonAsync("/api/v1/event-type", $$"""{"name":"{{name}}","description":"A","featureFlags":{{flags}}}""");
        using var plain = ClientOf(await AccessAsync("{}"));
        using var gold = ClientOf(await AccessAsync("""{"featureFlags":["gold","other"]}"""));
        using var key = _server.CreateClient((await _server.Client.PostJsonAsync("/api/v1/api-key", """{"name":"K","application":"acme"}"""))["key"].GetString());

        (await NamesAsync(plain)).ShouldBe(["open"]);
        (await NamesAsync(gold)).ShouldBe(["both", "gold", "open"]);
        (await NamesAsync(key)).ShouldBe(["beta", "both", "gold", "open"]);
        (await gold.GetJsonAsync("/api/v1/event-type/gold")).Status.ShouldBe(200);
        var hidden = await plain.GetJsonAsync("/api/v1/event-type/gold");
        await _server.Client.DeleteJsonAsync("/api/v1/event-type/gold?expunge=true");
        (hidden.Status, hidden.Text).ShouldBe((404, (await plain.GetJsonAsync("/api/v1/event-type/gold")).Text));
    }

    [Fact]
    public async Task The_application_is_made_when_the_request_says_what_it_should_be()
    {
        const string path = "/api/v1/auth/app-portal-access/newcomer";
        (await _server.Client.PostJsonAsync(path, """{"featureFlags":[]}""")).Status.ShouldBe(404);
        (await _server.Client.PostJsonAsync(path, """{"application":{"name":"New"}}""")).Faults.ShouldBe(["application.uid"]);
        (await _server.Client.PostJsonAsync(path, """{"application":{"uid":"newcomer"}}""")).Faults.ShouldBe(["application.name"]);
        (await _server.Client.PostJsonAsync(path, """{"application":{"name":7,"uid":"newcomer"}}""")).Faults.ShouldBe(["application.name"]);

        (await _server.Client.PostJsonAsync(path, """{"application":{"name":"New","uid":"newcomer"}}""")).Status.ShouldBe(200);
        (await _server.Client.PostJsonAsync(path, """{"application":{"name":"Other","uid":"newcomer"}}""")).Status.ShouldBe(200);

        (await _server.Client.GetJsonAsync("/api/v1/app/newcomer"))["name"].GetString().ShouldBe("New");
    }

    [Theory]
    [InlineData("""{"expiry":3599}""", "expiry")]
    [InlineData("""{"expiry":604801}""", "expiry")]
    [InlineData("""{"sessionId":"with space"}""", "sessionId")]
    [InlineData("""{"sessionId":""}""", "sessionId")]
    [InlineData("""{"capabilities":["ViewBase","Everything"]}""", "capabilities.1")]
    [InlineData("""{"featureFlags":["a b"]}""", "featureFlags.0")]
    public async Task A_field_that_does_not_fit_is_named(string body, string field)
    {
        var reply = await _server.Client.PostJsonAsync("/api/v1/auth/app-portal-access/acme", body);
        reply.Status.ShouldBe(422);
        reply.Faults.ShouldBe([field]);
    }

    [Theory]
    [InlineData("""{"expiry":-1}""", "expiry")]
    [InlineData("""{"expiry":259201}""", "expiry")]
    [InlineData("""{"sessionIds":["a","b c"]}""", "sessionIds.1")]
    public async Task A_field_of_expire_all_that_does_not_fit_is_named(string body, string field)
    {
        var reply = await _server.Client.PostJsonAsync("/api/v1/auth/app/acme/expire-all", body);
        reply.Status.ShouldBe(422);
        reply.Faults.ShouldBe([field]);
    }

    [Fact]
    public async Task Links_lead_to_the_public_address_where_there_is_one()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Api:PublicUrl"] = "https://hooks.example/grapnel/" });

        var access = await server.Client.PostJsonAsync("/api/v1/auth/dashboard-access/default");

        access["url"].GetString().ShouldBe($"https://hooks.example/grapnel/portal#key={access["token"].GetString()}");
    }

    private async Task StartAsync() =>
        _server = await TestServer.StartAsync(folder: _folder, services: services => services.AddSingleton<TimeProvider>(_time));

    private async Task RestartAsync()
    {
        await _server.DisposeAsync();
        await StartAsync();
    }

    private async Task<Reply> AccessAsync(string body, string application = "acme")
    {
        var reply = await _server.Client.PostJsonAsync($"/api/v1/auth/app-portal-access/{application}", body);
        reply.Status.ShouldBe(200, reply.Text);
        return reply;
    }

    private async Task<int> ExpireAsync(string body) => (await _server.Client.PostJsonAsync("/api/v1/auth/app/acme/expire-all", body)).Status;

    private async Task<int> AskAsync(Reply access, string application = "acme")
    {
        using var client = ClientOf(access);
        return (await client.GetJsonAsync($"/api/v1/app/{application}")).Status;
    }

    private static async Task<string[]> NamesAsync(HttpClient client) =>
        [.. (await client.GetJsonAsync("/api/v1/event-type"))["data"].EnumerateArray().Select(type => type.GetProperty("name").GetString()!)];

    private HttpClient ClientOf(Reply access) => _server.CreateClient(access["token"].GetString());
}
