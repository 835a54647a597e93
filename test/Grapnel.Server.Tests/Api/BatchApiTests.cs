using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Api;

public sealed class BatchApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    private const string Lines = "application/x-ndjson";

    [Fact]
    public async Task A_batch_is_answered_message_by_message_and_each_is_delivered()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var application = await NewApplicationAsync();
        await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}"}""");

        var reply = await Client.PostJsonAsync(application + "/msg/batch",
            """[{"eventType":"a","payload":{"n":1},"eventId":"one"},{"eventType":"b","payload":{ "n" : 2 }}]""");

        (reply.Status, reply["accepted"].GetInt32(), reply["refused"].GetInt32()).ShouldBe((202, 2, 0));
        reply["data"].EnumerateArray().Select(item => item.GetProperty("status").GetInt32()).ShouldBe([202, 202]);
        reply["data"][0].GetProperty("eventId").GetString().ShouldBe("one");
        var delivered = new[] { await receiver.NextRequestAsync(), await receiver.NextRequestAsync() };
        delivered.Select(request => Encoding.UTF8.GetString(request.Body)).ShouldBe(["""{"n":1}""", """{ "n" : 2 }"""], ignoreOrder: true);
        delivered.Select(request => request.Header("webhook-id")).ShouldBe(IdsOf(reply), ignoreOrder: true);
    }

    [Fact]
    public async Task A_message_that_does_not_fit_is_refused_by_itself()
    {
        var application = await NewApplicationAsync();
        await Client.PostJsonAsync(application + "/msg", """{"eventType":"a","payload":{},"eventId":"taken"}""");

        var reply = await Client.PostJsonAsync(application + "/msg/batch", $$$"""
            {"messages":[{"eventType":"a","payload":{}},{"payload":[]},7,{"eventType":"a","payload":{},"eventId":"taken"},{"eventType":"a b","payload":{}},
             {"eventType":"a","payload":{"big":"{{{new string('x', 1 << 20)}}}"}},{"eventType":"a","payload":{}}],"ignored":1}
            """);

        (reply.Status, reply["accepted"].GetInt32(), reply["refused"].GetInt32()).ShouldBe((207, 2, 5));
        reply["data"].EnumerateArray().Select(item => item.GetProperty("status").GetInt32()).ShouldBe([202, 422, 422, 409, 422, 413, 202]);
        reply["data"][1].GetProperty("detail").EnumerateArray().Select(fault => fault.GetProperty("loc")[1].GetString())
            .ShouldBe(["payload", "eventType"], ignoreOrder: true);
        reply["data"][4].GetProperty("detail")[0].GetProperty("loc")[1].GetString().ShouldBe("eventType");
        (await Client.GetJsonAsync(application + "/msg"))["data"].GetArrayLength().ShouldBe(3);
    }

    [Theory]
    [InlineData("[]", "messages")]
    [InlineData("{}", "messages")]
    [InlineData("""{"messages":{}}""", "messages")]
    [InlineData("7", "messages")]
    public async Task A_batch_that_is_none_is_refused(string body, string fault)
    {
        var reply = await Client.PostJsonAsync(await NewApplicationAsync() + "/msg/batch", body);

        reply.Status.ShouldBe(422);
        reply.Faults.ShouldBe([fault]);
    }

    [Theory]
    [InlineData("""[{"eventType":"a","payload":{}},{"eventType":]""")]
    [InlineData("""[{"eventType":"a","payload":{}}] trailing""")]
    [InlineData("""[{"eventType":"a","payload":{}}""")]
    [InlineData("""[{"eventType":"a","payload":{},"\ud800":1}]""")]
    [InlineData("""{"\ud800essages":1,"messages":[{"eventType":"a","payload":{}}]}""")]
    public async Task A_batch_that_is_not_JSON_stores_nothing(string body)
    {
        var application = await NewApplicationAsync();

        var reply = await Client.PostJsonAsync(application + "/msg/batch", body);

        (reply.Status, reply["detail"][0].GetProperty("type").GetString()).ShouldBe((422, "value_error.jsondecode"));
        (await Client.GetJsonAsync(application + "/msg"))["data"].GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task A_batch_holds_1000_messages_and_not_one_more()
    {
        var application = await NewApplicationAsync();

        (await Client.PostJsonAsync(application + "/msg/batch", BatchOf(1000)))["accepted"].GetInt32().ShouldBe(1000);
        (await Client.PostJsonAsync(application + "/msg/batch", BatchOf(1001))).Status.ShouldBe(422);
        (await Client.PostJsonAsync("/api/v1/app/nobody/msg/batch", BatchOf(1))).Status.ShouldBe(404);
    }

    [Fact]
    public async Task A_batch_that_is_too_large_is_told_so()
    {
        var reply = await Client.PostJsonAsync(await NewApplicationAsync() + "/msg/batch", "[" + new string(' ', 8 << 20) + "]");

        (reply.Status, reply["code"].GetString()).ShouldBe((413, "payload_too_large"));
    }

    [Fact]
    public async Task Parallel_batches_with_one_idempotency_key_are_stored_once_and_all_get_the_same_answer()
    {
        var application = await NewApplicationAsync();
        const string body = """[{"eventType":"a","payload":{}},{"eventType":"","payload":{}},{"eventType":"b","payload":{}}]""";

        var replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => PostAsync(application, body, "key")));

        replies.Select(reply => (reply.Status, reply.Text)).Distinct().Count().ShouldBe(1);
        replies[0].Status.ShouldBe(207);
        (await Client.GetJsonAsync(application + "/msg"))["data"].GetArrayLength().ShouldBe(2);
        (await PostAsync(application, """[{"eventType":"a","payload":{}}]""", "key"))["code"].GetString().ShouldBe("idempotency_key_reused");
        (await Client.GetJsonAsync(application + "/msg"))["data"].GetArrayLength().ShouldBe(2);
    }

    [Fact]
    public async Task A_stream_of_lines_is_stored_as_it_comes_and_ends_with_the_counts()
    {
        var application = await NewApplicationAsync();
        var body = string.Join('\n', Enumerable.Range(0, 1500).Select(n => $$$"""{"eventType":"a","payload":{"n":{{{n}}}}}"""));

        var told = await StreamAsync(application, body + "\n\nnonsense\n{\"eventType\":\"a b\",\"payload\":{}}\r\n7");

        told.Select(line => line.TryGetProperty("line", out var number) ? number.GetInt32() : 0).ShouldBe([1502, 1503, 1504, 0]);
        told[..3].Select(line => line.GetProperty("status").GetInt32()).ShouldBe([422, 422, 422]);
        (told[^1].GetProperty("done").GetBoolean(), told[^1].GetProperty("accepted").GetInt32(), told[^1].GetProperty("refused").GetInt32())
            .ShouldBe((true, 1500, 3));
    }

    [Fact]
    public async Task A_stream_that_is_sent_again_with_its_idempotency_key_stores_only_what_is_new()
    {
        var application = await NewApplicationAsync();
        const string start = "{\"eventType\":\"a\",\"payload\":{}}\n{\"eventType\":\"b\",\"payload\":{}}\n";
        var first = await StreamAsync(application, start, "?results=all", "key");

        var again = await StreamAsync(application, start + "{\"eventType\":\"c\",\"payload\":{}}", "?results=all", "key");
        var other = await StreamAsync(application, "{\"eventType\":\"x\",\"payload\":{}}", "?results=all", "key");

        again[..2].Select(line => line.GetProperty("id").GetString()).ShouldBe(first[..2].Select(line => line.GetProperty("id").GetString()));
        other[0].GetProperty("code").GetString().ShouldBe("idempotency_key_reused");
        (await Client.GetJsonAsync(application + "/msg"))["data"].GetArrayLength().ShouldBe(3);
    }

    [Fact]
    public async Task A_line_that_is_too_long_ends_the_stream_and_what_came_before_it_stays()
    {
        var application = await NewApplicationAsync();
        var tooLong = "{\"eventType\":\"a\",\"payload\":{\"x\":\"" + new string('x', 3 << 20) + "\"}}";

        var told = await StreamAsync(application, "{\"eventType\":\"a\",\"payload\":{}}\n" + tooLong + "\n");

        (told[^1].GetProperty("status").GetInt32(), told[^1].GetProperty("line").GetInt32(), told[^1].GetProperty("done").GetBoolean(),
            told[^1].GetProperty("accepted").GetInt32()).ShouldBe((413, 2, false, 1));
        (await Client.GetJsonAsync(application + "/msg"))["data"].GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task A_stream_for_nobody_and_a_wrong_wish_are_refused_before_it_begins()
    {
        (await SendAsync("/api/v1/app/nobody", "{}", "", null)).Status.ShouldBe(404);
        (await SendAsync(await NewApplicationAsync(), "{}", "?results=some", null)).Faults.ShouldBe(["results"]);
        (await SendAsync(await NewApplicationAsync(), "{}", "", new string('k', 257))).Faults.ShouldBe(["Idempotency-Key"]);
    }

    [Fact]
    public async Task A_stream_that_is_open_when_the_server_stops_is_told_so_and_holds_nothing_up()
    {
        var server = await TestServer.StartAsync(new Dictionary<string, string?> { ["Delivery:ShutdownGrace"] = "60s" });
        // By hand: an HttpClient reads no answer before it has sent the whole body.
        using var connection = new TcpClient();
        await connection.ConnectAsync(server.Address.Host, server.Address.Port);
        const string Line = "{\"eventType\":\"a\",\"payload\":{}}\n";
        await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /api/v1/app/default/msg/batch?results=all HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TestServer.Key}\r\nContent-Type: {Lines}\r\n"
            + $"Transfer-Encoding: chunked\r\n\r\n{Line.Length:x}\r\n{Line}\r\n"));
        using var told = new StreamReader(connection.GetStream());
        await NextJsonAsync(told);

        server.Get<Microsoft.Extensions.Hosting.IHostApplicationLifetime>().StopApplication();

        var end = await NextJsonAsync(told);
        (end.GetProperty("status").GetInt32(), end.GetProperty("done").GetBoolean(), end.GetProperty("accepted").GetInt32()).ShouldBe((503, false, 1));
        end.GetProperty("detail").GetString()!.ShouldNotContain("nothing was accepted");
        await server.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static async Task<JsonElement> NextJsonAsync(StreamReader answer)
    {
        while (await answer.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)) is { } line)
            if (line.StartsWith('{'))
                return JsonDocument.Parse(line).RootElement;
        throw new EndOfStreamException("The answer ended.");
    }

    private static string BatchOf(int count) => "[" + string.Join(',', Enumerable.Repeat("""{"eventType":"a","payload":{}}""", count)) + "]";

    private static IEnumerable<string?> IdsOf(Reply reply) => reply["data"].EnumerateArray().Select(item => item.GetProperty("id").GetString());

    private Task<Reply> PostAsync(string application, string body, string key) => Client.SendAsync(
        HttpMethod.Post, application + "/msg/batch", Encoding.UTF8.GetBytes(body), headers: ("Idempotency-Key", key));

    private Task<Reply> SendAsync(string application, string body, string query, string? key) => Client.SendAsync(
        HttpMethod.Post, $"{application}/msg/batch{query}", Encoding.UTF8.GetBytes(body), Lines, chunked: true,
        headers: key is null ? [] : [("Idempotency-Key", key)]);

    private async Task<JsonElement[]> StreamAsync(string application, string body, string query = "", string? key = null)
    {
        var reply = await SendAsync(application, body, query, key);
        (reply.Status, reply.ContentType).ShouldBe((200, Lines));
        return [.. reply.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
