using Grapnel.Housekeeping;
using Grapnel.Publishing;
using Grapnel.Server.Api.Description;
using Microsoft.Extensions.Options;

namespace Grapnel.Server.Api;

/// <summary><c>/broadcast</c>: one message to every application. The Svix API has it at <c>/msg/broadcast</c>.</summary>
internal sealed class BroadcastApi(BackgroundTasks tasks, IOptions<PublishingOptions> options)
{
    private readonly int _maxPayload = options.Value.MaxPayloadBytes;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/broadcast", BroadcastAsync).Describe(ReplayOperations.Broadcast);
        routes.MapPost("/msg/broadcast", BroadcastAsync).Describe(ReplayOperations.Broadcast with { Name = "broadcast-svix", Summary = "Publish a message to every application, where Svix has it" });
    }

    private async Task BroadcastAsync(HttpContext http)
    {
        var bytes = await RequestBytes.ReadAsync(http.Request, BodyLimits.Message(_maxPayload), http.RequestAborted);
        var request = MessagesApi.ToRequest("", MessageBody.Read(bytes), idempotency: null);
        if (request.Payload.Length > _maxPayload)
        {
            await PublishReply.RefuseAsync(http, new PublishResult(PublishStatus.PayloadTooLarge), "", request.EventType, _maxPayload);
            return;
        }
        var task = await tasks.BroadcastAsync(request, http.RequestAborted);
        await http.AnswerAsync(BackgroundTaskOut.From(task), ApiJson.Default.BackgroundTaskOut, StatusCodes.Status202Accepted);
    }
}
