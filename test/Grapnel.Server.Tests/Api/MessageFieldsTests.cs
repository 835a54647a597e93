using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Api;

public sealed class MessageFieldsTests(ServerFixture fixture) : ServerTest(fixture)
{
    [Fact]
    public async Task An_application_is_made_with_its_first_message_and_then_left_alone()
    {
        var uid = $"fly-{Guid.NewGuid():N}";
        string Body(string name) => $$"""{"eventType":"a","payload":{},"application":{"name":"{{name}}","uid":"{{uid}}"} }""";
        (await Client.PostJsonAsync($"/api/v1/app/{uid}/msg", """{"eventType":"a","payload":{}}""")).Status.ShouldBe(404);
        (await Client.PostJsonAsync($"/api/v1/app/{uid}/msg", Body("one"))).Status.ShouldBe(202);
        (await Client.PostJsonAsync($"/api/v1/app/{uid}/msg", Body("two"))).Status.ShouldBe(202);
        (await Client.GetJsonAsync($"/api/v1/app/{uid}"))["name"].GetString().ShouldBe("one");
        (await Client.GetJsonAsync($"/api/v1/app/{uid}/msg"))["data"].GetArrayLength().ShouldBe(2);
    }

    [Theory]
    [InlineData("""{"name":"x","uid":"other"}""", "application.uid")]
    [InlineData("""{"name":"x"}""", "application.uid")]
    [InlineData("""{"uid":"PATH"}""", "application.name")]
    [InlineData("""{"name":7,"uid":"PATH"}""", "application.name")]
    [InlineData("7", "application")]
    public async Task An_application_that_does_not_fit_is_refused_and_not_made(string application, string field)
    {
        var path = $"bad-{Guid.NewGuid():N}";
        var reply = await Client.PostJsonAsync($"/api/v1/app/{path}/msg",
            $$"""{"eventType":"a","payload":{},"application":{{application.Replace("PATH", path)}}}""");
        (reply.Status, string.Join(',', reply.Faults)).ShouldBe((422, field));
        (await Client.GetJsonAsync($"/api/v1/app/{path}")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task A_message_that_is_refused_makes_no_application()
    {
        var path = $"bad-{Guid.NewGuid():N}";
        var reply = await Client.PostJsonAsync($"/api/v1/app/{path}/msg",
            $$"""{"eventType":"a b","payload":{},"application":{"name":"x","uid":"{{path}}"} }""");
        reply.Faults.ShouldBe(["eventType"]);
        (await Client.GetJsonAsync($"/api/v1/app/{path}")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Channels_and_tags_take_what_clients_know()
    {
        var application = await NewApplicationAsync();
        var channels = string.Join(',', Enumerable.Range(0, 10).Select(n => $"\"a:{n}+b\""));
        var reply = await Client.PostJsonAsync($"{application}/msg",
            $$"""{"eventType":"a","payload":{},"channels":[{{channels}}],"tags":["a/b","c\\d","#e","f:g","h"]}""");
        reply.Status.ShouldBe(202, reply.Text);
        (reply["channels"].GetArrayLength(), reply["tags"].GetArrayLength()).ShouldBe((10, 5));
        (await Client.PostJsonAsync($"{application}/msg", $$"""{"eventType":"a","payload":{},"channels":[{{channels}},"k"]}""")).Faults.ShouldBe(["channels"]);
        (await Client.PostJsonAsync($"{application}/msg", """{"eventType":"a","payload":{},"channels":["a/b"],"tags":["a","b","c","d","e","f g"]}"""))
            .Faults.ShouldBe(["channels.0", "tags", "tags.5"]);
    }

    [Fact]
    public async Task A_retention_that_does_not_fit_is_refused()
    {
        var application = await NewApplicationAsync();
        (await Client.PostJsonAsync($"{application}/msg",
            """{"eventType":"a","payload":{},"payloadRetentionPeriod":91,"payloadRetentionHours":0}""")).Faults.ShouldBe(
            ["payloadRetentionPeriod", "payloadRetentionHours"]);
    }
}
