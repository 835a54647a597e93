using Grapnel.Housekeeping;
using Grapnel.Server.Api.Description;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary><c>/background-task</c>: how far long work has come, and stopping it.</summary>
internal sealed class BackgroundTasksApi(BackgroundTasks tasks)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/background-task", ListAsync).Describe(ReplayOperations.ListTasks);
        routes.MapGet("/background-task/{id}", GetAsync).Describe(ReplayOperations.GetTask);
        routes.MapPost("/background-task/{id}/cancel", CancelAsync).Describe(ReplayOperations.CancelTask);
    }

    private async Task ListAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var page = query.Page(descending: true, Names.IsIdOf<BackgroundTask>);
        var filter = new BackgroundTaskFilter(Status(query), query.Text("task"));
        query.ThrowIfAnyFault();
        var list = await tasks.ListAsync(filter, page, http.RequestAborted);
        await http.AnswerAsync(
            ListOut<BackgroundTaskOut>.From(list, BackgroundTaskOut.From, task => task.Id.ToString()), ApiJson.Default.ListOutBackgroundTaskOut);
    }

    private async Task GetAsync(HttpContext http) => await AnswerAsync(http, await tasks.GetAsync(http.Part("id"), http.RequestAborted));

    private async Task CancelAsync(HttpContext http) => await AnswerAsync(http, await tasks.CancelAsync(http.Part("id"), http.RequestAborted));

    private static Task AnswerAsync(HttpContext http, BackgroundTask task) =>
        http.AnswerAsync(BackgroundTaskOut.From(task), ApiJson.Default.BackgroundTaskOut);

    private static IReadOnlyList<BackgroundTaskStatus>? Status(QueryReader query)
    {
        switch (query.Text("status"))
        {
            case null: return null;
            case "running": return [BackgroundTaskStatus.Running];
            case "finished": return [BackgroundTaskStatus.Finished];
            // Cancelled tasks read as failed, so they are found as that, too.
            case "failed": return [BackgroundTaskStatus.Failed, BackgroundTaskStatus.Cancelled];
            case "cancelled": return [BackgroundTaskStatus.Cancelled];
        }
        query.Fail("status", "must be running, finished, failed or cancelled");
        return null;
    }
}
