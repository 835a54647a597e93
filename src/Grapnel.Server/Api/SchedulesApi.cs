using System.Text;
using Grapnel.Registry;
using Grapnel.Server.Api.Description;

namespace Grapnel.Server.Api;

/// <summary><c>/app/{app}/schedule</c>: recurring triggers.</summary>
internal sealed class SchedulesApi(ApplicationRegistry applications, ScheduleRegistry schedules)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/app/{app}/schedule", CreateAsync).Describe(ScheduleOperations.Create);
        routes.MapGet("/app/{app}/schedule", ListAsync).Describe(ScheduleOperations.List);
        routes.MapGet("/app/{app}/schedule/{schedule}", GetAsync).Describe(ScheduleOperations.Get);
        routes.MapPut("/app/{app}/schedule/{schedule}", PutAsync).Describe(ScheduleOperations.Put);
        routes.MapPatch("/app/{app}/schedule/{schedule}", PatchAsync).Describe(ScheduleOperations.Patch);
        routes.MapDelete("/app/{app}/schedule/{schedule}", DeleteAsync).Describe(ScheduleOperations.Delete);
    }

    private async Task CreateAsync(HttpContext http)
    {
        var application = await ApplicationAsync(http);
        var input = Read(await JsonBody.ReadAsync(http), new ScheduleInput());
        await AnswerAsync(http, await schedules.CreateAsync(application, input, http.RequestAborted), created: true);
    }

    private async Task ListAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var page = query.Page(descending: true, Names.IsIdOf<Schedule>);
        query.ThrowIfAnyFault();
        var list = await schedules.ListAsync(await ApplicationAsync(http), page, http.RequestAborted);
        await http.AnswerAsync(
            ListOut<ScheduleOut>.From(list, ScheduleOut.From, schedule => schedule.Id.ToString()), ApiJson.Default.ListOutScheduleOut);
    }

    private async Task GetAsync(HttpContext http) =>
        await AnswerAsync(http, await schedules.GetAsync(await ApplicationAsync(http), http.Part("schedule"), http.RequestAborted));

    private async Task PutAsync(HttpContext http)
    {
        var application = await ApplicationAsync(http);
        var input = Read(await JsonBody.ReadAsync(http), new ScheduleInput());
        var saved = await schedules.UpsertAsync(application, http.Part("schedule"), input, http.RequestAborted);
        await AnswerAsync(http, saved.Value, saved.Created);
    }

    private async Task PatchAsync(HttpContext http)
    {
        var application = await ApplicationAsync(http);
        var body = await JsonBody.ReadAsync(http);
        await AnswerAsync(http,
            await schedules.EditAsync(application, http.Part("schedule"), input => Read(body, input), http.RequestAborted));
    }

    private async Task DeleteAsync(HttpContext http)
    {
        await schedules.DeleteAsync(await ApplicationAsync(http), http.Part("schedule"), http.RequestAborted);
        http.AnswerNoContent();
    }

    private async Task<Id<Application>> ApplicationAsync(HttpContext http) =>
        (await applications.GetAsync(http.Part("app"), http.RequestAborted)).Id;

    private static Task AnswerAsync(HttpContext http, Schedule schedule, bool created = false) =>
        http.AnswerSavedAsync(ScheduleOut.From(schedule), ApiJson.Default.ScheduleOut, created);

    private static ScheduleInput Read(JsonBody body, ScheduleInput was)
    {
        var payload = was.Payload is null ? null : Encoding.UTF8.GetString(was.Payload);
        var input = was with
        {
            EventType = body.Text(was.EventType, "eventType"),
            Cron = body.Text(was.Cron, "cron"),
            MinInterval = body.Seconds(was.MinInterval, "minInterval"),
            MaxInterval = body.Seconds(was.MaxInterval, "maxInterval"),
            Payload = body.Raw(payload, "payload") is { } json ? Encoding.UTF8.GetBytes(json) : null,
            Enabled = body.Flag(was.Enabled, "enabled"),
        };
        body.ThrowIfAnyFault();
        return input;
    }
}
