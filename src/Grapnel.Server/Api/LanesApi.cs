using Grapnel.Dispatching;
using Grapnel.Registry;
using Grapnel.Server.Api.Description;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary><c>/node</c>, <c>/lane</c> and <c>/backlog</c>: what is still to be done, and who does it.</summary>
internal sealed class LanesApi(ApplicationRegistry applications, PathSubjects subjects, Lanes lanes, IHistoryStore history)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/node", ListNodesAsync).Describe(StateOperations.Nodes);
        routes.MapGet("/lane", ListAsync).Describe(StateOperations.Lanes);
        routes.MapGet("/backlog", GetBacklogAsync).Describe(StateOperations.Backlog);
        routes.MapGet("/app/{app}/endpoint/{endpoint}/lane", GetAsync).Describe(StateOperations.EndpointLane);
        routes.MapPost("/app/{app}/endpoint/{endpoint}/pause", PauseAsync).Describe(StateOperations.Pause);
        routes.MapPost("/app/{app}/endpoint/{endpoint}/resume", ResumeAsync).Describe(StateOperations.Resume);
    }

    private async Task ListNodesAsync(HttpContext http)
    {
        var nodes = await lanes.ReadNodesAsync(http.RequestAborted);
        await http.AnswerAsync(
            ListOut<NodeOut>.From(new Page<NodeStatus>(nodes, Done: true), node => NodeOut.From(node, lanes.Self), node => node.Id.ToString()),
            ApiJson.Default.ListOutNodeOut);
    }

    private async Task ListAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var page = query.Page(descending: false, Names.IsIdOf<Endpoint>);
        query.ThrowIfAnyFault();
        var application = query.Text("application") is { } name ? await applications.GetAsync(name, http.RequestAborted) : null;
        var list = await lanes.ListAsync(application?.Id, page, http.RequestAborted);
        await http.AnswerAsync(
            ListOut<LaneOut>.From(list, LaneOut.From, lane => lane.Stored.EndpointId.ToString()), ApiJson.Default.ListOutLaneOut);
    }

    private async Task GetAsync(HttpContext http) => await AnswerAsync(http, await subjects.EndpointAsync(http));

    private async Task PauseAsync(HttpContext http)
    {
        var endpoint = await subjects.EndpointAsync(http);
        await lanes.PauseAsync(endpoint.Id);
        await AnswerAsync(http, endpoint);
    }

    private async Task ResumeAsync(HttpContext http)
    {
        var endpoint = await subjects.EndpointAsync(http);
        await lanes.ResumeAsync(endpoint.Id);
        await AnswerAsync(http, endpoint);
    }

    private async Task AnswerAsync(HttpContext http, Endpoint endpoint) =>
        await http.AnswerAsync(LaneOut.From(await lanes.ReadAsync(endpoint.Id, http.RequestAborted)), ApiJson.Default.LaneOut);

    private async Task GetBacklogAsync(HttpContext http)
    {
        var backlog = await history.ReadBacklogAsync(http.RequestAborted);
        await http.AnswerAsync(new BacklogOut(backlog.Pending, backlog.OldestAcceptedAt?.ToApiTime()), ApiJson.Default.BacklogOut);
    }
}
