using Grapnel.Registry;
using Grapnel.Storage;

namespace Grapnel.Server.Api;

/// <summary><c>/app/{app}/attempt</c> and <c>…/msg/{msg}/attempt</c>: what happened on the wire.</summary>
internal sealed class AttemptsApi(ApplicationRegistry applications, EndpointRegistry endpoints, IHistoryStore history)
{
    private const int Success = 0;
    private const int Fail = 2;
    private static readonly Page<Attempt> Nothing = new([], Done: true);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/app/{app}/attempt/msg/{msg}", ListByMessageAsync);
        routes.MapGet("/app/{app}/attempt/endpoint/{endpoint}", ListByEndpointAsync);
        routes.MapGet("/app/{app}/msg/{msg}/attempt/{attempt}", GetAsync);
    }

    private async Task ListByMessageAsync(HttpContext http)
    {
        var application = await applications.GetAsync(http.Part("app"), http.RequestAborted);
        var message = await history.FindMessageAsync(application.Id, http.Part("msg"), http.RequestAborted)
            ?? throw MessagesApi.Unknown(http.Part("msg"));
        await ListAsync(http, application.Id, new AttemptFilter(MessageId: message.Id));
    }

    private async Task ListByEndpointAsync(HttpContext http)
    {
        var application = await applications.GetAsync(http.Part("app"), http.RequestAborted);
        var endpoint = await endpoints.GetAsync(application.Id, http.Part("endpoint"), http.RequestAborted);
        await ListAsync(http, application.Id, new AttemptFilter(EndpointId: endpoint.Id));
    }

    private async Task GetAsync(HttpContext http)
    {
        var application = await applications.GetAsync(http.Part("app"), http.RequestAborted);
        var message = await history.FindMessageAsync(application.Id, http.Part("msg"), http.RequestAborted)
            ?? throw MessagesApi.Unknown(http.Part("msg"));
        var attempt = Id<Attempt>.TryParse(http.Part("attempt"), out var id)
            ? await history.FindAttemptAsync(message.Id, id, http.RequestAborted)
            : null;
        await http.AnswerAsync(AttemptOut.From(attempt
            ?? throw new NotFoundException($"There is no attempt '{http.Part("attempt")}' of this message."), withContent: true), ApiJson.Default.AttemptOut);
    }

    private async Task ListAsync(HttpContext http, Id<Application> application, AttemptFilter scope)
    {
        var query = new QueryReader(http.Request.Query);
        var page = query.Page(descending: true, Names.IsIdOf<Attempt>) with { Descending = true };
        var status = query.Number("status");
        var withContent = query.Flag("with_content", otherwise: true);
        var filter = scope with
        {
            Succeeded = status is null ? null : status == Success,
            StatusCodeClass = query.Number("status_code_class"),
            Channel = query.Text("channel"),
            EventTypes = query.Texts("event_types"),
            Before = query.Time("before"),
            After = query.Time("after"),
        };
        query.ThrowIfAnyFault();
        // An attempt on record is over: it is neither pending nor being sent, whatever clients may ask for.
        var attempts = status is null or Success or Fail
            ? await history.ListAttemptsAsync(application, filter, page, http.RequestAborted)
            : Nothing;
        await http.AnswerAsync(
            ListOut<AttemptOut>.From(attempts, attempt => AttemptOut.From(attempt, withContent), attempt => attempt.Id.ToString()),
            ApiJson.Default.ListOutAttemptOut);
    }
}
