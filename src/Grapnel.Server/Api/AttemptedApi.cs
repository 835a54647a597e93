using Grapnel.Dispatching;
using Grapnel.Server.Api.Description;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary><c>…/endpoint/{endpoint}/msg</c>: the messages attempted at an endpoint; <c>…/msg/{msg}/endpoint</c>: the destinations of a message.</summary>
internal sealed class AttemptedApi(
    PathSubjects subjects, IHistoryStore history, ICatalogStore catalog, Dispatcher dispatcher)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/app/{app}/endpoint/{endpoint}/msg", ListMessagesAsync).Describe(AttemptOperations.ListMessages);
        routes.MapGet("/app/{app}/msg/{msg}/endpoint", ListDestinationsAsync).Describe(AttemptOperations.ListDestinations);
    }

    private async Task ListMessagesAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        // A page may end between two messages: then its iterator is the attempt that was looked at last.
        var page = query.Page(descending: true, text => Names.IsIdOf<Message>(text) || Names.IsIdOf<Attempt>(text)) with { Descending = true };
        var status = query.Status();
        var messages = MessagesApi.ReadFilter(query);
        query.ThrowIfAnyFault();
        var endpoint = await subjects.EndpointAsync(http);
        var filter = new AttemptedFilter(dispatcher.IsSending, status, messages);
        var list = await history.ListAttemptedMessagesAsync(endpoint.ApplicationId, endpoint.Id, filter, page, http.RequestAborted);
        await JsonReply.WriteAsync(http, StatusCodes.Status200OK, list,
            (writer, found) => MessageJson.WritePage(writer, found, messages.WithPayload));
    }

    private async Task ListDestinationsAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var page = query.Page(descending: false, Names.IsIdOf<Endpoint>);
        query.ThrowIfAnyFault();
        var message = await subjects.MessageAsync(http);
        var list = await history.ListDestinationsAsync(message, dispatcher.IsSending, page, http.RequestAborted);
        var known = (await catalog.ReadEndpointsAsync([.. list.Items.Select(item => item.EndpointId)], http.RequestAborted))
            .ToDictionary(endpoint => endpoint.Id);
        await http.AnswerAsync(
            ListOut<MessageEndpointOut>.From(
                list, item => MessageEndpointOut.From(item, known.GetValueOrDefault(item.EndpointId)), item => item.EndpointId.ToString()),
            ApiJson.Default.ListOutMessageEndpointOut);
    }
}
