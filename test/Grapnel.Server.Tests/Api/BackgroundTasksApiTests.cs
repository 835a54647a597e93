using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Api;

public sealed class BackgroundTasksApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    private static readonly string Since = $"{TimeProvider.System.GetUtcNow().AddHours(-1):O}";

    [Theory]
    [InlineData("recover", "endpoint.recover")]
    [InlineData("bulk-replay", "endpoint.bulk-replay")]
    public async Task What_failed_is_sent_once_more_by_a_task_that_tells_how_far_it_came(string route, string kind)
    {
        var status = 500;
        await using var receiver = new ScriptedReceiver(async connection =>
        {
            while (await connection.ReadRequestAsync() is not null)
                await connection.WriteAsync($"HTTP/1.1 {Volatile.Read(ref status)} Whatever\r\nContent-Length: 0\r\n\r\n");
        });
        var (application, endpoint) = await SubscribedAsync(receiver, """,  "retrySchedule":[]""");
        using var settled = new Settled(Server, application);
        var message = await PublishAsync(application);
        await settled.NextAsync();
        Volatile.Write(ref status, 200);

        var begun = await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/{route}", $$"""{"since":"{{Since}}","rate":100}""");
        begun.Status.ShouldBe(202);
        (begun["status"].GetString(), begun["task"].GetString()).ShouldBe(("running", kind));
        begun.Id.ShouldStartWith("qtask_");
        await settled.NextAsync();

        receiver.Requests.Select(request => request.Header("webhook-id")).ShouldBe([message, message]);
        var ended = await EndOfAsync(begun.Id);
        var data = ended["data"];
        ended["status"].GetString().ShouldBe("finished");
        (data.GetProperty("messagesSent").GetInt32(), data.GetProperty("done").GetInt32(), data.GetProperty("total").GetInt32()).ShouldBe((1, 1, 1));
        (data.GetProperty("rate").GetInt32(), data.GetProperty("endpointId").GetString()).ShouldBe((100, endpoint));
        ended["updatedAt"].GetDateTimeOffset().ShouldBeGreaterThanOrEqualTo(ended["createdAt"].GetDateTimeOffset());
    }

    [Fact]
    public async Task What_was_published_before_an_endpoint_was_there_is_replayed_to_it()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var application = await NewApplicationAsync();
        var message = await PublishAsync(application);
        var endpoint = (await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}"}""")).Id;
        using var settled = new Settled(Server, application);

        var begun = await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/replay-missing", $$"""{"since":"{{Since}}"}""");
        await settled.NextAsync();

        (begun.Status, begun["data"].GetProperty("rate").GetInt32()).ShouldBe((202, 1_000), "a replay that names no rate is slow enough for what is live");
        receiver.Requests.Single().Header("webhook-id").ShouldBe(message);
        (await Client.GetJsonAsync($"{application}/attempt/msg/{message}"))["data"][0].GetProperty("triggerType").GetInt32().ShouldBe(0);
        var why = await Client.GetJsonAsync($"{application}/msg/{message}/endpoint/{endpoint}/why");
        why["state"].GetString().ShouldBe("delivered");
    }

    [Fact]
    public async Task A_dry_run_counts_and_does_nothing()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var application = await NewApplicationAsync();
        await PublishAsync(application);
        await PublishAsync(application);
        var endpoint = (await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}"}""")).Id;

        var reply = await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/replay-missing", $$"""{"since":"{{Since}}","dryRun":true}""");

        reply.Status.ShouldBe(200);
        reply.Text.ShouldBe("""{"count":2,"scanned":2,"complete":true}""");
        receiver.ConnectionCount.ShouldBe(0);
    }

    [Theory]
    [InlineData("recover", """{}""", "since")]
    [InlineData("recover", """{"since":"15d","rate":0}""", "since,rate")]
    [InlineData("recover", """{"since":"1d","until":"2d"}""", "until")]
    [InlineData("replay-missing", """{"since":"-1d","rate":100001}""", "since,rate")]
    [InlineData("replay-missing", """{"since":"nonsense","dryRun":3}""", "since,dryRun")]
    [InlineData("bulk-replay", """{"since":"1d","status":5,"statusCodeClass":201,"eventTypes":[]}""", "status,statusCodeClass,eventTypes")]
    [InlineData("bulk-replay", """{"since":"1d","channel":1,"tag":2,"eventTypes":3}""", "eventTypes,channel,tag")]
    [InlineData("cancel-msgs", """{}""", "createdBefore")]
    public async Task Every_field_at_fault_is_named(string route, string body, string faults)
    {
        var application = await NewApplicationAsync();
        var endpoint = (await Client.PostJsonAsync(application + "/endpoint", """{"url":"https://example.com/"}""")).Id;
        var now = TimeProvider.System.GetUtcNow();
        foreach (var days in new[] { 15, 2, 1, -1 })
            body = body.Replace($"\"{days}d\"", $"\"{now.AddDays(-days):O}\"", StringComparison.Ordinal);

        var reply = await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/{route}", body);

        reply.Status.ShouldBe(422);
        string.Join(',', reply.Faults).ShouldBe(faults);
    }

    [Fact]
    public async Task A_replay_may_reach_back_as_far_as_there_is_history_and_a_recover_fourteen_days()
    {
        var (application, endpoint) = await SubscribedAsync("https://example.com/");
        var longAgo = $$"""{"since":"1970-01-01T00:00:00Z","dryRun":true}""";
        (await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/bulk-replay", longAgo)).Status.ShouldBe(200);
        var days = $$"""{"since":"{{TimeProvider.System.GetUtcNow().AddDays(-14).AddMinutes(1):O}}","dryRun":true}""";
        (await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/recover", days)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task A_disabled_endpoint_is_refused_with_409()
    {
        var (application, endpoint) = await SubscribedAsync("https://example.com/", """,  "disabled":true""");
        var reply = await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/recover", $$"""{"since":"{{Since}}"}""");
        (reply.Status, reply["code"].GetString()).ShouldBe((409, "endpoint_disabled"));
    }

    [Fact]
    public async Task A_cancelled_task_reads_as_failed_because_clients_know_no_other_word_and_says_that_it_was_cancelled()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var (application, endpoint) = await SubscribedAsync(receiver);
        using var settled = new Settled(Server, application);
        for (var n = 0; n < 20; n++)
        {
            await PublishAsync(application);
            await settled.NextAsync();
        }
        var task = (await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/bulk-replay", $$"""{"since":"{{Since}}","rate":1}""")).Id;

        var cancelled = await Client.PostJsonAsync($"/api/v1/background-task/{task}/cancel");

        (cancelled.Status, cancelled["status"].GetString(), cancelled["data"].GetProperty("cancelled").GetBoolean()).ShouldBe((200, "failed", true));
        (await Client.PostJsonAsync($"/api/v1/background-task/{task}/cancel")).Status.ShouldBe(409);
        (await ListedAsync("status=cancelled")).ShouldContain(task);
        (await ListedAsync("status=failed&task=endpoint.bulk-replay")).ShouldContain(task);
        (await ListedAsync("status=running")).ShouldNotContain(task);
        (await ListedAsync("status=failed&task=endpoint.recover")).ShouldNotContain(task);
        (await Client.GetJsonAsync("/api/v1/background-task?status=nonsense")).Status.ShouldBe(422);
        (await Client.GetJsonAsync("/api/v1/background-task?iterator=nonsense")).Status.ShouldBe(422);
        (await Client.GetJsonAsync("/api/v1/background-task/qtask_nonsense")).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("/api/v1/broadcast")]
    [InlineData("/api/v1/msg/broadcast")]
    public async Task A_broadcast_publishes_to_every_application_byte_for_byte(string path)
    {
        await using var server = await TestServer.StartAsync();
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var applications = new List<string>();
        foreach (var name in new[] { "a", "b" })
            applications.Add($"/api/v1/app/{(await server.Client.PostJsonAsync("/api/v1/app", $$"""{"name":"{{name}}"}""")).Id}");

        var begun = await server.Client.PostJsonAsync(path, """{"eventType":"news","payload":{ "n" : 1.0 },"eventId":"news-1","tags":["t"]}""");
        (begun.Status, begun["task"].GetString()).ShouldBe((202, "message.broadcast"));
        var ended = await EndOfAsync(begun.Id, server.Client);

        (ended["data"].GetProperty("done").GetInt32(), ended["data"].GetProperty("total").GetInt32()).ShouldBe((3, 3));
        foreach (var application in applications.Append("/api/v1/app/default"))
        {
            var message = await server.Client.GetJsonAsync($"{application}/msg/news-1");
            message["payload"].GetRawText().ShouldBe("""{ "n" : 1.0 }""");
            message["tags"][0].GetString().ShouldBe("t");
        }
        (await server.Client.GetJsonAsync("/api/v1/app/operational/msg"))["data"].GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task A_broadcast_that_does_not_fit_is_refused_and_nothing_is_begun()
    {
        var reply = await Client.PostJsonAsync("/api/v1/broadcast", """{"eventType":"no spaces","payload":{}}""");
        (reply.Status, string.Join(',', reply.Faults)).ShouldBe((422, "eventType"));
        var large = $$$"""{"eventType":"a","payload":{"x":"{{{new string('x', 1 << 20)}}}"}}""";
        (await Client.PostJsonAsync("/api/v1/broadcast", large)).Status.ShouldBe(413);
        (await ListedAsync("task=message.broadcast")).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_pending_of_older_messages_is_cancelled()
    {
        var (application, endpoint) = await SubscribedAsync("https://example.com/");
        var now = TimeProvider.System.GetUtcNow();
        var body = $$"""{"eventType":"x","payload":{},"deliverAt":"{{now.AddHours(1):O}}"}""";
        var message = (await Client.PostJsonAsync(application + "/msg", body)).Id;

        (await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/cancel-msgs", $$"""{"createdBefore":"{{now.AddMinutes(-1):O}}"}""")).Status.ShouldBe(204);
        (await ReasonAsync()).ShouldBe("scheduled");
        (await Client.PostJsonAsync($"{application}/endpoint/{endpoint}/cancel-msgs", $$"""{"createdBefore":"{{now.AddMinutes(1):O}}"}""")).Status.ShouldBe(204);
        (await ReasonAsync()).ShouldBe("cancelled");

        async Task<string?> ReasonAsync() =>
            (await Client.GetJsonAsync($"{application}/msg/{message}/endpoint/{endpoint}/why"))["reason"].GetString();
    }

    private async Task<Reply> EndOfAsync(string task, HttpClient? client = null)
    {
        Reply reply = null!;
        await Faults.Harness.Eventually.IsTrueAsync("the task ends", async () =>
            (reply = await (client ?? Client).GetJsonAsync($"/api/v1/background-task/{task}"))["status"].GetString() != "running");
        return reply;
    }

    private async Task<List<string>> ListedAsync(string query) =>
        [.. (await Client.GetJsonAsync($"/api/v1/background-task?limit=250&{query}"))["data"].EnumerateArray().Select(task => task.GetProperty("id").GetString()!)];

    private Task<(string Application, string Endpoint)> SubscribedAsync(ScriptedReceiver receiver, string fields = "") =>
        SubscribedAsync(receiver.Url, fields);

    private async Task<(string Application, string Endpoint)> SubscribedAsync(string url, string fields = "")
    {
        var application = await NewApplicationAsync();
        var endpoint = await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{url}}"{{fields}}}""");
        endpoint.Status.ShouldBe(201);
        return (application, endpoint.Id);
    }

    private async Task<string> PublishAsync(string application)
    {
        var reply = await Client.PostJsonAsync(application + "/msg", """{"eventType":"x","payload":{}}""");
        reply.Status.ShouldBe(202);
        return reply.Id;
    }
}
