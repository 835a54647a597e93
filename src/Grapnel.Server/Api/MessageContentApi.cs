using System.Text;
using System.Text.Unicode;
using Grapnel.Dispatching;
using Grapnel.Registry;
using Grapnel.Server.Api.Description;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary><c>/app/{app}/msg/{msg}/content</c> and <c>…/raw</c>: the payload by itself.</summary>
internal sealed class MessageContentApi(ApplicationRegistry applications, IHistoryStore history, Deliveries deliveries)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/app/{app}/msg/{msg}/raw", GetRawAsync).Describe(MessageOperations.GetRaw);
        routes.MapDelete("/app/{app}/msg/{msg}/content", ExpungeAsync).Describe(MessageOperations.ExpungeContent);
    }

    private async Task GetRawAsync(HttpContext http)
    {
        var payload = (await MessageAsync(http)).Payload ?? throw new NotFoundException("The content of this message has been removed.");
        await http.AnswerAsync(new MessageRawPayloadOut(Utf8.IsValid(payload.Span) ? Encoding.UTF8.GetString(payload.Span) : Convert.ToBase64String(payload.Span)),
            ApiJson.Default.MessageRawPayloadOut);
    }

    private async Task ExpungeAsync(HttpContext http)
    {
        await deliveries.ExpungeAsync(await MessageAsync(http));
        http.AnswerNoContent();
    }

    private async Task<Message> MessageAsync(HttpContext http)
    {
        var application = await applications.GetAsync(http.Part("app"), http.RequestAborted);
        return await history.FindMessageAsync(application.Id, http.Part("msg"), http.RequestAborted) ?? throw MessagesApi.Unknown(http.Part("msg"));
    }
}
