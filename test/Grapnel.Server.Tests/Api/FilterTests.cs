using System.Text.Json;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Api;

public sealed class FilterTests(ServerFixture fixture) : ServerTest(fixture)
{
    private async Task<string> NewEndpointAsync(string application, string? filter, string more = "")
    {
        var body = $$"""{"url":"http://127.0.0.1:9/","retrySchedule":[],"filter":{{JsonSerializer.Serialize(filter)}}{{more}}}""";
        var reply = await Client.PostJsonAsync($"{application}/endpoint", body);
        reply.Status.ShouldBe(201, reply.Text);
        return reply.Id;
    }

    private async Task<string> WhyAsync(string application, string message, string endpoint) =>
        (await Client.GetJsonAsync($"{application}/msg/{message}/endpoint/{endpoint}/why"))["reason"].GetString()!;

    [Fact]
    public async Task A_filter_is_set_shown_changed_and_unset()
    {
        var application = await NewApplicationAsync();
        var endpoint = $"{application}/endpoint/{await NewEndpointAsync(application, "amount > `10`")}";
        (await Client.GetJsonAsync(endpoint))["filter"].GetString().ShouldBe("amount > `10`");
        (await Client.PatchJsonAsync(endpoint, """{"filter":"vip"}"""))["filter"].GetString().ShouldBe("vip");
        (await Client.PatchJsonAsync(endpoint, """{"description":"x"}"""))["filter"].GetString().ShouldBe("vip");
        (await Client.PutJsonAsync(endpoint, """{"url":"http://127.0.0.1:9/"}"""))["filter"].ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Theory]
    [InlineData("amount >", "ends too early")]
    [InlineData("amount = `1`", "use '=='")]
    [InlineData("size(@)", "no function 'size'")]
    [InlineData("", "ends too early")]
    public async Task What_is_no_expression_is_refused_with_the_reason(string filter, string reason)
    {
        var application = await NewApplicationAsync();
        var body = $$"""{"url":"http://127.0.0.1:9/","filter":{{JsonSerializer.Serialize(filter)}}}""";
        var reply = await Client.PostJsonAsync($"{application}/endpoint", body);
        (reply.Status, string.Join(',', reply.Faults)).ShouldBe((422, "filter"));
        reply.Text.Replace("\\u0027", "'").ShouldContain(reason);
    }

    [Fact]
    public async Task Only_what_passes_the_filter_is_owed_and_why_says_so()
    {
        var application = await NewApplicationAsync();
        var big = await NewEndpointAsync(application, "amount > `10`");
        var all = await NewEndpointAsync(application, null);
        var message = (await Client.PostJsonAsync($"{application}/msg", """{"eventType":"a","payload":{"amount":10}}""")).Id;
        (await WhyAsync(application, message, big)).ShouldBe("filterRejected");
        (await WhyAsync(application, message, all)).ShouldNotBe("filterRejected");

        // It is the filter of the time that counts.
        await Client.PatchJsonAsync($"{application}/endpoint/{big}", """{"filter":null}""");
        (await WhyAsync(application, message, big)).ShouldBe("filterRejected");
        var next = (await Client.PostJsonAsync($"{application}/msg", """{"eventType":"a","payload":{"amount":10}}""")).Id;
        (await WhyAsync(application, next, big)).ShouldNotBe("filterRejected");
    }

    [Fact]
    public async Task The_other_rules_of_routing_speak_before_the_filter()
    {
        var application = await NewApplicationAsync();
        var channel = await NewEndpointAsync(application, "no", ""","channels":["eu"]""");
        var message = (await Client.PostJsonAsync($"{application}/msg", """{"eventType":"a","payload":{}}""")).Id;
        (await WhyAsync(application, message, channel)).ShouldBe("noCommonChannel");
    }

    [Fact]
    public async Task A_trigger_tells_what_a_filter_rejected_even_when_the_body_is_no_json()
    {
        var type = await NewEventTypeAsync();
        var body = $$"""{"url":"http://127.0.0.1:9/","retrySchedule":[],"filter":"ok == `true`","eventTypes":["{{type}}"]}""";
        var endpoint = (await Client.PostJsonAsync("/api/v1/app/default/endpoint", body)).Id;
        foreach (var (payload, list, reason) in new[]
        {
            ("""{"ok":true}""", "owed", "eventTypeSubscribed"), ("""{"ok":"yes"}""", "notOwed", "filterRejected"), ("ok", "notOwed", "filterRejected"),
            ("""{"ok":tru""", "notOwed", "filterRejected"),
        })
        {
            var reply = await Client.PostJsonAsync($"/trigger/{type}", payload);
            reply[list].EnumerateArray().Single(e => e.GetProperty("endpointId").GetString() == endpoint)
                .GetProperty("reason").GetString().ShouldBe(reason, payload);
        }
    }
}
