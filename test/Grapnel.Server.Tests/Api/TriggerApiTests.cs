using System.Text;
using System.Text.Json;
using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Api;

public sealed class TriggerApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    public static TheoryData<byte[], string?> Bodies => new()
    {
        { "{ \"a\" : 1.0,\"a\":2 }"u8.ToArray(), "application/json; charset=utf-8" },
        { [0xef, 0xbb, 0xbf, .. "{}"u8], "application/json" },
        { [0x00, 0xff, 0xfe, 0x0d, 0x0a, 0x80], "application/octet-stream" },
        { "a=1&b=2"u8.ToArray(), "application/x-www-form-urlencoded" },
        { "plain, without a type"u8.ToArray(), null },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Whatever_the_body_is_it_is_delivered_byte_for_byte_with_its_content_type(byte[] body, string? contentType)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var type = await SubscribedAsync(receiver);
        (await Client.SendAsync(HttpMethod.Post, $"/trigger/{type}", body, contentType)).Status.ShouldBe(202);
        var delivered = await receiver.NextRequestAsync();
        delivered.Body.ShouldBe(body);
        delivered.Header("content-type").ShouldBe(contentType ?? "application/json");
    }

    [Fact]
    public async Task Without_a_body_the_standard_envelope_is_delivered()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var type = await SubscribedAsync(receiver);
        (await Client.PostJsonAsync($"/trigger/{type}/")).Status.ShouldBe(202);
        var envelope = JsonDocument.Parse((await receiver.NextRequestAsync()).Body).RootElement;
        envelope.EnumerateObject().Select(member => member.Name).ShouldBe(["type", "timestamp", "data"]);
        envelope.GetProperty("type").GetString().ShouldBe(type);
        envelope.GetProperty("data").GetRawText().ShouldBe("{}");
    }

    [Fact]
    public async Task The_receipt_tells_which_endpoints_are_owed_the_event_and_why_the_others_are_not()
    {
        var (wanted, other) = (await NewEventTypeAsync(), await NewEventTypeAsync());
        Task<Reply> Add(string fields) => Client.PostJsonAsync("/api/v1/app/default/endpoint", $$"""{"url":"http://127.0.0.1:9/",{{fields}}}""");
        var owed = (await Add($"\"uid\":\"u-{wanted}\",\"eventTypes\":[\"{wanted}\"]")).Id;
        var notSubscribed = (await Add($"\"eventTypes\":[\"{other}\"]")).Id;
        var disabled = (await Add($"\"eventTypes\":[\"{wanted}\"],\"disabled\":true")).Id;

        var receipt = await Client.PostJsonAsync($"/trigger/{wanted}", "{}");
        receipt.Status.ShouldBe(202);
        receipt["eventType"].GetString().ShouldBe(wanted);
        var first = receipt["owed"].EnumerateArray().Single(route => route.GetProperty("endpointId").GetString() == owed);
        (first.GetProperty("uid").GetString(), first.GetProperty("reason").GetString()).ShouldBe(($"u-{wanted}", "eventTypeSubscribed"));
        string? Reason(string id) => receipt["notOwed"].EnumerateArray()
            .Single(route => route.GetProperty("endpointId").GetString() == id).GetProperty("reason").GetString();
        Reason(notSubscribed).ShouldBe("eventTypeNotSubscribed");
        Reason(disabled).ShouldBe("endpointDisabled");
    }

    [Fact]
    public async Task An_unknown_event_type_is_not_found_and_named()
    {
        var reply = await Client.PostJsonAsync("/trigger/none.such", "{}");
        reply.Status.ShouldBe(404);
        reply["detail"].GetString()!.ShouldContain("'none.such'");
    }

    [Fact]
    public async Task An_idempotency_key_makes_a_repeat_harmless()
    {
        var type = await NewEventTypeAsync();
        Task<Reply> Post(string body) => Client.SendAsync(HttpMethod.Post, $"/trigger/{type}", Encoding.UTF8.GetBytes(body), headers: ("Idempotency-Key", type));
        var first = await Post("{}");
        (await Post("{}")).Text.ShouldBe(first.Text);
        (await Post("[]")).Status.ShouldBe(409);
    }

    [Fact]
    public async Task What_does_not_fit_is_named_as_the_part_of_the_request_that_it_stands_in()
    {
        var reply = await Client.SendAsync(HttpMethod.Post, "/trigger/a%0d%0ax-evil:1", "{}"u8.ToArray(), new string('x', 257));

        reply.Status.ShouldBe(422);
        reply["detail"].EnumerateArray().Select(fault => fault.GetProperty("loc").GetRawText())
            .ShouldBe(["""["path","event"]""", """["header","Content-Type"]"""], ignoreOrder: true);
    }

    private async Task<string> SubscribedAsync(ScriptedReceiver receiver)
    {
        var type = await NewEventTypeAsync();
        var endpoint = $$"""{"url":"{{receiver.Url}}","eventTypes":["{{type}}"]}""";
        (await Client.PostJsonAsync("/api/v1/app/default/endpoint", endpoint)).Status.ShouldBe(201);
        return type;
    }
}
