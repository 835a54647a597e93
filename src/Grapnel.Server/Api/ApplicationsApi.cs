using Grapnel.Housekeeping;
using Grapnel.Registry;
using Grapnel.Server.Api.Description;

namespace Grapnel.Server.Api;

/// <summary><c>/app</c>: applications.</summary>
internal sealed class ApplicationsApi(ApplicationRegistry applications, Erasures erasures)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/app", CreateAsync).Describe(ApplicationOperations.Create);
        routes.MapGet("/app", ListAsync).Describe(ApplicationOperations.List);
        routes.MapGet("/app/{app}", GetAsync).Describe(ApplicationOperations.Get);
        routes.MapPut("/app/{app}", PutAsync).Describe(ApplicationOperations.Put);
        routes.MapPatch("/app/{app}", PatchAsync).Describe(ApplicationOperations.Patch);
        routes.MapDelete("/app/{app}", DeleteAsync).Describe(ApplicationOperations.Delete);
    }

    private async Task CreateAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var getIfExists = query.Flag("get_if_exists", otherwise: false);
        query.ThrowIfAnyFault();
        var input = Read(await JsonBody.ReadAsync(http), new ApplicationInput());
        var saved = getIfExists ? await applications.GetOrCreateAsync(input, http.RequestAborted) : new(await applications.CreateAsync(input), Created: true);
        await http.AnswerSavedAsync(ApplicationOut.From(saved.Value), ApiJson.Default.ApplicationOut, saved.Created);
    }

    private async Task ListAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var page = query.Page(descending: false, Names.IsIdOf<Application>);
        query.ThrowIfAnyFault();
        var list = await applications.ListAsync(page, http.RequestAborted);
        await http.AnswerAsync(
            ListOut<ApplicationOut>.From(list, ApplicationOut.From, application => application.Id.ToString()), ApiJson.Default.ListOutApplicationOut);
    }

    private async Task GetAsync(HttpContext http) =>
        await AnswerAsync(http, await applications.GetAsync(http.Part("app"), http.RequestAborted));

    private async Task PutAsync(HttpContext http)
    {
        var input = Read(await JsonBody.ReadAsync(http), new ApplicationInput());
        var saved = await applications.UpsertAsync(http.Part("app"), input, http.RequestAborted);
        await http.AnswerSavedAsync(ApplicationOut.From(saved.Value), ApiJson.Default.ApplicationOut, saved.Created);
    }

    private async Task PatchAsync(HttpContext http)
    {
        var body = await JsonBody.ReadAsync(http);
        await AnswerAsync(http, await applications.EditAsync(http.Part("app"), input => Read(body, input), http.RequestAborted));
    }

    private async Task DeleteAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var erase = query.Flag("erase", otherwise: false);
        query.ThrowIfAnyFault();
        if (erase)
        {
            var task = await erasures.BeginAsync(http.Part("app"), http.RequestAborted);
            await http.AnswerAsync(BackgroundTaskOut.From(task), ApiJson.Default.BackgroundTaskOut, StatusCodes.Status202Accepted);
            return;
        }
        await applications.DeleteAsync(http.Part("app"), http.RequestAborted);
        http.AnswerNoContent();
    }

    private static Task AnswerAsync(HttpContext http, Application application) =>
        http.AnswerAsync(ApplicationOut.From(application), ApiJson.Default.ApplicationOut);

    /// <summary>What a body says about an application, over what holds so far.</summary>
    public static ApplicationInput Read(JsonBody body, ApplicationInput was)
    {
        var input = was with
        {
            Name = body.Text(was.Name, "name"),
            Uid = body.Text(was.Uid, "uid"),
            RateLimit = body.Whole(was.RateLimit, "throttleRate", "rateLimit"),
            Metadata = body.Map(was.Metadata, "metadata"),
        };
        body.ThrowIfAnyFault();
        return input;
    }
}
