using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Api;

/// <summary>Reading what happened, and removing it.</summary>
public sealed class HistoryApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    [Fact]
    public async Task The_headers_of_an_attempt_are_shown_without_the_values_of_credentials()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Trace: t-1\r\nSet-Cookie: session=secret\r\n\r\nok"));
        var (application, _) = await SubscribedAsync(receiver, """,  "headers":{"X-Tenant":"acme","Authorization":"Bearer hidden"}""");
        var (message, attempt) = await DeliveredAsync(application);

        var headers = await Client.GetJsonAsync($"{application}/msg/{message}/attempt/{attempt}/headers");

        headers["sentHeaders"].GetProperty("webhook-id").GetString().ShouldBe(message);
        headers["sentHeaders"].GetProperty("X-Tenant").GetString().ShouldBe("acme");
        headers["sentHeaders"].GetProperty("Content-Type").GetString().ShouldBe("application/json");
        headers["sentHeaders"].GetProperty("webhook-signature").GetString().ShouldStartWith("v1,");
        headers["sensitive"].EnumerateArray().Select(name => name.GetString()).ShouldBe(["Authorization"]);
        var received = headers["responseHeaders"].EnumerateArray().ToDictionary(pair => pair[0].GetString()!, pair => pair[1].GetString());
        received["X-Trace"].ShouldBe("t-1");
        received["Set-Cookie"].ShouldBe("");
        headers.Text.ShouldNotContain("hidden");
        headers.Text.ShouldNotContain("secret");
        (await Client.GetJsonAsync($"{application}/msg/{message}/attempt/atmpt_nonsense/headers")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task An_attempt_whose_content_was_removed_reads_expunged_and_has_no_headers()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var (application, _) = await SubscribedAsync(receiver);
        var (message, attempt) = await DeliveredAsync(application);

        (await Client.DeleteJsonAsync($"{application}/msg/{message}/attempt/{attempt}/content")).Status.ShouldBe(204);

        (await Client.GetJsonAsync($"{application}/msg/{message}/attempt/{attempt}"))["response"].GetString().ShouldBe("EXPUNGED");
        (await Client.GetJsonAsync($"{application}/msg/{message}/attempt/{attempt}/headers")).Text
            .ShouldBe("""{"sentHeaders":{},"responseHeaders":null,"sensitive":[]}""");
    }

    [Fact]
    public async Task Content_that_was_removed_is_gone_is_never_sent_and_cannot_be_sent_again()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var (application, endpoint) = await SubscribedAsync(receiver);
        var at = Server.Get<TimeProvider>().GetUtcNow().AddHours(1);
        var message = (await Client.PostJsonAsync(application + "/msg", $$"""{"eventType":"x","payload":{"a":1},"deliverAt":"{{at:O}}"}""")).Id;
        (await Client.GetJsonAsync($"{application}/msg/{message}/raw")).Text.ShouldBe("""{"payload":"{\"a\":1}"}""");

        (await Client.DeleteJsonAsync($"{application}/msg/{message}/content")).Status.ShouldBe(204);

        (await Client.GetJsonAsync($"{application}/msg/{message}"))["payload"].GetRawText().ShouldBe("""{"expired":true}""");
        (await Client.GetJsonAsync($"{application}/msg/{message}/raw")).Status.ShouldBe(404);
        (await Client.GetJsonAsync($"{application}/msg/{message}/endpoint/{endpoint}/why"))["state"].GetString().ShouldBe("cancelled");
        var resend = await Client.PostJsonAsync($"{application}/msg/{message}/endpoint/{endpoint}/resend");
        (resend.Status, resend["code"].GetString()).ShouldBe((400, "missing_payload"));
        receiver.ConnectionCount.ShouldBe(0);
    }

    [Fact]
    public async Task Attempted_messages_and_destinations_tell_where_a_message_stands()
    {
        await using var good = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        await using var bad = new ScriptedReceiver(Scripts.Status(500));
        var (application, first) = await SubscribedAsync(good);
        var second = (await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{bad.Url}}","retrySchedule":[]}""")).Id;
        using var settled = new Settled(Server, application);
        var message = await PublishAsync(application);
        await settled.NextAsync();
        await settled.NextAsync();

        var succeeded = (await Client.GetJsonAsync($"{application}/endpoint/{first}/msg"))["data"].EnumerateArray().ShouldHaveSingleItem();
        (succeeded.GetProperty("id").GetString(), succeeded.GetProperty("status").GetInt32(), succeeded.GetProperty("statusText").GetString())
            .ShouldBe((message, 0, "success"));
        succeeded.GetProperty("nextAttempt").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
        (await CountAsync($"{application}/endpoint/{first}/msg?status=2")).ShouldBe(0);
        (await CountAsync($"{application}/endpoint/{second}/msg?status=2&event_types=x,y")).ShouldBe(1);
        (await CountAsync($"{application}/endpoint/{second}/msg?channel=none")).ShouldBe(0);
        (await Client.GetJsonAsync($"{application}/endpoint/{second}/msg?status=9")).Faults.ShouldBe(["status"]);

        (await Client.DeleteJsonAsync($"{application}/endpoint/{second}")).Status.ShouldBe(204);
        var destinations = (await Client.GetJsonAsync($"{application}/msg/{message}/endpoint"))["data"].EnumerateArray().ToList();
        destinations.Select(item => (item.GetProperty("id").GetString(), item.GetProperty("url").GetString(), item.GetProperty("statusText").GetString(),
            item.GetProperty("deleted").GetBoolean())).ShouldBe([(first, good.Url, "success", false), (second, bad.Url, "fail", true)]);
        (await CountAsync($"{application}/msg/{message}/endpoint/{second}/attempt")).ShouldBe(1);
        (await CountAsync($"{application}/msg/{message}/attempt")).ShouldBe(2);
        (await CountAsync($"{application}/attempt/msg/{message}?endpoint_id={first}")).ShouldBe(1);
    }

    [Fact]
    public async Task A_filter_that_no_attempt_could_ever_pass_is_refused_and_not_answered_with_an_empty_list()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var (application, endpoint) = await SubscribedAsync(receiver);

        (await Client.GetJsonAsync($"{application}/attempt/endpoint/{endpoint}?status=9&status_code_class=7")).Faults.ShouldBe(["status", "status_code_class"]);
        (await Client.GetJsonAsync($"{application}/attempt/endpoint/{endpoint}?status=1&status_code_class=500")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Attempts_bring_their_messages_on_demand()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var (application, endpoint) = await SubscribedAsync(receiver);
        var (message, _) = await DeliveredAsync(application);

        var plain = (await Client.GetJsonAsync($"{application}/attempt/endpoint/{endpoint}"))["data"][0];
        plain.TryGetProperty("msg", out _).ShouldBeFalse();
        var full = (await Client.GetJsonAsync($"{application}/attempt/endpoint/{endpoint}?with_msg=true&expanded_statuses=true"))["data"][0];
        full.GetProperty("msg").GetProperty("id").GetString().ShouldBe(message);
        full.GetProperty("msg").GetProperty("payload").GetRawText().ShouldBe("""{"a":1}""");
        var spare = (await Client.GetJsonAsync($"{application}/attempt/endpoint/{endpoint}?with_msg=true&with_content=false"))["data"][0];
        (spare.GetProperty("response").GetString(), spare.GetProperty("msg").GetProperty("payload").GetRawText()).ShouldBe(("", "{}"));
        (await CountAsync($"{application}/attempt/endpoint/{endpoint}?tag=none")).ShouldBe(0);
    }

    [Fact]
    public async Task Why_answers_for_every_endpoint_of_the_application_at_once()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var (application, endpoint) = await SubscribedAsync(receiver);
        var disabled = (await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}","disabled":true}""")).Id;
        var (message, _) = await DeliveredAsync(application);

        var whys = await Client.GetJsonAsync($"{application}/msg/{message}/why");

        whys["data"].EnumerateArray().Select(why => (why.GetProperty("endpointId").GetString(), why.GetProperty("reason").GetString()))
            .ShouldBe([(endpoint, "delivered"), (disabled, "endpointDisabled")]);
        whys["done"].GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task Statistics_count_attempts_of_a_range_and_what_is_pending()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var (application, endpoint) = await SubscribedAsync(receiver);
        await DeliveredAsync(application);
        var now = Server.Get<TimeProvider>().GetUtcNow();
        await Client.PostJsonAsync(application + "/msg", $$"""{"eventType":"x","payload":{},"deliverAt":"{{now.AddHours(1):O}}"}""");
        Task<Reply> Stats(string query) => Client.GetJsonAsync($"{application}/endpoint/{endpoint}/stats{query}");

        (await Stats("")).Text.ShouldBe("""{"success":1,"pending":1,"pendingIsMore":false,"sending":0,"fail":0,"canceled":0}""");
        (await Stats($"?until={now.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}"))["success"].GetInt64().ShouldBe(0);
        (await Stats("?until=0001-01-02T00:00:00Z"))["success"].GetInt64().ShouldBe(0);
        (await Stats("/history?until=0001-01-02T00:00:00Z"))["data"].GetArrayLength().ShouldBe(0);
        foreach (var range in new[]
        {
            $"?until={now.AddDays(1):yyyy-MM-ddTHH:mm:ssZ}", $"?since={now.AddDays(-29):yyyy-MM-ddTHH:mm:ssZ}",
            $"?since={now.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&until={now.AddHours(-2):yyyy-MM-ddTHH:mm:ssZ}",
        })
        {
            var refused = await Stats(range);
            (refused.Status, refused["code"].GetString()).ShouldBe((400, "invalid_range"), range);
        }

        var history = await Stats("/history?period=hour");
        var bucket = history["data"].EnumerateArray().ShouldHaveSingleItem();
        (bucket.GetProperty("succeeded").GetInt32(), bucket.GetProperty("failed").GetInt32()).ShouldBe((1, 0));
        bucket.GetProperty("averageDurationMs").GetDouble().ShouldBe(bucket.GetProperty("maxDurationMs").GetInt32());
        (await Stats("/history?period=minute"))["code"].GetString().ShouldBe("invalid_range");
        (await Stats("/history?period=week")).Faults.ShouldBe(["period"]);
        foreach (var first in new[] { "?until=0001-01-02T00:00:00Z", "/history?until=0001-01-28T23:00:00-05:00" })
            (await Stats(first)).Status.ShouldBe(200, first);
        (await Client.GetJsonAsync($"{application}/endpoint/{endpoint}/rate-limit-status")).Text.ShouldBe("""{"status":"Ok","throttledSince":null}""");
    }

    [Fact]
    public async Task Lanes_nodes_and_the_backlog_tell_what_is_still_to_be_done()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var (application, endpoint) = await SubscribedAsync(receiver);
        var later = Server.Get<TimeProvider>().GetUtcNow().AddHours(1);
        await Client.PostJsonAsync(application + "/msg", $$"""{"eventType":"x","payload":{},"deliverAt":"{{later:O}}"}""");

        var node = (await Client.GetJsonAsync("/api/v1/node"))["data"].EnumerateArray().ShouldHaveSingleItem();
        node.GetProperty("isThis").GetBoolean().ShouldBeTrue();
        node.GetProperty("lanes").GetInt32().ShouldBeGreaterThan(0);
        var lane = (await Client.GetJsonAsync($"/api/v1/lane?application={application.Split('/')[^1]}"))["data"].EnumerateArray().ShouldHaveSingleItem();
        (lane.GetProperty("endpointId").GetString(), lane.GetProperty("pending").GetInt32(), lane.GetProperty("node").GetString())
            .ShouldBe((endpoint, 1, node.GetProperty("id").GetString()));
        lane.GetProperty("state").GetString().ShouldBe("waiting");
        (await Client.GetJsonAsync($"{application}/endpoint/{endpoint}/lane")).Text.ShouldBe(lane.GetRawText());
        (await Client.GetJsonAsync("/api/v1/lane"))["data"].EnumerateArray().Select(each => each.GetProperty("endpointId").GetString()).ShouldContain(endpoint);
        (await Client.GetJsonAsync("/api/v1/backlog"))["pending"].GetInt64().ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Health_needs_no_key_and_has_no_body()
    {
        foreach (var path in new[] { "/api/v1/health", "/api/v1/health/", "/api/v1/health/ping" })
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
            {
                var reply = await Server.Stranger.SendAsync(method, path);
                (reply.Status, reply.Text).ShouldBe((204, ""));
            }
        }
    }

    private async Task<(string Application, string Endpoint)> SubscribedAsync(ScriptedReceiver receiver, string fields = "")
    {
        var application = await NewApplicationAsync();
        var endpoint = await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}"{{fields}}}""");
        endpoint.Status.ShouldBe(201);
        return (application, endpoint.Id);
    }

    private async Task<string> PublishAsync(string application) =>
        (await Client.PostJsonAsync(application + "/msg", """{"eventType":"x","payload":{"a":1}}""")).Id;

    private async Task<(string Message, string Attempt)> DeliveredAsync(string application)
    {
        using var settled = new Settled(Server, application);
        var message = await PublishAsync(application);
        await settled.NextAsync();
        return (message, (await Client.GetJsonAsync($"{application}/attempt/msg/{message}"))["data"][0].GetProperty("id").GetString()!);
    }

    private async Task<int> CountAsync(string path) => (await Client.GetJsonAsync(path))["data"].GetArrayLength();
}
