using System.Security.Claims;
using Grapnel.Registry;

namespace Grapnel.Server.Api;

/// <summary><c>/api-key</c>: the keys of this API. A key is shown in the answer that makes it, and never again.</summary>
internal sealed class ApiKeysApi(ApiKeyRegistry keys)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api-key", CreateAsync).Idempotent(IdempotencyMode.Once);
        routes.MapGet("/api-key", ListAsync);
        routes.MapDelete("/api-key/{id}", RevokeAsync);
    }

    private async Task CreateAsync(HttpContext http)
    {
        var body = await JsonBody.ReadAsync(http);
        var name = body.RequiredText("", "name");
        body.ThrowIfAnyFault();
        await http.AnswerAsync(NewApiKeyOut.From(await keys.CreateAsync(name)), ApiJson.Default.NewApiKeyOut, StatusCodes.Status201Created);
    }

    private async Task ListAsync(HttpContext http)
    {
        var query = new QueryReader(http.Request.Query);
        var page = query.Page(descending: false, Names.IsIdOf<ApiKey>);
        query.ThrowIfAnyFault();
        var list = await keys.ListAsync(page, http.RequestAborted);
        await http.AnswerAsync(ListOut<ApiKeyOut>.From(list, ApiKeyOut.From, key => key.Id.ToString()), ApiJson.Default.ListOutApiKeyOut);
    }

    private async Task RevokeAsync(HttpContext http)
    {
        var text = http.Part("id");
        if (text == http.User.FindFirstValue(ClaimTypes.NameIdentifier))
            throw new ConflictException("own_key", "This request is made with that very key. Revoke it with another one, so that nobody is locked out.");
        if (!Id<ApiKey>.TryParse(text, out var id))
            throw new NotFoundException($"'{text}' is not the id of an API key.");
        await keys.RevokeAsync(id);
        http.AnswerNoContent();
    }
}
