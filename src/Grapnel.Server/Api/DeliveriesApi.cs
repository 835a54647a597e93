using Grapnel.Dispatching;
using Grapnel.Registry;
using Grapnel.Server.Api.Description;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary><c>/app/{app}/msg/{msg}/…</c>: sending again, cancelling, and asking why.</summary>
internal sealed class DeliveriesApi(
    PathSubjects subjects, EndpointRegistry endpoints, Deliveries deliveries)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/app/{app}/msg/{msg}/cancel", CancelAsync).Describe(MessageOperations.Cancel);
        routes.MapPost("/app/{app}/msg/{msg}/endpoint/{endpoint}/cancel", CancelOneAsync).Describe(MessageOperations.CancelOne);
        routes.MapPost("/app/{app}/msg/{msg}/endpoint/{endpoint}/resend", ResendAsync).Describe(AttemptOperations.Resend);
        routes.MapGet("/app/{app}/msg/{msg}/endpoint/{endpoint}/why", WhyAsync).Describe(MessageOperations.Why);
        routes.MapGet("/app/{app}/msg/{msg}/why", WhyAllAsync).Describe(MessageOperations.WhyAll);
    }

    private async Task CancelAsync(HttpContext http)
    {
        var message = await subjects.MessageAsync(http);
        await AnswerCancelledAsync(http, await deliveries.CancelAsync(message, endpoint: null));
    }

    private async Task CancelOneAsync(HttpContext http)
    {
        var (message, endpoint) = await DeliveryAsync(http);
        await AnswerCancelledAsync(http, await deliveries.CancelAsync(message, endpoint.Id));
    }

    private async Task ResendAsync(HttpContext http)
    {
        var (message, endpoint) = await DeliveryAsync(http);
        await deliveries.ResendAsync(message, endpoint);
        await JsonReply.WriteAsync(http, StatusCodes.Status202Accepted, 0, (writer, _) =>
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
        });
    }

    private async Task WhyAsync(HttpContext http)
    {
        var message = await subjects.MessageAsync(http);
        // An id may be that of an endpoint which is gone: what became of its deliveries is still known.
        var id = Id<Endpoint>.TryParse(http.Part("endpoint"), out var given)
            ? given
            : (await subjects.EndpointAsync(http, message.ApplicationId)).Id;
        var why = await deliveries.WhyAsync(message, id, http.RequestAborted);
        await http.AnswerAsync(WhyOut.From(why), ApiJson.Default.WhyOut);
    }

    private async Task WhyAllAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var page = query.Page(descending: false, Names.IsIdOf<Endpoint>);
        query.ThrowIfAnyFault();
        var message = await subjects.MessageAsync(http);
        var list = await endpoints.ListAsync(message.ApplicationId, page, http.RequestAborted);
        var whys = list.Items.Zip(await deliveries.WhyAsync(message, list.Items, http.RequestAborted)).ToList();
        await http.AnswerAsync(
            ListOut<EndpointWhyOut>.From(
                new Page<(Endpoint Endpoint, Why Why)>(whys, list.Done), pair => EndpointWhyOut.From(pair.Endpoint, pair.Why),
                pair => pair.Endpoint.Id.ToString()),
            ApiJson.Default.ListOutEndpointWhyOut);
    }

    private static Task AnswerCancelledAsync(HttpContext http, int count) =>
        http.AnswerAsync(new CancelOut(count), ApiJson.Default.CancelOut);

    private async Task<(Message Message, Endpoint Endpoint)> DeliveryAsync(HttpContext http)
    {
        var message = await subjects.MessageAsync(http);
        return (message, await subjects.EndpointAsync(http, message.ApplicationId));
    }
}
