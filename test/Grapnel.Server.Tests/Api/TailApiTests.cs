using System.Text.Json;
using Grapnel.Dispatching;
using Grapnel.Sending;
using Grapnel.Server.Api;
using Grapnel.Server.Tests.Support;
using Grapnel.Storage;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Api;

public sealed class TailApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    [Fact]
    public async Task Attempts_arrive_as_they_become_durable_with_their_messages_but_without_payloads()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var application = await NewApplicationAsync();
        var endpoint = (await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}"}""")).Id;
        using var tail = await ListenAsync(Client, $"{application}/tail?event_types=wanted&endpoint_id={endpoint}&status=0");

        await PublishAsync(application, "other");
        var message = await PublishAsync(application, "wanted");

        (await tail.ReadLineAsync()).ShouldBe("event: attempt");
        var id = await tail.ReadLineAsync();
        var data = JsonDocument.Parse((await tail.ReadLineAsync())!["data: ".Length..]).RootElement;
        id.ShouldBe($"id: {data.GetProperty("id").GetString()}");
        (data.GetProperty("msgId").GetString(), data.GetProperty("response").GetString()).ShouldBe((message, "ok"));
        data.GetProperty("msg").GetProperty("eventType").GetString().ShouldBe("wanted");
        data.GetProperty("msg").GetProperty("payload").GetRawText().ShouldBe("{}");
    }

    [Fact]
    public async Task A_listener_that_goes_leaves_nothing_behind_and_one_that_stays_ends_with_the_server()
    {
        await using var server = await TestServer.StartAsync();
        var tail = await ListenAsync(server.Client, "/api/v1/app/default/tail");
        var rest = tail.ReadToEndAsync();

        server.Get<Microsoft.Extensions.Hosting.IHostApplicationLifetime>().StopApplication();

        (await rest.WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe("");
    }

    [Fact]
    public async Task A_listener_whose_key_was_revoked_hears_nothing_more()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var application = await NewApplicationAsync();
        await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}"}""");
        var key = await Client.PostJsonAsync("/api/v1/api-key", $$"""{"name":"watcher","scope":"read","application":"{{application.Split('/')[^1]}}"}""");
        using var watcher = Server.CreateClient(key["key"].GetString());
        using var tail = await ListenAsync(watcher, application + "/tail");

        (await Client.DeleteJsonAsync($"/api/v1/api-key/{key.Id}")).Status.ShouldBe(204);
        await PublishAsync(application, "secret");

        (await tail.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe("");
    }

    [Fact]
    public async Task A_listener_whose_token_was_revoked_hears_nothing_more()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var application = await NewApplicationAsync();
        await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}"}""");
        var token = await Client.PostJsonAsync($"/api/v1/auth/app-portal-access/{application.Split('/')[^1]}");
        using var watcher = Server.CreateClient(token["token"].GetString());
        using var tail = await ListenAsync(watcher, application + "/tail");

        (await Client.PostJsonAsync($"/api/v1/auth/app/{application.Split('/')[^1]}/expire-all")).Status.ShouldBe(204);
        await PublishAsync(application, "secret");

        (await tail.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(20))).ShouldBe("");
    }

    [Fact]
    public async Task One_application_cannot_take_all_the_places_of_listeners()
    {
        await using var server = await TestServer.StartAsync();
        var tails = new List<StreamReader>();
        for (var i = 0; i < TailApi.MaxListenersOfOne; i++)
            tails.Add(await ListenAsync(server.Client, "/api/v1/app/default/tail"));

        (await server.Client.GetJsonAsync("/api/v1/app/default/tail"))["code"].GetString().ShouldBe("limit_reached");

        (await server.Client.PostJsonAsync("/api/v1/app", """{"name":"Other","uid":"other"}""")).Status.ShouldBe(201);
        tails.Add(await ListenAsync(server.Client, "/api/v1/app/other/tail"));
        foreach (var tail in tails)
            tail.Dispose();
    }

    [Fact]
    public async Task A_filter_that_does_not_fit_is_refused()
    {
        var application = await NewApplicationAsync();
        (await Client.GetJsonAsync(application + "/tail?status=1")).Faults.ShouldBe(["status"]);
        (await Client.GetJsonAsync(application + "/tail?endpoint_id=nobody")).Status.ShouldBe(404);
        (await Client.GetJsonAsync("/api/v1/app/nobody/tail")).Status.ShouldBe(404);
    }

    [Fact]
    public void What_a_slow_reader_has_no_room_for_is_dropped_and_counted_and_payloads_are_not_kept()
    {
        var application = Id<Application>.FirstAt(DateTimeOffset.UnixEpoch.AddDays(1));
        using var tail = new AttemptTail(Server.Get<Dispatcher>(), new TailFilter(application, null, null, null, null, null));

        for (var i = 0; i < AttemptTail.Capacity + 7; i++)
            tail.OnOutcome(OutcomeOf(application));
        tail.OnOutcome(OutcomeOf(Id<Application>.FirstAt(DateTimeOffset.UnixEpoch.AddDays(2))));

        tail.Attempts.Count.ShouldBe(AttemptTail.Capacity);
        tail.TakeDropped().ShouldBe(7);
        tail.TakeDropped().ShouldBe(0);
        tail.Attempts.TryRead(out var first).ShouldBeTrue();
        first.Message.Payload.ShouldBeNull();
    }

    private static SettledAttempt OutcomeOf(Id<Application> application)
    {
        var now = DateTimeOffset.UnixEpoch;
        var message = new Message { Id = default, ApplicationId = application, EventType = "x", AcceptedAt = now, RouteVersion = 1, Payload = new byte[9] };
        var attempt = new Attempt
        {
            Id = default, ApplicationId = application, EndpointId = default, MessageId = default, Url = "", StartedAt = now, DurationMs = 1,
            Outcome = SendOutcome.Success,
        };
        var endpoint = new Endpoint { Id = default, ApplicationId = application, Url = "", Secrets = [], CreatedAt = now, UpdatedAt = now };
        return new SettledAttempt(
            new Settlement(attempt, 1, Trigger.Scheduled, DeliveryEnd.Delivered, 0, 1), endpoint,
            new Delivery { EndpointId = default, Seq = 1, Message = message }, null);
    }

    // Returns once the server listens to the engine on its behalf.
    private static async Task<StreamReader> ListenAsync(HttpClient client, string path)
    {
        var response = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType).ShouldBe((200, "text/event-stream"));
        var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        (await reader.ReadLineAsync()).ShouldBe(": connected");
        (await reader.ReadLineAsync()).ShouldBe("");
        return reader;
    }

    private async Task<string> PublishAsync(string application, string eventType) =>
        (await Client.PostJsonAsync(application + "/msg", $$"""{"payload":{"a":1},"eventType":"{{eventType}}"}""")).Id;
}
