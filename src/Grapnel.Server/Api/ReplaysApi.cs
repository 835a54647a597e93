using Grapnel.Dispatching;
using Grapnel.Housekeeping;
using Grapnel.Server.Api.Description;

namespace Grapnel.Server.Api;

/// <summary><c>…/endpoint/{endpoint}/recover</c> and its like: sending many messages once more, and cancelling what is pending.</summary>
internal sealed class ReplaysApi(PathSubjects subjects, BackgroundTasks tasks, Deliveries deliveries)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        const string endpoint = "/app/{app}/endpoint/{endpoint}";
        routes.MapPost(endpoint + "/recover", http => ReplayAsync(http, BackgroundTaskKinds.Recover)).Describe(ReplayOperations.Recover);
        routes.MapPost(endpoint + "/replay-missing", http => ReplayAsync(http, BackgroundTaskKinds.ReplayMissing)).Describe(ReplayOperations.ReplayMissing);
        routes.MapPost(endpoint + "/bulk-replay", http => ReplayAsync(http, BackgroundTaskKinds.BulkReplay)).Describe(ReplayOperations.BulkReplay);
        routes.MapPost(endpoint + "/cancel-msgs", CancelAsync).Describe(ReplayOperations.CancelOlder);
    }

    private async Task ReplayAsync(HttpContext http, string kind)
    {
        var endpoint = await subjects.EndpointAsync(http);
        var body = await JsonBody.ReadAsync(http);
        var input = Read(body, kind);
        var dryRun = body.Flag(false, "dryRun");
        body.ThrowIfAnyFault();
        await (dryRun ? CountAsync(http, endpoint, kind, input) : BeginAsync(http, endpoint, kind, input));
    }

    private async Task BeginAsync(HttpContext http, Endpoint endpoint, string kind, ReplayInput input)
    {
        var task = await tasks.ReplayAsync(endpoint, kind, input, http.RequestAborted);
        await http.AnswerAsync(BackgroundTaskOut.From(task), ApiJson.Default.BackgroundTaskOut, StatusCodes.Status202Accepted);
    }

    private async Task CountAsync(HttpContext http, Endpoint endpoint, string kind, ReplayInput input)
    {
        var count = await tasks.CountAsync(endpoint, kind, input, http.RequestAborted);
        await http.AnswerAsync(new ReplayCountOut(count.Count, count.Scanned, count.Complete), ApiJson.Default.ReplayCountOut);
    }

    private async Task CancelAsync(HttpContext http)
    {
        var endpoint = await subjects.EndpointAsync(http);
        var body = await JsonBody.ReadAsync(http);
        var before = body.Time(null, "createdBefore");
        body.ThrowIfAnyFault();
        await deliveries.CancelOlderAsync(endpoint, before ?? throw new InvalidInputException("createdBefore", "is required"));
        http.AnswerNoContent();
    }

    private static ReplayInput Read(JsonBody body, string kind)
    {
        var input = new ReplayInput { Since = body.Time(null, "since"), Until = body.Time(null, "until"), Rate = body.Whole(null, "rate") };
        return kind != BackgroundTaskKinds.BulkReplay ? input : input with
        {
            EventTypes = body.Texts(null, "eventTypes"),
            Channel = body.Text(null, "channel"),
            Tag = body.Text(null, "tag"),
            Status = body.Whole(null, "status"),
            StatusCodeClass = body.Whole(null, "statusCodeClass"),
        };
    }
}
