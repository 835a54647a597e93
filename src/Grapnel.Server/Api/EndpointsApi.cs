using System.Text;
using Grapnel.Registry;
using Grapnel.Server.Api.Description;

namespace Grapnel.Server.Api;

/// <summary><c>/app/{app}/endpoint</c>: the endpoints of an application; <c>/operational-webhook/endpoint</c>: those of the operator.</summary>
internal sealed class EndpointsApi(ApplicationRegistry applications, EndpointRegistry endpoints)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        Map(routes, "/app/{app}/endpoint", "Endpoint");
        Map(routes, OperationalWebhooks.Path, OperationalWebhooks.Tag);
    }

    private void Map(IEndpointRouteBuilder routes, string path, string tag)
    {
        routes.MapPost(path, CreateAsync).Describe(EndpointOperations.Create with { Tag = tag });
        routes.MapGet(path, ListAsync).Describe(EndpointOperations.List with { Tag = tag });
        routes.MapGet(path + "/{endpoint}", GetAsync).Describe(EndpointOperations.Get with { Tag = tag });
        routes.MapPut(path + "/{endpoint}", PutAsync).Describe(EndpointOperations.Put with { Tag = tag });
        routes.MapPatch(path + "/{endpoint}", PatchAsync).Describe(EndpointOperations.Patch with { Tag = tag });
        routes.MapDelete(path + "/{endpoint}", DeleteAsync).Describe(EndpointOperations.Delete with { Tag = tag });
    }

    private async Task CreateAsync(HttpContext http)
    {
        var application = await ApplicationAsync(http);
        var input = Read(await JsonBody.ReadAsync(http), new EndpointInput());
        await AnswerAsync(http, await endpoints.CreateAsync(application, input, http.RequestAborted), created: true);
    }

    private async Task ListAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var page = query.Page(descending: true, Names.IsIdOf<Endpoint>);
        query.ThrowIfAnyFault();
        var list = await endpoints.ListAsync(await ApplicationAsync(http), page, http.RequestAborted);
        await http.AnswerAsync(
            ListOut<EndpointOut>.From(list, EndpointOut.From, endpoint => endpoint.Id.ToString()), ApiJson.Default.ListOutEndpointOut);
    }

    private async Task GetAsync(HttpContext http) =>
        await AnswerAsync(http, await endpoints.GetAsync(await ApplicationAsync(http), http.Part("endpoint"), http.RequestAborted));

    private async Task PutAsync(HttpContext http)
    {
        var application = await ApplicationAsync(http);
        var input = Read(await JsonBody.ReadAsync(http), new EndpointInput());
        var saved = await endpoints.UpsertAsync(application, http.Part("endpoint"), input, http.RequestAborted);
        await AnswerAsync(http, saved.Value, saved.Created);
    }

    private async Task PatchAsync(HttpContext http)
    {
        var application = await ApplicationAsync(http);
        var body = await JsonBody.ReadAsync(http);
        await AnswerAsync(http,
            await endpoints.EditAsync(application, http.Part("endpoint"), input => Read(body, input), http.RequestAborted));
    }

    private async Task DeleteAsync(HttpContext http)
    {
        await endpoints.DeleteAsync(await ApplicationAsync(http), http.Part("endpoint"), http.RequestAborted);
        http.AnswerNoContent();
    }

    private async Task<Id<Application>> ApplicationAsync(HttpContext http) =>
        (await applications.GetAsync(OperationalWebhooks.ApplicationOf(http), http.RequestAborted)).Id;

    private static Task AnswerAsync(HttpContext http, Endpoint endpoint, bool created = false) =>
        http.AnswerSavedAsync(EndpointOut.From(endpoint), ApiJson.Default.EndpointOut, created);

    private static EndpointInput Read(JsonBody body, EndpointInput was)
    {
        var input = was with
        {
            Url = body.Text(was.Url, "url"),
            Uid = body.Text(was.Uid, "uid"),
            Description = body.RequiredText(was.Description, "description"),
            EventTypes = body.Texts(was.EventTypes, "eventTypes", "filterTypes"),
            Channels = body.Texts(was.Channels, "channels"),
            Filter = body.Text(was.Filter, "filter"),
            Enabled = !body.Flag(!was.Enabled, "disabled"),
            Secret = body.Text(was.Secret, "secret"),
            Format = body.Choice(was.Format, "format"),
            Headers = body.OptionalMap(was.Headers, "headers"),
            Tls = body.Object(was.Tls, "tls", ReadTls),
            OAuth = body.Object(was.OAuth, "oauth", ReadOAuth),
            Metadata = body.Map(was.Metadata, "metadata"),
            RateLimit = body.Whole(was.RateLimit, "throttleRate", "rateLimit"),
            MaxConcurrency = body.Whole(was.MaxConcurrency, "maxConcurrency"),
            Timeout = body.Seconds(was.Timeout, "timeoutSeconds"),
            RetrySchedule = body.SecondsList(was.RetrySchedule, "retrySchedule"),
            Ordered = body.Flag(was.Ordered, "ordered"),
            OnExhausted = body.Choice(was.OnExhausted, "onExhausted"),
            Version = body.Whole(was.Version, "version") ?? 1,
        };
        body.ThrowIfAnyFault();
        return input;
    }

    private static EndpointTls ReadTls(JsonBody body) => new()
    {
        ClientCertificate = body.Text(null, "clientCertificate"),
        ClientKey = Bytes(body.Text(null, "clientKey")),
        Authorities = body.Text(null, "authorities"),
        Insecure = body.Flag(false, "insecure"),
    };

    private static EndpointOAuth ReadOAuth(JsonBody body) => new()
    {
        TokenUrl = body.RequiredText("", "tokenUrl"),
        ClientId = body.RequiredText("", "clientId"),
        ClientSecret = Bytes(body.Text(null, "clientSecret")) ?? [],
        Scope = body.Text(null, "scope"),
        Audience = body.Text(null, "audience"),
        ClientAuthentication = body.Choice(ClientAuthentication.Basic, "clientAuthentication"),
    };

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);
}
