using System.Text.Json;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Api;

public sealed class EventTypesApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    [Fact]
    public async Task An_event_type_is_created_read_changed_archived_and_deleted()
    {
        var body = """{"name":"crud.one","description":"d","schemas":{"1":{"type":"object"}},"groupName":"g","featureFlags":["beta"]}""";
        (await Client.PostJsonAsync("/api/v1/event-type", body)).Status.ShouldBe(201);
        var read = await Client.GetJsonAsync("/api/v1/event-type/crud.one");
        read["schemas"].GetRawText().ShouldBe("""{"1":{"type":"object"}}""");
        read["featureFlag"].GetString().ShouldBe("beta");

        (await Client.PatchJsonAsync("/api/v1/event-type/crud.one", """{"deprecated":true}""")).Status.ShouldBe(200);
        var patched = await Client.GetJsonAsync("/api/v1/event-type/crud.one");
        (patched["deprecated"].GetBoolean(), patched["description"].GetString()).ShouldBe((true, "d"));
        (await Client.PutJsonAsync("/api/v1/event-type/crud.one", """{"description":"e"}""")).Status.ShouldBe(200);
        (await Client.GetJsonAsync("/api/v1/event-type/crud.one"))["schemas"].ValueKind.ShouldBe(JsonValueKind.Null);

        (await Client.DeleteJsonAsync("/api/v1/event-type/crud.one")).Status.ShouldBe(204);
        (await Client.GetJsonAsync("/api/v1/event-type/crud.one"))["archived"].GetBoolean().ShouldBeTrue();
        (await Client.DeleteJsonAsync("/api/v1/event-type/crud.one?expunge=true")).Status.ShouldBe(204);
        (await Client.GetJsonAsync("/api/v1/event-type/crud.one")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task A_name_is_taken_once_and_comes_back_from_the_archive()
    {
        var name = await NewEventTypeAsync();
        var body = $$"""{"name":"{{name}}","description":"again"}""";
        var taken = await Client.PostJsonAsync("/api/v1/event-type", body);
        taken.Status.ShouldBe(409);
        taken["code"].GetString().ShouldBe("event_type_exists");
        await Client.DeleteJsonAsync($"/api/v1/event-type/{name}");
        (await Client.PostJsonAsync("/api/v1/event-type", body)).Status.ShouldBe(201);
        (await Client.GetJsonAsync($"/api/v1/event-type/{name}"))["archived"].GetBoolean().ShouldBeFalse();
    }

    [Fact]
    public async Task Put_adds_what_is_not_there() =>
        (await Client.PutJsonAsync($"/api/v1/event-type/put.{Guid.NewGuid():N}", """{"description":"x"}""")).Status.ShouldBe(201);

    [Theory]
    [InlineData("""{}""", "name,description")]
    [InlineData("""{"name":"a b","description":"x","schemas":[1],"groupName":"ä"}""", "name,schemas,groupName")]
    [InlineData("""{"name":"a\r\nb","description":"x\u0000"}""", "name,description")]
    public async Task Every_field_at_fault_is_named(string body, string faults)
    {
        var reply = await Client.PostJsonAsync("/api/v1/event-type", body);
        reply.Status.ShouldBe(422);
        string.Join(',', reply.Faults).ShouldBe(faults);
    }
}
