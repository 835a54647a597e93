using System.Text;
using System.Text.Unicode;
using Grapnel.Dispatching;
using Grapnel.Server.Api.Description;

namespace Grapnel.Server.Api;

/// <summary><c>/app/{app}/msg/{msg}/content</c> and <c>…/raw</c>: the payload by itself.</summary>
internal sealed class MessageContentApi(PathSubjects subjects, Deliveries deliveries)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/app/{app}/msg/{msg}/raw", GetRawAsync).Describe(MessageOperations.GetRaw);
        routes.MapDelete("/app/{app}/msg/{msg}/content", ExpungeAsync).Describe(MessageOperations.ExpungeContent);
    }

    private async Task GetRawAsync(HttpContext http)
    {
        var payload = (await subjects.MessageAsync(http)).Payload ?? throw new NotFoundException("The content of this message has been removed.");
        await http.AnswerAsync(new MessageRawPayloadOut(Utf8.IsValid(payload.Span) ? Encoding.UTF8.GetString(payload.Span) : Convert.ToBase64String(payload.Span)),
            ApiJson.Default.MessageRawPayloadOut);
    }

    private async Task ExpungeAsync(HttpContext http)
    {
        await deliveries.ExpungeAsync(await subjects.MessageAsync(http));
        http.AnswerNoContent();
    }
}
