using System.Text;
using System.Text.Json;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Api;

public sealed class MessagesApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    [Fact]
    public async Task A_message_is_accepted_and_read_back_by_id_and_by_event_id()
    {
        var messages = await NewApplicationAsync() + "/msg";
        var accepted = await Client.PostJsonAsync(messages, """
            {"eventType":"a.b","eventId":"evt-1","channels":["eu","us"],"tags":["t"],"payload":{ "n" : 1.0 },"unknown":{"x":[1]}}
            """);
        accepted.Status.ShouldBe(202);
        accepted["payload"].GetRawText().ShouldBe("{ \"n\" : 1.0 }");
        accepted["channels"].GetRawText().ShouldBe("""["eu","us"]""");
        (await Client.GetJsonAsync($"{messages}/{accepted.Id}")).Text.ShouldBe(accepted.Text);
        (await Client.GetJsonAsync($"{messages}/evt-1")).Text.ShouldBe(accepted.Text);
        (await Client.GetJsonAsync($"{messages}?channel=us"))["data"].GetArrayLength().ShouldBe(1);
        (await Client.GetJsonAsync($"{messages}?channel=asia"))["data"].GetArrayLength().ShouldBe(0);
        (await Client.GetJsonAsync($"{messages}?event_types=x,a.b"))["data"].GetArrayLength().ShouldBe(1);
        (await Client.GetJsonAsync($"{messages}?event_types[]=x"))["data"].GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Without_content_the_payload_is_an_empty_object()
    {
        var messages = await NewApplicationAsync() + "/msg";
        var accepted = await Client.PostJsonAsync(messages + "?with_content=false", """{"eventType":"x","payload":{"a":1}}""");
        accepted["payload"].GetRawText().ShouldBe("{}");
        (await Client.GetJsonAsync($"{messages}/{accepted.Id}?with_content=false"))["payload"].GetRawText().ShouldBe("{}");
        (await Client.GetJsonAsync($"{messages}?with_content=false"))["data"][0].GetProperty("payload").GetRawText().ShouldBe("{}");
        (await Client.GetJsonAsync($"{messages}/{accepted.Id}"))["payload"].GetRawText().ShouldBe("""{"a":1}""");
    }

    [Fact]
    public async Task An_event_id_is_accepted_once_per_application()
    {
        const string body = """{"eventType":"x","eventId":"once","payload":{}}""";
        var messages = await NewApplicationAsync() + "/msg";
        (await Client.PostJsonAsync(messages, body)).Status.ShouldBe(202);
        var repeated = await Client.PostJsonAsync(messages, body);
        repeated.Status.ShouldBe(409);
        repeated["code"].GetString().ShouldBe("conflict");
        (await Client.PostJsonAsync(await NewApplicationAsync() + "/msg", body)).Status.ShouldBe(202);
    }

    [Fact]
    public async Task An_idempotency_key_makes_a_repeat_harmless_and_another_body_a_conflict()
    {
        var messages = await NewApplicationAsync() + "/msg";
        Task<Reply> Post(string body) => Client.SendAsync(HttpMethod.Post, messages, Encoding.UTF8.GetBytes(body), headers: ("Idempotency-Key", "k"));
        var first = await Post("""{"eventType":"x","payload":{}}""");
        var again = await Post("""{"eventType":"x","payload":{}}""");
        (again.Status, again.Text).ShouldBe((202, first.Text));
        (await Post("""{"eventType":"x","payload":{"other":1}}""")).Status.ShouldBe(409);
        (await Client.GetJsonAsync(messages))["data"].GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task An_unknown_application_or_message_is_not_found()
    {
        (await Client.PostJsonAsync("/api/v1/app/nobody/msg", """{"eventType":"x","payload":{}}""")).Status.ShouldBe(404);
        var one = await NewApplicationAsync();
        var other = await NewApplicationAsync();
        var id = (await Client.PostJsonAsync(one + "/msg", """{"eventType":"x","payload":{}}""")).Id;
        (await Client.GetJsonAsync($"{other}/msg/{id}")).Status.ShouldBe(404);
        (await Client.GetJsonAsync($"{other}/attempt/msg/{id}")).Status.ShouldBe(404);
        (await Client.PostJsonAsync($"{other}/msg/{id}/cancel")).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("""{}""", "eventType,payload")]
    [InlineData("""{"eventType":1,"payload":[],"channels":"x","tags":[1],"deliverAt":"soon"}""", "eventType,payload,channels,tags.0,deliverAt")]
    [InlineData("""{"eventType":"a b","payload":{},"eventId":"a\r\nb","channels":[],"tags":["ü"]}""", "eventType,eventId,channels,tags.0")]
    [InlineData("""{"eventType":"x","payload":{},"channels":["1","2","3","4","5","6","7","8","9","10","11"],"deliverAt":"2999-01-01T00:00:00Z"}""", "channels,deliverAt")]
    [InlineData("""{"eventType":"x","payload":{},"transformationsParams":{"rawPayload":5}}""", "transformationsParams.rawPayload")]
    [InlineData("""{"eventType":"\ud800","payload":{}}""", "eventType")]
    [InlineData("""{"eventType":"x","payload":{},"transformationsParams":{"rawPayload":"x","headers":{"content-type":"a\r\nb: c"}}}""", "contentType")]
    public async Task Every_field_at_fault_is_named(string body, string faults)
    {
        var reply = await Client.PostJsonAsync(await NewApplicationAsync() + "/msg", body);
        reply.Status.ShouldBe(422);
        reply.Faults.ShouldBe(faults.Split(','), ignoreOrder: true);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("{\"eventType\":\"x\",\"payload\":{}")]
    [InlineData("{\"eventType\":\"x\",\"payload\":{}} trailing")]
    [InlineData("\ufeff{\"eventType\":\"x\",\"payload\":{}}")]
    public async Task A_body_that_is_not_JSON_is_told_so(string body)
    {
        var reply = await Client.PostJsonAsync(await NewApplicationAsync() + "/msg", body);
        reply.Status.ShouldBe(422);
        reply["detail"][0].GetProperty("type").GetString().ShouldBe("value_error.jsondecode");
    }

    [Fact]
    public async Task A_body_that_is_not_UTF8_is_refused()
    {
        byte[] body = [.. "{\"eventType\":\"x\",\"payload\":{\"a\":\""u8, 0xff, 0xfe, .. "\"}}"u8];
        var reply = await Client.SendAsync(HttpMethod.Post, await NewApplicationAsync() + "/msg", body);
        reply.Status.ShouldBe(422);
        reply["detail"][0].GetProperty("type").GetString().ShouldBe("value_error.jsondecode");
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{  \"a\" :\n\t1 }")]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("{\"big\":123456789012345678901234567890,\"f\":1.0,\"e\":1E+2,\"z\":-0.0}")]
    [InlineData("{\"esc\":\"\\u00e9\\/\\u0041\",\"raw\":\"é漢\u2028\"}")]
    [InlineData("{\"emoji\":\"😀\",\"escaped\":\"\\ud83d\\ude00\"}")]
    [InlineData("{\"lone\":\"\\ud800\"}")]
    [InlineData("{\"payload\":{\"eventType\":\"y\"},\"\":[[[[]]]]}")]
    public async Task The_payload_is_delivered_and_shown_byte_for_byte(string payload)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var application = await NewApplicationAsync();
        await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}"}""");
        var accepted = await Client.PostJsonAsync(application + "/msg", $$"""{ "payload" : {{payload}} , "eventType":"x"}""");
        accepted.Status.ShouldBe(202);

        var delivered = await receiver.NextRequestAsync();
        Encoding.UTF8.GetString(delivered.Body).ShouldBe(payload);
        delivered.Header("content-type").ShouldBe("application/json");
        (await Client.GetJsonAsync($"{application}/msg/{accepted.Id}")).Text.ShouldContain("\"payload\":" + payload + ",");
    }

    [Fact]
    public async Task A_raw_payload_is_delivered_as_its_text_with_its_content_type()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var application = await NewApplicationAsync();
        await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}"}""");
        const string text = "<a>é \"quoted\" 😀\n</a>";
        var body = JsonSerializer.Serialize(new
        {
            eventType = "x",
            payload = new { },
            transformationsParams = new { rawPayload = text, headers = new Dictionary<string, string> { ["Content-Type"] = "text/xml" } },
        });
        var accepted = await Client.PostJsonAsync(application + "/msg", body);
        accepted.Status.ShouldBe(202);
        Convert.FromBase64String(accepted["payloadBase64"].GetString()!).ShouldBe(Encoding.UTF8.GetBytes(text));

        var delivered = await receiver.NextRequestAsync();
        Encoding.UTF8.GetString(delivered.Body).ShouldBe(text);
        delivered.Header("content-type").ShouldBe("text/xml");
    }
}
