using Grapnel.Publishing;
using Grapnel.Server.Api.Description;

namespace Grapnel.Server.Api;

/// <summary><c>POST …/msg/precheck/active</c>: whether a message would be owed to anybody, asked before it is made.</summary>
internal sealed class PrecheckApi(RouteCache routes)
{
    public void Map(IEndpointRouteBuilder api) => api.MapPost("/app/{app}/msg/precheck/active", AskAsync).Describe(MessageOperations.Precheck);

    /// <summary>A filter cannot be judged without a payload: an endpoint that has one counts as if it let everything pass.</summary>
    private async Task AskAsync(HttpContext http)
    {
        var body = await JsonBody.ReadAsync(http);
        var eventType = body.RequiredText("", "eventType");
        var channels = body.Texts(null, "channels");
        body.ThrowIfAnyFault();
        PublishRules.CheckRouting(eventType, channels);
        var found = await routes.FindAsync(http.Part("app"), http.RequestAborted)
            ?? throw new NotFoundException($"There is no application '{http.Part("app")}'.");
        await http.AnswerAsync(new PrecheckOut(found.Plan(eventType, channels).Owed.Count > 0), ApiJson.Default.PrecheckOut);
    }
}
