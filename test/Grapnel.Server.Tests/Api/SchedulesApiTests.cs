using Grapnel.Server.Tests.Support;

namespace Grapnel.Server.Tests.Api;

public sealed class SchedulesApiTests(ServerFixture fixture) : ServerTest(fixture)
{
    [Fact]
    public async Task A_schedule_is_created_read_changed_listed_and_deleted()
    {
        var type = await NewEventTypeAsync();
        var schedules = await NewApplicationAsync() + "/schedule";
        var created = await Client.PostJsonAsync(schedules, $$$"""{"eventType":"{{{type}}}","cron":"0 8 * * *","payload":{ "a" : 1.0 }}""");
        created.Status.ShouldBe(201);
        created["payload"].GetRawText().ShouldBe("{ \"a\" : 1.0 }");
        created["nextAt"].GetDateTimeOffset().TimeOfDay.ShouldBe(TimeSpan.FromHours(8));

        var path = $"{schedules}/{created.Id}";
        (await Client.GetJsonAsync(path)).Text.ShouldBe(created.Text);
        (await Client.PatchJsonAsync(path, """{"cron":null,"minInterval":60,"maxInterval":120,"enabled":false}""")).Status.ShouldBe(200);
        var changed = await Client.GetJsonAsync(path);
        (changed["minInterval"].GetDouble(), changed["maxInterval"].GetDouble(), changed["enabled"].GetBoolean()).ShouldBe((60, 120, false));
        changed["payload"].GetRawText().ShouldBe("{ \"a\" : 1.0 }");
        (await Client.GetJsonAsync(schedules))["data"].GetArrayLength().ShouldBe(1);

        (await Client.DeleteJsonAsync(path)).Status.ShouldBe(204);
        (await Client.GetJsonAsync(path)).Status.ShouldBe(404);
    }

    [Theory]
    [InlineData("""{"cron":"* * * * *"}""", "eventType")]
    [InlineData("""{"eventType":"none.such","cron":"nonsense"}""", "eventType,cron")]
    [InlineData("""{"eventType":"none.such"}""", "eventType,cron")]
    [InlineData("""{"eventType":"none.such","minInterval":0.1,"maxInterval":0.05}""", "eventType,minInterval,maxInterval")]
    [InlineData("""{"eventType":"none.such","cron":"0 0 30 2 *"}""", "eventType,cron")]
    public async Task Every_field_at_fault_is_named(string body, string faults)
    {
        var reply = await Client.PostJsonAsync(await NewApplicationAsync() + "/schedule", body);
        reply.Status.ShouldBe(422);
        string.Join(',', reply.Faults).ShouldBe(faults);
    }

    [Fact]
    public async Task A_payload_that_no_publish_would_take_is_refused_when_the_schedule_is_made()
    {
        var (application, type) = (await NewApplicationAsync(), await NewEventTypeAsync());
        Task<Reply> PostAsync(int bytes) => Client.PostJsonAsync(application + "/schedule",
            $$"""{"eventType":"{{type}}","cron":"0 0 1 1 *","payload":"{{new string('x', bytes - 2)}}"}""");

        (await PostAsync(1 << 20)).Status.ShouldBe(201);
        (await PostAsync((1 << 20) + 1)).Faults.ShouldBe(["payload"]);
    }
}
