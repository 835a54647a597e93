using Grapnel.Dispatching;
using Grapnel.Registry;
using Grapnel.Server.Api.Description;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary><c>/app/{app}/attempt</c> and <c>…/msg/{msg}/attempt</c>: what happened on the wire.</summary>
internal sealed class AttemptsApi(PathSubjects subjects, EndpointRegistry endpoints, IHistoryStore history, Deliveries deliveries)
{
    private static readonly Page<Attempt> Nothing = new([], Done: true);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/app/{app}/attempt/msg/{msg}", ListByMessageAsync).Describe(AttemptOperations.ListByMessage);
        routes.MapGet("/app/{app}/attempt/endpoint/{endpoint}", ListByEndpointAsync).Describe(AttemptOperations.ListByEndpoint);
        routes.MapGet("/app/{app}/msg/{msg}/attempt/{attempt}", GetAsync).Describe(AttemptOperations.Get);
        routes.MapGet("/app/{app}/msg/{msg}/attempt/{attempt}/headers", GetHeadersAsync).Describe(AttemptOperations.GetHeaders);
        routes.MapDelete("/app/{app}/msg/{msg}/attempt/{attempt}/content", ExpungeAsync).Describe(AttemptOperations.ExpungeContent);
        // Deprecated by Svix, and still called.
        routes.MapGet("/app/{app}/msg/{msg}/attempt", ListByMessageAsync).Describe(AttemptOperations.ListByMessageOld);
        routes.MapGet("/app/{app}/msg/{msg}/endpoint/{endpoint}/attempt", ListByMessageAsync).Describe(AttemptOperations.ListByMessageAndEndpointOld);
    }

    private async Task ListByMessageAsync(HttpContext http)
    {
        var message = await subjects.MessageAsync(http);
        var endpoint = http.Request.RouteValues["endpoint"] as string ?? new QueryReader(http.Request.Query).Text("endpoint_id");
        await ListAsync(http, message.ApplicationId, new AttemptFilter(
            MessageId: message.Id, EndpointId: endpoint is null ? null : await EndpointIdAsync(http, message.ApplicationId, endpoint)));
    }

    private async Task ListByEndpointAsync(HttpContext http)
    {
        var endpoint = await subjects.EndpointAsync(http);
        await ListAsync(http, endpoint.ApplicationId, new AttemptFilter(EndpointId: endpoint.Id));
    }

    private async Task GetAsync(HttpContext http) =>
        await http.AnswerAsync(AttemptOut.From((await AttemptAsync(http)).Attempt, withContent: true), ApiJson.Default.AttemptOut);

    private async Task GetHeadersAsync(HttpContext http)
    {
        var message = await subjects.MessageAsync(http);
        var headers = Id<Attempt>.TryParse(http.Part("attempt"), out var id)
            ? await history.FindAttemptHeadersAsync(message.Id, id, http.RequestAborted)
            : null;
        await http.AnswerAsync(AttemptHeadersOut.From(headers ?? throw Unknown(http)), ApiJson.Default.AttemptHeadersOut);
    }

    private async Task ExpungeAsync(HttpContext http)
    {
        var (message, attempt) = await AttemptAsync(http);
        await deliveries.ExpungeAttemptAsync(message, attempt.Id);
        http.AnswerNoContent();
    }

    private async Task ListAsync(HttpContext http, Id<Application> application, AttemptFilter scope)
    {
        var query = new QueryReader(http.Request.Query);
        var page = query.Page(descending: true, Names.IsIdOf<Attempt>) with { Descending = true };
        var status = query.Status();
        var withContent = query.Flag("with_content", otherwise: true);
        var withMessage = query.Flag("with_msg", otherwise: false);
        var filter = scope with
        {
            Succeeded = status is null ? null : status == DeliveryStatus.Success,
            StatusCodeClass = query.StatusCodeClass(),
            Channel = query.Text("channel"),
            Tag = query.Text("tag"),
            EventTypes = query.Texts("event_types"),
            Before = query.Time("before"),
            After = query.Time("after"),
            WithBody = withContent,
        };
        query.ThrowIfAnyFault();
        // An attempt on record is over: it is neither pending nor being sent, whatever clients may ask for.
        var attempts = status is null or DeliveryStatus.Success or DeliveryStatus.Fail
            ? await history.ListAttemptsAsync(application, filter, page, http.RequestAborted)
            : Nothing;
        var messages = withMessage ? await MessagesAsync(http, application, attempts.Items, withContent) : [];
        await http.AnswerAsync(
            ListOut<AttemptOut>.From(
                attempts, attempt => AttemptOut.From(attempt, withContent) with { Msg = messages.GetValueOrDefault(attempt.MessageId) },
                attempt => attempt.Id.ToString()),
            ApiJson.Default.ListOutAttemptOut);
    }

    private async Task<Dictionary<Id<Message>, RawJson>> MessagesAsync(
        HttpContext http, Id<Application> application, IReadOnlyList<Attempt> attempts, bool withContent)
    {
        var ids = attempts.Select(attempt => attempt.MessageId).ToHashSet();
        var messages = await history.ReadMessagesAsync(application, ids, withContent, http.RequestAborted);
        return messages.ToDictionary(message => message.Id, message => MessageJson.Embed(message, withContent));
    }

    // An id may be that of an endpoint which is gone: its attempts are still known.
    private async Task<Id<Endpoint>> EndpointIdAsync(HttpContext http, Id<Application> application, string idOrUid) =>
        Id<Endpoint>.TryParse(idOrUid, out var id) ? id : (await endpoints.GetAsync(application, idOrUid, http.RequestAborted)).Id;

    private async Task<(Message Message, Attempt Attempt)> AttemptAsync(HttpContext http)
    {
        var message = await subjects.MessageAsync(http);
        var attempt = Id<Attempt>.TryParse(http.Part("attempt"), out var id)
            ? await history.FindAttemptAsync(message.Id, id, http.RequestAborted)
            : null;
        return (message, attempt ?? throw Unknown(http));
    }

    private static NotFoundException Unknown(HttpContext http) => new($"There is no attempt '{http.Part("attempt")}' of this message.");
}
