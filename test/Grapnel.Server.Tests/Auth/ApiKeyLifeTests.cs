using System.Text.Json;
using Grapnel.Housekeeping;
using Grapnel.Registry;
using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Grapnel.Server.Tests.Auth;

/// <summary>What a key is made of beside its text, and what becomes of it.</summary>
public sealed class ApiKeyLifeTests : IAsyncLifetime
{
    private const string Path = "/api/v1/api-key";
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync(services: services => services.AddSingleton<TimeProvider>(_time));

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_key_stops_working_when_its_time_is_over_and_works_again_when_it_is_given_more()
    {
        var made = await CreateAsync("""{"name":"Short","expiresAt":"2030-01-02T00:00:00Z"}""");
        made["expiresAt"].GetDateTime().ShouldBe(new DateTime(2030, 1, 2, 0, 0, 0, DateTimeKind.Utc));
        using var client = ClientOf(made);
        _time.Advance(TimeSpan.FromDays(1) - TimeSpan.FromSeconds(1));
        (await client.GetJsonAsync("/api/v1/app")).Status.ShouldBe(200);

        _time.Advance(TimeSpan.FromSeconds(1));
        var refused = await client.GetJsonAsync("/api/v1/app");

        (refused.Status, refused["code"].GetString()).ShouldBe((401, "authentication_failed"));
        (await _server.Client.PatchJsonAsync($"{Path}/{made.Id}", """{"expiresAt":null,"name":"Longer"}"""))["name"].GetString().ShouldBe("Longer");
        (await client.GetJsonAsync("/api/v1/app")).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_key_that_the_operator_chose_works_from_the_next_start_on_whatever_was_done_to_it(bool expired)
    {
        const string Text = "chosen-by-the-operator-0123456789";
        var keys = _server.Get<ApiKeyRegistry>();
        await keys.EnsureAsync("chosen", Text, default);
        var key = (await keys.ListAsync(default)).Single(key => key.Name == "chosen");
        if (expired)
            await keys.EditAsync(key.Id, input => input with { ExpiresAt = _time.GetUtcNow().AddDays(1) }, default);
        else
            await keys.RevokeAsync(key.Id);
        _time.Advance(TimeSpan.FromDays(1));
        (await keys.FindAsync(Text, default)).ShouldBeNull();

        await keys.EnsureAsync("chosen", Text, default);
        await keys.EnsureAsync("chosen", Text, default);

        (await keys.FindAsync(Text, default)).ShouldNotBeNull();
        (await keys.ListAsync(default)).Count(key => key.Name == "chosen").ShouldBe(2);
    }

    [Fact]
    public async Task When_a_key_was_last_used_is_written_down_every_half_minute_and_not_by_the_request()
    {
        var made = await CreateAsync("""{"name":"Used"}""");
        using var client = ClientOf(made);
        await client.GetJsonAsync("/api/v1/app");
        (await GetAsync(made.Id)).GetProperty("lastUsedAt").ValueKind.ShouldBe(JsonValueKind.Null);

        _time.Advance(KeyKeeper.Period);
        await Eventually.IsTrueAsync("the use is written down",
            async () => (await GetAsync(made.Id)).GetProperty("lastUsedAt").ValueKind != JsonValueKind.Null);

        (await GetAsync(made.Id)).GetProperty("lastUsedAt").GetDateTime().ShouldBe(_time.GetUtcNow().UtcDateTime);
        (await GetAsync(await UnusedAsync())).GetProperty("lastUsedAt").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task What_was_used_last_before_the_end_is_written_down_at_the_end()
    {
        var folder = Directory.CreateTempSubdirectory("grapnel-test-").FullName;
        try
        {
            string id;
            await using (var server = await TestServer.StartAsync(folder: folder, services: services => services.AddSingleton<TimeProvider>(_time)))
            {
                var made = await server.Client.PostJsonAsync(Path, """{"name":"Last"}""");
                id = made.Id;
                using var client = server.CreateClient(made["key"].GetString());
                await client.GetJsonAsync("/api/v1/app");
            }
            await using var again = await TestServer.StartAsync(folder: folder);
            (await again.Client.GetJsonAsync($"{Path}/{id}"))["lastUsedAt"].GetDateTime().ShouldBe(_time.GetUtcNow().UtcDateTime);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_key_of_one_application_works_there_by_id_and_uid_and_publishes_as_it()
    {
        var application = await _server.Client.PostJsonAsync("/api/v1/app", """{"name":"One","uid":"one"}""");
        var made = await CreateAsync("""{"name":"Of one","application":"one","scope":"publish"}""");
        made["application"].GetString().ShouldBe(application.Id);
        using var client = ClientOf(made);
        const string message = """{"eventType":"a","payload":{}}""";

        (await client.PostJsonAsync("/api/v1/app/one/msg", message)).Status.ShouldBe(202);
        (await client.PostJsonAsync($"/api/v1/app/{application.Id}/msg", message)).Status.ShouldBe(202);
        (await client.PostJsonAsync("/api/v1/app/default/msg", message)).Status.ShouldBe(404);
        (await client.PostJsonAsync("/trigger/a")).Status.ShouldBe(403);
        await _server.Client.DeleteJsonAsync("/api/v1/app/one");
        (await client.PostJsonAsync("/api/v1/app/one/msg", message)).Status.ShouldBe(401);
    }

    [Fact]
    public async Task A_key_of_the_default_application_may_use_the_simple_way_in()
    {
        await _server.Client.PostJsonAsync("/api/v1/event-type", """{"name":"a","description":"A"}""");
        using var client = ClientOf(await CreateAsync("""{"name":"Default","application":"default","scope":"publish"}"""));

        (await client.PostJsonAsync("/trigger/a")).Status.ShouldBe(202);
    }

    [Fact]
    public async Task The_same_idempotency_key_of_two_keys_means_two_messages()
    {
        using var one = ClientOf(await CreateAsync("""{"name":"One"}"""));
        using var two = ClientOf(await CreateAsync("""{"name":"Two"}"""));

        async Task<string> PublishAsync(HttpClient client) => (await client.SendAsync(HttpMethod.Post, "/api/v1/app/default/msg",
            """{"eventType":"a","payload":{}}"""u8.ToArray(), headers: ("Idempotency-Key", "same"))).Id;

        var first = await PublishAsync(one);
        (await PublishAsync(one)).ShouldBe(first);
        (await PublishAsync(two)).ShouldNotBe(first);
    }

    [Theory]
    [InlineData("""{"name":"A","scope":"everything"}""", "scope")]
    [InlineData("""{"name":"A","scope":1}""", "scope")]
    [InlineData("""{"name":"A","application":"nobody"}""", "application")]
    [InlineData("""{"name":"A","expiresAt":"2029-12-31T23:59:59Z"}""", "expiresAt")]
    [InlineData("""{"name":"A","expiresAt":"tomorrow"}""", "expiresAt")]
    public async Task A_field_that_does_not_fit_is_named(string body, string field)
    {
        var reply = await _server.Client.PostJsonAsync(Path, body);

        reply.Status.ShouldBe(422);
        reply.Faults.ShouldBe([field]);
    }

    [Fact]
    public async Task A_revoked_key_does_not_come_back_by_an_edit()
    {
        var made = await CreateAsync("""{"name":"Gone"}""");
        (await _server.Client.DeleteJsonAsync($"{Path}/{made.Id}")).Status.ShouldBe(204);

        (await _server.Client.PatchJsonAsync($"{Path}/{made.Id}", """{"expiresAt":"2031-01-01T00:00:00Z"}""")).Status.ShouldBe(404);

        using var client = ClientOf(made);
        (await client.GetJsonAsync("/api/v1/app")).Status.ShouldBe(401);
        (await GetAsync(made.Id)).GetProperty("revokedAt").ValueKind.ShouldBe(JsonValueKind.String);
    }

    private async Task<Reply> CreateAsync(string body)
    {
        var made = await _server.Client.PostJsonAsync(Path, body);
        made.Status.ShouldBe(201, made.Text);
        return made;
    }

    private async Task<string> UnusedAsync() => (await CreateAsync("""{"name":"Unused"}""")).Id;

    private async Task<JsonElement> GetAsync(string id) => (await _server.Client.GetJsonAsync($"{Path}/{id}")).Json;

    private HttpClient ClientOf(Reply made) => _server.CreateClient(made["key"].GetString());
}
