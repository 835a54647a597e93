using Grapnel.Registry;
using Grapnel.Server.Api.Description;

namespace Grapnel.Server.Api;

/// <summary><c>/app/{app}/endpoint/{endpoint}/secret</c> and <c>…/headers</c>: what an endpoint keeps apart from its other fields.</summary>
internal sealed class EndpointSettingsApi(ApplicationRegistry applications, EndpointRegistry endpoints, EndpointSecrets secrets)
{
    private static readonly IReadOnlyDictionary<string, string> NoHeaders = new Dictionary<string, string>();

    public void Map(IEndpointRouteBuilder routes)
    {
        Map(routes, "/app/{app}/endpoint/{endpoint}", "Endpoint");
        Map(routes, OperationalWebhooks.Path + "/{endpoint}", OperationalWebhooks.Tag);
    }

    private void Map(IEndpointRouteBuilder routes, string endpoint, string tag)
    {
        routes.MapGet(endpoint + "/secret", GetSecretAsync).Describe(EndpointOperations.GetSecret with { Tag = tag });
        routes.MapPost(endpoint + "/secret/rotate", RotateSecretAsync).Describe(EndpointOperations.RotateSecret with { Tag = tag });
        routes.MapGet(endpoint + "/headers", GetHeadersAsync).Describe(EndpointOperations.GetHeaders with { Tag = tag });
        routes.MapPut(endpoint + "/headers", PutHeadersAsync).Describe(EndpointOperations.PutHeaders with { Tag = tag });
        routes.MapPatch(endpoint + "/headers", PatchHeadersAsync).Describe(EndpointOperations.PatchHeaders with { Tag = tag });
    }

    private async Task GetSecretAsync(HttpContext http)
    {
        var secret = await secrets.ReadAsync(await ApplicationAsync(http), http.Part("endpoint"), http.RequestAborted);
        await http.AnswerAsync(new EndpointSecretOut(secret), ApiJson.Default.EndpointSecretOut);
    }

    private async Task RotateSecretAsync(HttpContext http)
    {
        var application = await ApplicationAsync(http);
        var body = await JsonBody.ReadAsync(http, mayBeEmpty: true);
        var key = body.Text(null, "key");
        var grace = body.Seconds(null, "gracePeriodSeconds");
        body.ThrowIfAnyFault();
        await secrets.RotateAsync(application, http.Part("endpoint"), key, grace, http.RequestAborted);
        http.AnswerNoContent();
    }

    private async Task GetHeadersAsync(HttpContext http)
    {
        var endpoint = await endpoints.GetAsync(await ApplicationAsync(http), http.Part("endpoint"), http.RequestAborted);
        var (open, sensitive) = EndpointHeaders.Divide(endpoint.Headers);
        await http.AnswerAsync(new EndpointHeadersOut(open, sensitive), ApiJson.Default.EndpointHeadersOut);
    }

    private async Task PutHeadersAsync(HttpContext http)
    {
        var body = await JsonBody.ReadAsync(http);
        var headers = body.Map(NoHeaders, "headers");
        await ChangeHeadersAsync(http, body, _ => headers);
    }

    private async Task PatchHeadersAsync(HttpContext http)
    {
        var body = await JsonBody.ReadAsync(http);
        var changes = body.Changes("headers").ToList();
        changes.AddRange((body.Texts(null, "deleteHeaders") ?? []).Select(name => KeyValuePair.Create(name, (string?)null)));
        await ChangeHeadersAsync(http, body, headers => EndpointHeaders.Merge(headers, changes));
    }

    private async Task ChangeHeadersAsync(
        HttpContext http, JsonBody body, Func<IReadOnlyDictionary<string, string>, IReadOnlyDictionary<string, string>> change)
    {
        body.ThrowIfAnyFault();
        await endpoints.EditAsync(await ApplicationAsync(http), http.Part("endpoint"),
            input => input with { Headers = change(input.Headers ?? NoHeaders) }, http.RequestAborted);
        http.AnswerNoContent();
    }

    private async Task<Id<Application>> ApplicationAsync(HttpContext http) =>
        (await applications.GetAsync(OperationalWebhooks.ApplicationOf(http), http.RequestAborted)).Id;
}
