using Grapnel.Server.Tests.Faults.Harness;
using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Api;

public sealed class ApplicationsApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    [Fact]
    public async Task An_application_is_created_read_changed_and_deleted()
    {
        var created = await Client.PostJsonAsync("/api/v1/app", """{"name":"Acme","throttleRate":5,"metadata":{"plan":"gold"},"unknown":1}""");
        created.Status.ShouldBe(201);
        created["rateLimit"].GetInt32().ShouldBe(5);
        created["throttleRate"].GetInt32().ShouldBe(5);

        var path = $"/api/v1/app/{created.Id}";
        (await Client.GetJsonAsync(path)).Text.ShouldBe(created.Text);
        (await Client.PutJsonAsync(path, """{"name":"Acme 2"}""")).Status.ShouldBe(200);
        var changed = await Client.GetJsonAsync(path);
        changed["name"].GetString().ShouldBe("Acme 2");
        changed["rateLimit"].ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
        changed["metadata"].EnumerateObject().ShouldBeEmpty();

        (await Client.DeleteJsonAsync(path)).Status.ShouldBe(204);
        (await Client.GetJsonAsync(path)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task An_application_is_deleted_at_once_and_erased_by_a_task_where_that_is_asked_for()
    {
        var created = await Client.PostJsonAsync("/api/v1/app", """{"name":"Acme","uid":"to-erase"}""");
        for (var i = 0; i < 3; i++)
            (await Client.PostJsonAsync("/api/v1/app/to-erase/msg", """{"eventType":"order.created","payload":{}}""")).Status.ShouldBe(202);
        (await Client.DeleteJsonAsync("/api/v1/app/to-erase?erase=perhaps")).Status.ShouldBe(422);
        (await Client.DeleteJsonAsync("/api/v1/app/nobody?erase=true")).Status.ShouldBe(404);
        (await Client.DeleteJsonAsync("/api/v1/app/default?erase=true")).Status.ShouldBe(409);

        var begun = await Client.DeleteJsonAsync("/api/v1/app/to-erase?erase=true");

        (begun.Status, begun["task"].GetString(), begun["status"].GetString()).ShouldBe((202, "application.erase", "running"));
        (begun["data"].GetProperty("appId").GetString(), begun["data"].GetProperty("total").GetInt32()).ShouldBe((created.Id, 3));
        (await Client.GetJsonAsync("/api/v1/app/to-erase")).Status.ShouldBe(404);
        (await Client.DeleteJsonAsync($"/api/v1/app/{created.Id}?erase=true")).Id.ShouldBe(begun.Id);
        await Eventually.IsTrueAsync("its messages are erased", async () =>
            (await Client.GetJsonAsync($"/api/v1/background-task/{begun.Id}"))["data"].GetProperty("done").GetInt32() == 3);
    }

    [Fact]
    public async Task A_patch_changes_what_it_names_and_null_is_not_absent()
    {
        var path = $"/api/v1/app/{(await Client.PostJsonAsync("/api/v1/app", """{"name":"P","uid":"patch-me","rateLimit":3}""")).Id}";
        (await Client.PatchJsonAsync(path, """{"name":"Q"}""")).Status.ShouldBe(200);
        var kept = await Client.GetJsonAsync(path);
        (kept["uid"].GetString(), kept["rateLimit"].GetInt32(), kept["name"].GetString()).ShouldBe(("patch-me", 3, "Q"));

        (await Client.PatchJsonAsync(path, """{"uid":null,"rateLimit":null}""")).Status.ShouldBe(200);
        var unset = await Client.GetJsonAsync(path);
        unset["uid"].GetString().ShouldBeNull();
        (await Client.GetJsonAsync("/api/v1/app/patch-me")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task A_uid_names_one_application_wherever_an_id_does_and_is_free_again_after_deletion()
    {
        var first = await Client.PostJsonAsync("/api/v1/app", """{"name":"First","uid":"only-one"}""");
        (await Client.GetJsonAsync("/api/v1/app/only-one")).Id.ShouldBe(first.Id);

        var second = await Client.PostJsonAsync("/api/v1/app", """{"name":"Second","uid":"only-one"}""");
        second.Status.ShouldBe(409);
        second["code"].GetString().ShouldBe("conflict");
        var found = await Client.PostJsonAsync("/api/v1/app?get_if_exists=true", """{"name":"Second","uid":"only-one"}""");
        (found.Status, found.Id).ShouldBe((200, first.Id));

        (await Client.DeleteJsonAsync("/api/v1/app/only-one")).Status.ShouldBe(204);
        (await Client.PostJsonAsync("/api/v1/app", """{"name":"Third","uid":"only-one"}""")).Status.ShouldBe(201);
    }

    [Fact]
    public async Task Put_adds_what_is_not_there()
    {
        var reply = await Client.PutJsonAsync("/api/v1/app/put-new", """{"name":"New","uid":"put-new"}""");
        reply.Status.ShouldBe(201);
        (await Client.PutJsonAsync("/api/v1/app/put-new", """{"name":"New","uid":"put-new"}""")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Every_field_at_fault_is_named_at_once()
    {
        var reply = await Client.PostJsonAsync("/api/v1/app", $$$"""
            {"name":"","uid":"app_mine","rateLimit":0,"metadata":{"x":"{{{new string('x', 5000)}}}"}}
            """);
        reply.Status.ShouldBe(422);
        reply.Faults.ShouldBe(["name", "uid", "throttleRate", "metadata"]);
        reply["detail"][0].GetProperty("loc")[0].GetString().ShouldBe("body");
        reply["detail"][0].GetProperty("type").GetString().ShouldBe("value_error");
    }

    [Theory]
    [InlineData("""{"name":1,"uid":[],"metadata":{"a":1},"rateLimit":"x"}""", "name,uid,throttleRate,metadata")]
    [InlineData("""{"uid":"has space"}""", "name,uid")]
    [InlineData("""{"name":"\ud800"}""", "name")]
    [InlineData("[]", "")]
    public async Task A_field_of_the_wrong_kind_is_refused(string body, string faults)
    {
        var reply = await Client.PostJsonAsync("/api/v1/app", body);
        reply.Status.ShouldBe(422);
        string.Join(',', reply.Faults).ShouldBe(faults);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"name\":\"x\"} x")]
    [InlineData("\ufeff{\"name\":\"x\"}")]
    public async Task A_body_that_is_not_JSON_is_told_so(string body)
    {
        var reply = await Client.PostJsonAsync("/api/v1/app", body);
        reply.Status.ShouldBe(422);
        reply["detail"][0].GetProperty("type").GetString().ShouldBe("value_error.jsondecode");
    }

    [Fact]
    public async Task The_built_in_application_stays()
    {
        (await Client.GetJsonAsync("/api/v1/app/default")).Status.ShouldBe(200);
        (await Client.DeleteJsonAsync("/api/v1/app/default")).Status.ShouldBe(409);
        (await Client.PatchJsonAsync("/api/v1/app/default", """{"uid":"other"}""")).Status.ShouldBe(422);
        (await Client.PatchJsonAsync("/api/v1/app/default", """{"name":"Our own"}""")).Status.ShouldBe(200);
    }
}
