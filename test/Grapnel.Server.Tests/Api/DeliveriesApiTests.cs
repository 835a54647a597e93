using Grapnel.Server.Tests.Support;
using Grapnel.Testing;

namespace Grapnel.Server.Tests.Api;

public sealed class DeliveriesApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    [Fact]
    public async Task Attempts_of_a_message_and_of_an_endpoint_tell_what_happened()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var (application, endpoint) = await SubscribedAsync(receiver);
        using var settled = new Settled(Server, application);
        var message = await PublishAsync(application);
        await settled.NextAsync();

        var list = await Client.GetJsonAsync($"{application}/attempt/msg/{message}");
        var attempt = list["data"].EnumerateArray().ShouldHaveSingleItem();
        attempt.GetProperty("msgId").GetString().ShouldBe(message);
        attempt.GetProperty("endpointId").GetString().ShouldBe(endpoint);
        attempt.GetProperty("url").GetString().ShouldBe(receiver.Url);
        (attempt.GetProperty("status").GetInt32(), attempt.GetProperty("statusText").GetString()).ShouldBe((0, "success"));
        (attempt.GetProperty("responseStatusCode").GetInt32(), attempt.GetProperty("response").GetString()).ShouldBe((200, "ok"));
        attempt.GetProperty("triggerType").GetInt32().ShouldBe(0);

        (await Client.GetJsonAsync($"{application}/attempt/endpoint/{endpoint}")).Text.ShouldBe(list.Text);
        var id = attempt.GetProperty("id").GetString();
        (await Client.GetJsonAsync($"{application}/msg/{message}/attempt/{id}")).Text.ShouldBe(attempt.GetRawText());
        (await CountAsync($"{application}/attempt/endpoint/{endpoint}?status=0&status_code_class=200&event_types=x")).ShouldBe(1);
        (await CountAsync($"{application}/attempt/endpoint/{endpoint}?status=2")).ShouldBe(0);
        (await CountAsync($"{application}/attempt/endpoint/{endpoint}?status=1")).ShouldBe(0);
        (await CountAsync($"{application}/attempt/endpoint/{endpoint}?status_code_class=500")).ShouldBe(0);
        (await CountAsync($"{application}/attempt/endpoint/{endpoint}?before=2020-01-01T00:00:00Z")).ShouldBe(0);
        (await Client.GetJsonAsync($"{application}/attempt/endpoint/{endpoint}?with_content=false"))["data"][0].GetProperty("response").GetString().ShouldBe("");
        (await Client.GetJsonAsync($"{application}/msg/{message}/attempt/atmpt_nonsense")).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("status=9", "status")]
    [InlineData("status=-1", "status")]
    [InlineData("status_code_class=404", "status_code_class")]
    public async Task A_filter_that_no_attempt_could_pass_is_refused(string query, string fault)
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var (application, endpoint) = await SubscribedAsync(receiver);

        var reply = await Client.GetJsonAsync($"{application}/attempt/endpoint/{endpoint}?{query}");

        reply.Status.ShouldBe(422);
        reply.Faults.ShouldBe([fault]);
    }

    [Fact]
    public async Task A_failed_attempt_tells_when_the_next_one_is()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Status(500));
        var (application, endpoint) = await SubscribedAsync(receiver, """,  "retrySchedule":[3600]""");
        using var settled = new Settled(Server, application);
        var message = await PublishAsync(application);
        await settled.NextAsync();

        var attempt = (await Client.GetJsonAsync($"{application}/attempt/msg/{message}"))["data"][0];
        (attempt.GetProperty("status").GetInt32(), attempt.GetProperty("outcome").GetString()).ShouldBe((2, "refused"));
        var next = attempt.GetProperty("nextAttempt").GetDateTimeOffset();
        var why = await Client.GetJsonAsync($"{application}/msg/{message}/endpoint/{endpoint}/why");
        why["state"].GetString().ShouldBe("pending");
        why["reason"].GetString().ShouldBe("retrying");
        why["nextAttempt"].GetDateTimeOffset().ShouldBe(next);
        why["detail"].GetString().ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task A_message_is_sent_again_on_request()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var (application, endpoint) = await SubscribedAsync(receiver);
        using var settled = new Settled(Server, application);
        var message = await PublishAsync(application);
        await settled.NextAsync();
        var resent = await Client.PostJsonAsync($"{application}/msg/{message}/endpoint/{endpoint}/resend");
        (resent.Status, resent.Text).ShouldBe((202, "{}"));
        await settled.NextAsync();

        receiver.Requests.Select(request => request.Header("webhook-id")).ShouldBe([message, message]);
        var attempts = (await Client.GetJsonAsync($"{application}/attempt/msg/{message}"))["data"];
        attempts.EnumerateArray().Select(attempt => attempt.GetProperty("triggerType").GetInt32()).ShouldBe([1, 0]);
        (await Client.PostJsonAsync($"{application}/msg/{message}/endpoint/nobody/resend")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task What_is_scheduled_can_be_cancelled()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var (application, endpoint) = await SubscribedAsync(receiver);
        var at = Server.Get<TimeProvider>().GetUtcNow().AddHours(1);
        var message = (await Client.PostJsonAsync(application + "/msg", $$"""{"eventType":"x","payload":{},"deliverAt":"{{at:O}}"}""")).Id;
        (await WhyAsync(application, message, endpoint)).ShouldBe(("pending", "scheduled"));

        var cancelled = await Client.PostJsonAsync($"{application}/msg/{message}/cancel");
        (cancelled.Status, cancelled["cancelled"].GetInt32()).ShouldBe((200, 1));
        (await WhyAsync(application, message, endpoint)).ShouldBe(("cancelled", "cancelled"));
        (await Client.PostJsonAsync($"{application}/msg/{message}/endpoint/{endpoint}/cancel"))["cancelled"].GetInt32().ShouldBe(0);
        receiver.ConnectionCount.ShouldBe(0);
    }

    [Fact]
    public async Task Why_answers_for_what_arrived_and_for_what_was_never_owed()
    {
        await using var receiver = new ScriptedReceiver(Scripts.Answer(Scripts.Ok));
        var (application, endpoint) = await SubscribedAsync(receiver);
        var disabled = (await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}","disabled":true}""")).Id;
        var elsewhere = (await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}","channels":["eu"]}""")).Id;
        using var settled = new Settled(Server, application);
        var message = await PublishAsync(application);
        await settled.NextAsync();
        var late = (await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}"}""")).Id;

        (await WhyAsync(application, message, endpoint)).ShouldBe(("delivered", "delivered"));
        (await WhyAsync(application, message, disabled)).ShouldBe(("notOwed", "endpointDisabled"));
        (await WhyAsync(application, message, elsewhere)).ShouldBe(("notOwed", "noCommonChannel"));
        (await WhyAsync(application, message, late)).ShouldBe(("notOwed", "endpointNotCreated"));
    }

    private async Task<(string Application, string Endpoint)> SubscribedAsync(ScriptedReceiver receiver, string fields = "")
    {
        var application = await NewApplicationAsync();
        var endpoint = await Client.PostJsonAsync(application + "/endpoint", $$"""{"url":"{{receiver.Url}}"{{fields}}}""");
        endpoint.Status.ShouldBe(201);
        return (application, endpoint.Id);
    }

    private async Task<string> PublishAsync(string application)
    {
        var reply = await Client.PostJsonAsync(application + "/msg", """{"eventType":"x","payload":{}}""");
        reply.Status.ShouldBe(202);
        return reply.Id;
    }

    private async Task<int> CountAsync(string path) => (await Client.GetJsonAsync(path))["data"].GetArrayLength();

    private async Task<(string?, string?)> WhyAsync(string application, string message, string endpoint)
    {
        var why = await Client.GetJsonAsync($"{application}/msg/{message}/endpoint/{endpoint}/why");
        why.Status.ShouldBe(200);
        return (why["state"].GetString(), why["reason"].GetString());
    }
}
