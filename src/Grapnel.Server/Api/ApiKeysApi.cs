using Grapnel.Registry;
using Grapnel.Server.Api.Description;
using Grapnel.Server.Auth;

namespace Grapnel.Server.Api;

/// <summary><c>/api-key</c>: the keys of this API. A key is shown in the answer that makes it, and never again.</summary>
internal sealed class ApiKeysApi(ApiKeyRegistry keys)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api-key", CreateAsync).Idempotent(IdempotencyMode.Once).Describe(KeyOperations.Create);
        routes.MapGet("/api-key", ListAsync).Describe(KeyOperations.List);
        routes.MapGet("/api-key/{id}", GetAsync).Describe(KeyOperations.Get);
        routes.MapPatch("/api-key/{id}", PatchAsync).Describe(KeyOperations.Patch);
        routes.MapDelete("/api-key/{id}", RevokeAsync).Describe(KeyOperations.Revoke);
    }

    private async Task CreateAsync(HttpContext http)
    {
        var body = await JsonBody.ReadAsync(http);
        var input = new ApiKeyInput
        {
            Name = body.RequiredText("", "name"),
            Scope = body.Choice(ApiKeyScope.Full, "scope"),
            Application = body.Text(null, "application"),
            ExpiresAt = body.Time(null, "expiresAt"),
        };
        body.ThrowIfAnyFault();
        var made = await keys.CreateAsync(input, http.RequestAborted);
        await http.AnswerAsync(NewApiKeyOut.From(made), ApiJson.Default.NewApiKeyOut, StatusCodes.Status201Created);
    }

    private async Task ListAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var page = query.Page(descending: false, Names.IsIdOf<ApiKey>);
        query.ThrowIfAnyFault();
        var list = await keys.ListAsync(page, http.RequestAborted);
        await http.AnswerAsync(ListOut<ApiKeyOut>.From(list, ApiKeyOut.From, key => key.Id.ToString()), ApiJson.Default.ListOutApiKeyOut);
    }

    private async Task GetAsync(HttpContext http) => await AnswerAsync(http, await keys.GetAsync(IdOf(http), http.RequestAborted));

    private async Task PatchAsync(HttpContext http)
    {
        var body = await JsonBody.ReadAsync(http);
        await AnswerAsync(http, await keys.EditAsync(IdOf(http), was => Read(body, was), http.RequestAborted));
    }

    private async Task RevokeAsync(HttpContext http)
    {
        var id = IdOf(http);
        if (id.ToString() == http.Caller().Id)
            throw new ConflictException("own_key", "This request is made with that very key. Revoke it with another one, so that nobody is locked out.");
        await keys.RevokeAsync(id);
        http.AnswerNoContent();
    }

    private static Task AnswerAsync(HttpContext http, ApiKey key) => http.AnswerAsync(ApiKeyOut.From(key), ApiJson.Default.ApiKeyOut);

    private static Id<ApiKey> IdOf(HttpContext http) => Id<ApiKey>.TryParse(http.Part("id"), out var id)
        ? id
        : throw new NotFoundException($"'{http.Part("id")}' is not the id of an API key.");

    private static ApiKeyInput Read(JsonBody body, ApiKeyInput was)
    {
        var input = was with { Name = body.Text(was.Name, "name"), ExpiresAt = body.Time(was.ExpiresAt, "expiresAt") };
        body.ThrowIfAnyFault();
        return input;
    }
}
